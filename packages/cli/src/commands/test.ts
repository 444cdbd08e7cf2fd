import { defineCommand, print } from '../command.ts'
import { loadConfig } from '../config/config.ts'
import { count as counted } from '../count.ts'
import { CliError } from '../fail.ts'
import { loadEngine } from '../rules/compile.ts'
import { readRules } from '../rules/files.ts'
import { engineOptions } from '../rules/options.ts'
import { loadSources } from '../sources/load.ts'
import { runTest } from '../testing/run-test.ts'
import { readTestFile, type TestFile } from '../testing/test-file.ts'

export const test = defineCommand({
  name: 'test',
  usage: '[-r PATH]… FILE… [--json]',
  summary: 'Unit-test rules: events and the alerts that they should raise (docs/cli.md)',
  flags: {
    rules: { short: 'r', value: 'PATH', multiple: true, help: 'Rules to load before those of the test file' },
    option: { short: 'o', value: 'KEY=VALUE', multiple: true, help: 'Set a key of the configuration' },
    json: { help: 'Print one JSON object for each test' },
  },
  async run({ rules, option, json }, files) {
    if (files.length === 0) throw new CliError('test needs at least one test file (see falc test --help)')
    // Every rule that matches alerts, unless an option asks for the first one only.
    const options = engineOptions(loadConfig(undefined, ['rule_matching=all', ...option]))
    const sources = await loadSources()
    const byName = new Map(sources.map(source => [source.name, source]))
    let count = 0
    let failed = 0
    for (const path of files) {
      const file = readTestFile(path)
      const engine = load(file)
      for (const one of file.tests) {
        const problems = await runTest(one, engine, byName)
        count++
        if (problems.length > 0) failed++
        print(json ? jsonLine(path, one.name, problems) : textLines(path, one.name, problems))
      }
    }
    if (!json) print(`${counted(count, 'test')}, ${failed === 0 ? 'all passed' : `${failed} failed`}\n`)
    return failed === 0 ? 0 : 1

    function load({ path, rules: own, tests }: TestFile) {
      const { engine, report } = loadEngine(options, { sources }, readRules([...rules, ...own]))
      const known = new Set(report.rules.map(rule => rule.name))
      for (const { name, expect } of tests) {
        const rule = [...expect.keys()].find(one => !known.has(one))
        if (rule !== undefined)
          throw new CliError(`${path}: test "${name}" expects alerts of "${rule}", but there is no such rule`)
      }
      return engine
    }
  },
})

function textLines(file: string, name: string, problems: readonly string[]): string {
  if (problems.length === 0) return `ok    ${file}: ${name}\n`
  return `FAIL  ${file}: ${name}\n${problems.map(problem => `  ${problem}\n`).join('')}`
}

function jsonLine(file: string, name: string, problems: readonly string[]): string {
  return `${JSON.stringify({ file, name, ok: problems.length === 0, problems })}\n`
}
