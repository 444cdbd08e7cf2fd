import { readdirSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { diffRules, lint, type RuleChange, rulesTexts } from '@falc/authoring'
import type { Source } from '@falc/engine'
import { type Config, rulesFiles } from '../config/config.ts'
import { count } from '../count.ts'
import { CliError } from '../fail.ts'
import { loadEngine } from '../rules/compile.ts'
import { isTestFile, type RulesFile, readRules } from '../rules/files.ts'
import { engineOptions } from '../rules/options.ts'
import { runFiles } from '../testing/run-files.ts'
import { type Artifact, requirementsOf } from './artifact.ts'
import { type BackTest, backTest } from './back-test.ts'

/** The findings about a generation before it takes effect. */
export interface Trial {
  /** undefined: nothing is stored. */
  readonly stored: BackTest | undefined
  readonly changes: readonly RuleChange[]
  readonly findings: number
  readonly tests: number
}

export interface TrialOptions {
  readonly config: Config
  readonly sources: readonly Source[]
  /** The link whose target changes. */
  readonly current: string
  /** The next generation. */
  readonly next: string
  /** The artifact that is new in it. */
  readonly name: string
}

/**
 * Tries what would be in force: everything that rules_files names loads, what the artifact requires is there, and its tests hold.
 * @throws {CliError} with the first reason against it
 */
export async function tried(artifact: Artifact, options: TrialOptions): Promise<Trial> {
  const { config, sources, next, name } = options
  const settings = engineOptions(config)
  const own = readRules([join(next, name)])
  // Either path may be relative.
  const current = resolve(options.current)
  const named = rulesFiles(config).map(path => resolve(path))
  const inUse = named.some(path => path === current || path.startsWith(`${current}/`))
  const moved = (path: string) =>
    path === current || path.startsWith(`${current}/`) ? next + path.slice(current.length) : path
  const absent = () => {}
  const files = inUse ? readRules(named.map(moved), absent) : own
  const required = { name: `${name} (requirements)`, content: requirementsOf(artifact.config) }
  const { engine } = loadEngine(settings, { sources }, [required, ...files])
  const tests = readdirSync(join(next, name)).filter(isTestFile).sort()
  const { files: results } = await runFiles(
    tests.map(file => join(next, name, file)),
    { rules: [], filter: undefined, coverage: false, update: false },
    engineOptions({ ...config, rules: [], priority: 'Debug' }),
    sources,
  )
  const failed = results.flatMap(({ results }) => results).filter(({ problems }) => problems.length > 0)
  if (failed.length > 0)
    throw new CliError(
      `${count(failed.length, 'test')} of its own failed: ${failed
        .map(one => one.name)
        .join(', ')
        .slice(0, 500)}`,
    )
  const before = inUse ? readRules(named, absent) : readRules([join(current, name)], absent)
  return {
    stored: await backTest(config, before, files, settings, sources).catch(notTold),
    changes: changesOf(before, files, settings, sources, engine),
    findings: lint(
      own.flatMap(({ name, content }) => rulesTexts(name, content)),
      { sources, before: [] },
    ).length,
    tests: results.reduce((sum, file) => sum + file.results.length, 0),
  }
}

/** Rules that no longer load, and a store that cannot be read, are no reason against new rules. */
function notTold(error: unknown): undefined {
  if (!(error instanceof CliError)) throw error
}

/** Rules that no longer load are no reason against new ones: everything counts as added then. */
function changesOf(
  before: readonly RulesFile[],
  after: readonly RulesFile[],
  settings: ReturnType<typeof engineOptions>,
  sources: readonly Source[],
  engine: ReturnType<typeof loadEngine>['engine'],
): RuleChange[] {
  const types = new Map(sources.map(({ name, eventTypes }) => [name, eventTypes]))
  let old: ReturnType<typeof engine.analyse>['rules'] = []
  try {
    if (before.length > 0) old = loadEngine(settings, { sources }, before).engine.analyse(before).rules
  } catch (error) {
    if (!(error instanceof CliError)) throw error
  }
  return diffRules(old, engine.analyse(after).rules, types)
}
