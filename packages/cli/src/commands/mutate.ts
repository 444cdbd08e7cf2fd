import { FieldEvent, MutationRun, type RuleScore, type RuleTest, runTest, suggest, testable } from '@falc/authoring'
import type { Engine, Source } from '@falc/engine'
import { type CompiledRule, printCondition } from '@falc/engine/analysis'
import { defineCommand, print } from '../command.ts'
import { loadConfig } from '../config/config.ts'
import { CliError } from '../fail.ts'
import { loadEngine } from '../rules/compile.ts'
import { readRules } from '../rules/files.ts'
import { findRule } from '../rules/find-rule.ts'
import { engineOptions } from '../rules/options.ts'
import { loadSources } from '../sources/load.ts'
import { engineFor } from '../testing/run-files.ts'
import { readTestFile, testFiles } from '../testing/test-file.ts'
import { percent } from './test.ts'

export const mutate = defineCommand({
  name: 'mutate',
  usage: '[-r PATH]… TESTFILE… [--min PERCENT] [--changed-from PATH] [--suggest]',
  summary: 'Change rules in small ways and see which changes their tests notice (docs/testing.md)',
  flags: {
    rules: { short: 'r', value: 'PATH', multiple: true, help: 'Rules to load before those of the test file' },
    rule: { value: 'NAME', help: 'This rule only' },
    'changed-from': { value: 'PATH', help: 'Only rules whose condition differs from that of the same rule there' },
    min: { value: 'PERCENT', help: 'Exit code 1 when the score of a rule is lower' },
    suggest: { help: 'Print tests that would kill more mutants, as YAML: read them before you keep them' },
    json: { help: 'Print one JSON object for each mutant' },
  },
  async run({ rules, rule: only, 'changed-from': base, min, suggest: wanted, json }, paths) {
    if (paths.length === 0) throw new CliError('mutate needs at least one test file (see falc mutate --help)')
    const least = percent(min, '--min')
    const options = engineOptions(loadConfig(undefined, ['rule_matching=all']))
    const sources = (await loadSources()).map(testable)
    const before = base === undefined ? [] : readRules([...rules, base])
    const same = new Set(
      before.length === 0
        ? []
        : loadEngine(options, { sources }, before).report.rules.map(
            ({ name, condition }) => `${name}\n${printCondition(condition)}`,
          ),
    )
    let worst = 1
    for (const path of testFiles(paths)) {
      const file = readTestFile(path)
      const engine = engineFor(file, rules, options, sources)
      const { rules: all } = engine.analyse(readRules([...rules, ...file.rules]))
      if (only !== undefined)
        findRule(
          all.map(({ rule }) => rule),
          only,
          [...rules, ...file.rules].join(', '),
        )
      const compiled = all
        .filter(({ rule }) => only === undefined || rule.name === only)
        .filter(({ rule }) => !same.has(`${rule.name}\n${printCondition(rule.condition)}`))
      const runs = await mutated(file.tests, compiled, engine, sources)
      const scores = [...runs.values()].flatMap(run => run.scores())
      worst = Math.min(worst, ...scores.map(({ score }) => score))
      print(wanted ? suggestions(scores, compiled, engine) : json ? jsonLines(path, scores) : text(path, scores))
    }
    return worst < least ? 1 : 0
  },
})

/** Runs tests on all mutants; by source. @throws {CliError} when a test fails on the rules as they are */
async function mutated(
  tests: readonly RuleTest[],
  rules: readonly CompiledRule[],
  engine: Engine,
  sources: readonly Source[],
): Promise<Map<string, MutationRun>> {
  const runs = new Map(
    sources.map(({ name, eventTypes }) => {
      const own = rules.filter(({ rule }) => rule.source === name)
      return [name, new MutationRun(own, eventTypes)]
    }),
  )
  for (const test of tests) {
    const { problems } = await runTest(test, engine)
    if (problems.length > 0)
      throw new CliError(`the test "${test.name}" fails on the rules as they are: ${problems[0]!.split('\n')[0]}`)
    await test.play((source, event) => runs.get(source)?.see(event))
    for (const run of runs.values())
      run.end((rule, alerts) => {
        const noted = test.snapshot?.text?.split('\n').filter(line => line.startsWith(`${rule}: `)).length
        const expected = test.expect ? (test.expect.get(rule)?.alerts ?? 0) : noted
        return expected === 'some' ? alerts > 0 : alerts === expected
      })
  }
  return runs
}

function text(path: string, scores: readonly RuleScore[]): string {
  const mutants = scores.flatMap(one => one.mutants)
  const killed = mutants.filter(({ fate }) => fate === 'killed').length
  const rules = scores.map(({ rule, score, mutants }) => {
    const left = mutants
      .filter(({ fate }) => fate !== 'killed')
      .map(({ fate, mutation, text, place }) => {
        const where = place === undefined ? '' : `  ${place.file}:${place.line}:${place.column}`
        return `  ${fate}  ${mutation}: ${text}${where}\n`
      })
    return `${String(Math.floor(score * 100)).padStart(3)} %  ${rule}\n${left.join('')}`
  })
  const all = mutants.length === 0 ? 100 : Math.floor((killed / mutants.length) * 100)
  return `${rules.join('')}${path}: ${killed} of ${mutants.length} mutants killed, ${all} %\n`
}

function jsonLines(file: string, scores: readonly RuleScore[]): string {
  return scores
    .flatMap(({ mutants }) => mutants)
    .map(({ rule, mutation, text, place, fate }) => `${JSON.stringify({ file, rule, mutation, text, place, fate })}\n`)
    .join('')
}

/** Tests as items of `tests:`. The expected results are those of all rules on their events. */
function suggestions(scores: readonly RuleScore[], rules: readonly CompiledRule[], engine: Engine): string {
  return scores
    .flatMap(({ rule: name, mutants }) => {
      const rule = rules.find(one => one.rule.name === name)!
      const source = engine.options.sources.find(one => one.name === rule.rule.source)!
      const left = mutants.filter(({ fate }) => fate !== 'killed')
      return suggest(rule, left, source.eventTypes).map(({ fields, title: shows }) => {
        const alerts: Record<string, number> = {}
        for (const alert of engine.evaluate(source, new FieldEvent(fields)))
          alerts[alert.rule] = (alerts[alert.rule] ?? 0) + 1
        const title = `${name} ${shows}`
        const value = (one: unknown) => JSON.stringify(one, (_, v) => (typeof v === 'bigint' ? Number(v) : v))
        return `  - name: ${value(title)}\n    event: ${value(fields)}\n    expect: ${value(alerts)}\n`
      })
    })
    .join('')
}
