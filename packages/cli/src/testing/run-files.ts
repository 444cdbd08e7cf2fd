import { lstatSync, realpathSync, writeFileSync } from 'node:fs'
import { dirname, sep } from 'node:path'
import {
  type CoveredPart,
  coverageOf,
  type FileResults,
  type RuleTest,
  runTest,
  type TestResult,
} from '@falc/authoring'
import type { Engine, Source } from '@falc/engine'
import { CliError } from '../fail.ts'
import { loadEngine } from '../rules/compile.ts'
import { readRules } from '../rules/files.ts'
import { meant } from '../rules/find-rule.ts'
import type { CompileOptions } from '../rules/options.ts'
import { readTestFile, type TestFile } from './test-file.ts'

/** The options of a run of test files. */
export interface RunRequest {
  /** Rules to load before those of the test files. */
  readonly rules: readonly string[]
  /** Only tests whose name contains it. */
  readonly filter: string | undefined
  readonly coverage: boolean
  /** Snapshots that differ are written. */
  readonly update: boolean
}

/** Plain data: it may come from another process. */
export interface Outcome {
  readonly files: readonly FileResults[]
  readonly parts: readonly CoveredPart[]
  /** Files that it depends on. */
  readonly used: readonly string[]
}

/** Runs test files in order. @throws {CliError | ConfigError} when one cannot be read, or its rules do not load */
export async function runFiles(
  paths: readonly string[],
  request: RunRequest,
  options: CompileOptions,
  sources: readonly Source[],
  used: string[] = [],
): Promise<Outcome> {
  const files: FileResults[] = []
  const parts: CoveredPart[] = []
  for (const path of paths) {
    used.push(path)
    const file = readTestFile(path)
    used.push(...file.rules)
    const engine = engineFor(file, request.rules, options, sources)
    const tests = file.tests.filter(({ name }) => request.filter === undefined || name.includes(request.filter))
    const counts = new Map(request.coverage ? sources.map(({ name }) => [name, engine.coverage(name)]) : [])
    const results: TestResult[] = []
    for (const one of tests) {
      const result = await runTest(one, engine, (name, event) => counts.get(name)?.record(event))
      results.push(request.update ? await updated(one, result, engine, path) : result)
    }
    files.push({ file: path, results })
    const compiled = counts.size > 0 ? engine.analyse(readRules([...request.rules, ...file.rules])).rules : []
    for (const count of counts.values()) parts.push(...coverageOf(count, compiled))
  }
  return { files, parts, used }
}

/** Writes the snapshot of a test if it differs, and judges the test by the new one. */
async function updated(test: RuleTest, result: TestResult, engine: Engine, path: string): Promise<TestResult> {
  const { snapshot } = test
  if (!snapshot || result.alerts === undefined || result.alerts === snapshot.text) return result
  checkPlace(snapshot.file, path)
  writeFileSync(snapshot.file, result.alerts)
  return runTest({ ...test, snapshot: { ...snapshot, text: result.alerts } }, engine)
}

/** A test file may not be trusted: it can write only below its folder and the working directory, and through no link. @throws {CliError} */
function checkPlace(file: string, test: string): void {
  const folder = realpathSync(dirname(file))
  const isLink = lstatSync(file, { throwIfNoEntry: false })?.isSymbolicLink()
  const near = [process.cwd(), dirname(test)].map(one => realpathSync(one))
  if (isLink || !near.some(one => folder === one || folder.startsWith(one.endsWith(sep) ? one : one + sep)))
    throw new CliError(`${test}: the snapshot ${file} is not written: it is ${isLink ? 'a link' : 'in another folder'}`)
}

/** An engine with the rules of a test file. @throws {CliError} when they do not load, or a test expects alerts of no rule */
export function engineFor(
  { path, rules: own, tests }: TestFile,
  before: readonly string[],
  options: CompileOptions,
  sources: readonly Source[],
): Engine {
  const { engine, report } = loadEngine(options, { sources }, readRules([...before, ...own]))
  const known = new Set(report.rules.map(rule => rule.name))
  for (const { name, line, expect } of tests) {
    const rule = [...(expect?.keys() ?? [])].find(one => !known.has(one))
    if (rule !== undefined)
      throw new CliError(
        `${path}:${line}: test "${name}" expects alerts of "${rule}", but there is no such rule${meant(rule, report.rules)}`,
      )
  }
  return engine
}
