import { existsSync, type FSWatcher, statSync, watch } from 'node:fs'
import { basename, dirname } from 'node:path'
import { COVERAGE_REPORTS, mergedCoverage, shareOf, TEST_REPORTS, testable } from '@falc/authoring'
import { defineCommand, print } from '../command.ts'
import { loadConfig } from '../config/config.ts'
import { CliError } from '../fail.ts'
import { kindOf, readFile } from '../read-file.ts'
import { engineOptions } from '../rules/options.ts'
import { loadSources } from '../sources/load.ts'
import { inJobs } from '../testing/jobs.ts'
import { type Outcome, type RunRequest, runFiles } from '../testing/run-files.ts'
import { testFiles } from '../testing/test-file.ts'

export const test = defineCommand({
  name: 'test',
  usage: '[-r PATH]… PATH… [--filter TEXT] [--format FORMAT] [--coverage] [--update] [--watch]',
  summary: 'Run unit tests of rules: events, and the alerts that they should raise (docs/testing.md)',
  flags: {
    rules: { short: 'r', value: 'PATH', multiple: true, help: 'Rules to load before those of the test file' },
    option: { short: 'o', value: 'KEY=VALUE', multiple: true, help: 'Set a key of the configuration' },
    filter: { value: 'TEXT', help: 'Only tests whose name contains this text' },
    format: { value: 'FORMAT', help: `${Object.keys(TEST_REPORTS).join(', ')}; default: text` },
    coverage: {
      value: 'FORMAT',
      optionalValue: true,
      help: `Report which checks, items, exceptions and bounds decide in some test: ${Object.keys(COVERAGE_REPORTS).join(', ')}`,
    },
    'min-coverage': { value: 'PERCENT', help: 'Exit code 1 when a smaller share of them decides' },
    update: { help: 'Write the snapshots of tests that have one' },
    jobs: { short: 'j', value: 'N', help: 'Number of processes that run the test files; default: 1' },
    worker: {},
    watch: { help: 'Run again when a test or rules file changes' },
    json: { help: 'Same as --format json' },
  },
  async run(flags, paths) {
    const { rules, option, watch: again } = flags
    const format = flags.format ?? (flags.json ? 'json' : 'text')
    if (!Object.hasOwn(TEST_REPORTS, format))
      throw new CliError(`--format must be one of ${Object.keys(TEST_REPORTS).join(', ')}, not "${format}"`)
    const covered =
      flags.coverage === undefined && flags['min-coverage'] === undefined ? undefined : flags.coverage || 'text'
    if (covered !== undefined && !Object.hasOwn(COVERAGE_REPORTS, covered))
      throw new CliError(`--coverage must be one of ${Object.keys(COVERAGE_REPORTS).join(', ')}, not "${covered}"`)
    const least = percent(flags['min-coverage'], '--min-coverage')
    const jobs = Number(flags.jobs ?? 1)
    if (!Number.isInteger(jobs) || jobs < 1 || jobs > 64)
      throw new CliError(`--jobs needs a number from 1 to 64, not "${flags.jobs}"`)
    if (paths.length === 0) throw new CliError('test needs at least one test file (see falc test --help)')
    const request = { rules, filter: flags.filter, coverage: covered !== undefined, update: flags.update }
    const run = async (used: string[]): Promise<Outcome> => {
      const files = testFiles(paths)
      if (jobs > 1 && files.length > 1) {
        used.push(...files)
        return inJobs(files, jobs, argumentsOf(request, option))
      }
      // Every rule that matches alerts, unless an option asks for the first one only.
      const options = engineOptions(loadConfig(undefined, ['rule_matching=all', ...option]))
      return runFiles(files, request, options, (await loadSources()).map(testable), used)
    }
    if (flags.worker) {
      const outcome = await run([])
      // Disconnecting before it is written would cut a long one.
      await new Promise(resolve => process.send!(outcome, undefined, undefined, resolve))
      process.disconnect()
      return 0
    }
    let watched: readonly string[] = [...rules, ...paths]
    for (;;) {
      const used: string[] = []
      const since = Date.now()
      const absent = new Set(watched.filter(path => !existsSync(path)))
      const code = await run(used)
        .then(outcome => {
          used.push(...outcome.used)
          return report(outcome)
        })
        .catch((error: unknown) => {
          if (!again || !(error instanceof Error)) throw error
          print(`Error: ${error.message}\n`)
          return 1
        })
      if (!again) return code
      // What no run has named before was missing in this one already.
      for (const path of used) if (!watched.includes(path) && !existsSync(path)) absent.add(path)
      watched = [...new Set([...used, ...rules, ...paths])]
      await changed(watched, since, absent)
      print('\n')
    }

    function report({ files, parts: found }: Outcome): number {
      if (flags.filter !== undefined && files.every(({ results }) => results.length === 0))
        throw new CliError(`--filter: no test has "${flags.filter}" in its name`)
      const parts = mergedCoverage(found)
      // Output for programs has standard output to itself.
      if (covered === undefined || covered === 'text') print(TEST_REPORTS[format]!(files))
      else process.stderr.write(TEST_REPORTS[format]!(files))
      if (covered !== undefined) print(COVERAGE_REPORTS[covered]!(parts, file => readFile(file).toString('utf8')))
      const failed = files.some(({ results }) => results.some(({ problems }) => problems.length > 0))
      return failed || shareOf(parts) < least ? 1 : 0
    }
  },
})

/** A run as arguments of the command. */
function argumentsOf({ rules, filter, coverage, update }: RunRequest, options: readonly string[]): string[] {
  return [
    ...rules.flatMap(path => ['-r', path]),
    ...options.flatMap(option => ['-o', option]),
    ...(filter === undefined ? [] : ['--filter', filter]),
    ...(coverage ? ['--coverage'] : []),
    ...(update ? ['--update'] : []),
  ]
}

/** The share that a flag gives in per cent; 0 without it. @throws {CliError} */
export function percent(text: string | undefined, flag: string): number {
  if (text === undefined) return 0
  if (!/^\d{1,3}(\.\d+)?$/.test(text) || Number(text) > 100)
    throw new CliError(`${flag} needs a number from 0 to 100, not "${text}"`)
  return Number(text) / 100
}

/**
 * Resolves when one of the files changes, or a YAML file in one of the folders; other files there are ignored. A file that is
 * gone, because an editor is replacing it for instance, changes when it is there again.
 * @param since when the files were read, or earlier: a change in the meantime counts, too
 * @param absent those that were missing then: it is a change if one of them is there now, or another is not
 */
function changed(paths: readonly string[], since: number, absent: ReadonlySet<string>): Promise<void> {
  return new Promise(resolve => {
    const done = () => {
      for (const watcher of watchers) watcher.close()
      resolve()
    }
    const isFolder = (path: string) => kindOf(path) === 'folder'
    const watchers = paths.map(path => {
      try {
        return watch(path, (_, name) => {
          if (!isFolder(path) || name === null || /\.ya?ml$/.test(name)) done()
        })
      } catch {
        return appearing(path, done)
      }
    })
    const timeOf = (path: string) => statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0
    const hasMoved = paths.some(path => existsSync(path) === absent.has(path))
    if (hasMoved || paths.some(path => !isFolder(path) && timeOf(path) > since)) done()
  })
}

/** Watches for a path, or for the first missing folder on the way to it. */
function appearing(path: string, done: () => void): FSWatcher {
  let missing = path
  while (!existsSync(dirname(missing))) missing = dirname(missing)
  return watch(dirname(missing), (_, name) => {
    if (name === null || name === basename(missing)) done()
  })
}
