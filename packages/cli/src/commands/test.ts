import { existsSync, watch } from 'node:fs'
import {
  COVERAGE_REPORTS,
  type CoveredPart,
  coverageOf,
  type FileResults,
  runTest,
  shareOf,
  TEST_REPORTS,
  testable,
} from '@falc/authoring'
import type { Engine, Source } from '@falc/engine'
import { defineCommand, print } from '../command.ts'
import { loadConfig } from '../config/config.ts'
import { CliError } from '../fail.ts'
import { loadEngine } from '../rules/compile.ts'
import { readRules } from '../rules/files.ts'
import { type CompileOptions, engineOptions } from '../rules/options.ts'
import { loadSources } from '../sources/load.ts'
import { readTestFile, type TestFile, testFiles } from '../testing/test-file.ts'

export const test = defineCommand({
  name: 'test',
  usage: '[-r PATH]… PATH… [--filter TEXT] [--format FORMAT] [--watch]',
  summary: 'Unit-test rules: events and the alerts that they should raise (docs/testing.md)',
  flags: {
    rules: { short: 'r', value: 'PATH', multiple: true, help: 'Rules to load before those of the test file' },
    option: { short: 'o', value: 'KEY=VALUE', multiple: true, help: 'Set a key of the configuration' },
    filter: { value: 'TEXT', help: 'Only tests whose name contains it' },
    format: { value: 'FORMAT', help: `${Object.keys(TEST_REPORTS).join(', ')}; default: text` },
    coverage: {
      value: 'FORMAT',
      optionalValue: true,
      help: `Which checks, items and exceptions decide in some test: ${Object.keys(COVERAGE_REPORTS).join(', ')}`,
    },
    'min-coverage': { value: 'PERCENT', help: 'Exit code 1 when a smaller share of them decides' },
    watch: { help: 'Run again when a test or rules file changes' },
    json: { help: 'The same as --format json' },
  },
  async run({ rules, option, filter, format: named, watch: again, json, coverage, 'min-coverage': min }, paths) {
    const format = named ?? (json ? 'json' : 'text')
    if (!Object.hasOwn(TEST_REPORTS, format))
      throw new CliError(`--format must be one of ${Object.keys(TEST_REPORTS).join(', ')}, not "${format}"`)
    const covered = coverage === undefined && min === undefined ? undefined : coverage || 'text'
    if (covered !== undefined && !Object.hasOwn(COVERAGE_REPORTS, covered))
      throw new CliError(`--coverage must be one of ${Object.keys(COVERAGE_REPORTS).join(', ')}, not "${covered}"`)
    const least = percent(min, '--min-coverage')
    if (paths.length === 0) throw new CliError('test needs at least one test file (see falc test --help)')
    // Every rule that matches alerts, unless an option asks for the first one only.
    const options = engineOptions(loadConfig(undefined, ['rule_matching=all', ...option]))
    const sources = (await loadSources()).map(testable)
    for (;;) {
      const used = new Set<string>()
      const code = await once(used).catch((error: unknown) => {
        if (!again || !(error instanceof Error)) throw error
        print(`Error: ${error.message}\n`)
        return 1
      })
      if (!again) return code
      await changed([...used, ...rules, ...paths].filter(path => existsSync(path)))
      print('\n')
    }

    async function once(used: Set<string>): Promise<number> {
      const files: FileResults[] = []
      const parts: CoveredPart[] = []
      for (const path of testFiles(paths)) {
        used.add(path)
        const file = readTestFile(path)
        for (const name of file.rules) used.add(name)
        const engine = engineFor(file, rules, options, sources)
        const tests = file.tests.filter(({ name }) => filter === undefined || name.includes(filter))
        const results = []
        const counts = new Map(covered === undefined ? [] : sources.map(({ name }) => [name, engine.coverage(name)]))
        for (const one of tests)
          results.push(await runTest(one, engine, (name, event) => counts.get(name)?.record(event)))
        files.push({ file: path, results })
        const compiled = counts.size > 0 ? engine.analyse(readRules([...rules, ...file.rules])).rules : []
        for (const count of counts.values()) parts.push(...coverageOf(count, compiled))
      }
      // What a program reads is alone on standard output.
      if (covered === undefined || covered === 'text') print(TEST_REPORTS[format]!(files))
      else process.stderr.write(TEST_REPORTS[format]!(files))
      if (covered !== undefined) print(COVERAGE_REPORTS[covered]!(parts))
      const failed = files.some(({ results }) => results.some(({ problems }) => problems.length > 0))
      return failed || shareOf(parts) < least ? 1 : 0
    }
  },
})

/** An engine with the rules of a test file. @throws {CliError} when they do not load, or a test expects alerts of no rule */
export function engineFor(
  { path, rules: own, tests }: TestFile,
  before: readonly string[],
  options: CompileOptions,
  sources: readonly Source[],
): Engine {
  const { engine, report } = loadEngine(options, { sources }, readRules([...before, ...own]))
  const known = new Set(report.rules.map(rule => rule.name))
  for (const { name, expect } of tests) {
    const rule = [...expect.keys()].find(one => !known.has(one))
    if (rule !== undefined)
      throw new CliError(`${path}: test "${name}" expects alerts of "${rule}", but there is no such rule`)
  }
  return engine
}

/** The share that a flag gives in per cent; 0 without it. @throws {CliError} */
export function percent(text: string | undefined, flag: string): number {
  if (text === undefined) return 0
  if (!/^\d{1,3}(\.\d+)?$/.test(text) || Number(text) > 100)
    throw new CliError(`${flag} needs a number from 0 to 100, not "${text}"`)
  return Number(text) / 100
}

/** Resolves when one of the files changes. */
function changed(paths: readonly string[]): Promise<void> {
  return new Promise(resolve => {
    const watchers = paths.map(path =>
      watch(path, () => {
        for (const watcher of watchers) watcher.close()
        resolve()
      }),
    )
  })
}
