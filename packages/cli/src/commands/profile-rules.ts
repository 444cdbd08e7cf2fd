import { Profiler, type RuleProfile } from '@falc/authoring'
import { defineCommand, print } from '../command.ts'
import { loadConfig } from '../config/config.ts'
import { count } from '../count.ts'
import { CliError } from '../fail.ts'
import { loadEngine } from '../rules/compile.ts'
import { readRules } from '../rules/files.ts'
import { findRule } from '../rules/find-rule.ts'
import { engineOptions } from '../rules/options.ts'
import { loadSources } from '../sources/load.ts'
import { playFile } from '../testing/play-file.ts'

export const profileRules = defineCommand({
  name: 'profile-rules',
  usage: '-r PATH… [-e CAPTURE]… [--audit LOG]…',
  summary: 'Measure on events what rules cost and what each part of a condition excludes',
  flags: {
    rules: { short: 'r', value: 'PATH', multiple: true, help: 'Rules file or folder, in order' },
    rule: { value: 'NAME', help: 'Only this rule' },
    events: { short: 'e', value: 'CAPTURE', multiple: true, help: 'Events of a capture' },
    audit: { value: 'LOG', multiple: true, help: 'Events of an audit log' },
    top: { short: 'n', value: 'N', help: 'How many rules, the most expensive first; default: 10' },
    json: { help: 'Print one JSON object for each rule' },
  },
  async run({ rules, rule: only, events, audit, top = '10', json }, [extra]) {
    if (extra !== undefined) throw new CliError(`unexpected argument "${extra}" (see falc profile-rules --help)`)
    if (rules.length === 0 || events.length + audit.length === 0)
      throw new CliError('profile-rules needs -r PATH, and -e CAPTURE or --audit LOG (see falc profile-rules --help)')
    if (!/^[1-9]\d*$/.test(top)) throw new CliError(`-n needs a whole number from 1, not "${top}"`)
    const files = readRules(rules)
    const sources = await loadSources()
    const { engine } = loadEngine(engineOptions(loadConfig(undefined, ['rule_matching=all'])), { sources }, files)
    const { rules: all } = engine.analyse(files)
    if (only !== undefined)
      findRule(
        all.map(({ rule }) => rule),
        only,
        rules.join(', '),
      )
    const compiled = all.filter(({ rule }) => only === undefined || rule.name === only)
    if (compiled.length === 0) throw new CliError('the files of -r hold no rules')
    const profilers = new Map(
      sources.map(source => {
        const types = new Map(engine.ruleUses(source.name).map(use => [use.rule, use.types]))
        const own = compiled.filter(({ rule }) => rule.source === source.name && rule.enabled)
        const profiler = new Profiler(own, rule => types.get(rule) ?? 'all')
        const typeOf = source.eventTypes ? (source.eventType as (event: unknown) => number) : undefined
        return [source.name, { profiler, typeOf }]
      }),
    )
    for (const path of [...events, ...audit])
      await playFile(path)((source, event) => {
        const { profiler, typeOf } = profilers.get(source)!
        profiler.see(event, typeOf?.(event))
      })
    const results = [...profilers.values()]
      .flatMap(({ profiler }) => profiler.results())
      .sort((a, b) => b.nanoseconds - a.nanoseconds)
    if (json) print(results.map(one => `${JSON.stringify(one)}\n`).join(''))
    else print(text(results, Number(top)))
    return 0
  },
})

function text(results: readonly RuleProfile[], top: number): string {
  const sum = results.reduce((total, { nanoseconds }) => total + nanoseconds, 0)
  return results
    .slice(0, top)
    .filter(({ events }) => events > 0)
    .map(one => {
      const head = `${percent(one.nanoseconds, sum)} ${one.rule}: ${count(one.events, 'event')}, ${one.matches} matching`
      const parts = one.parts.map(
        ({ reached, held, nanoseconds, text: part }) =>
          `  ${String(reached).padStart(9)} ${percent(held, reached)} ${String(Math.round(nanoseconds)).padStart(6)} ns  ${part}`,
      )
      const better = one.better
        ? [
            `  ${percent(one.nanoseconds - one.better.nanoseconds, one.nanoseconds).trim()} less with these parts first:`,
          ]
        : []
      const order = one.better?.order.map((part, i) => `    ${i + 1}. ${part}`) ?? []
      return [head, '    reached   hold      each  part', ...parts, ...better, ...order]
        .map(line => `${line}\n`)
        .join('')
    })
    .join('\n')
}

function percent(part: number, whole: number): string {
  return `${(whole === 0 ? 0 : (100 * part) / whole).toFixed(1).padStart(5)} %`
}
