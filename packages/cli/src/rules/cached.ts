import { statSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import type { Source } from '@falc/engine'
import { Regex } from '@falc/engine/regex'
import { type Detector, loadRuleset } from '@falc/engine/runtime'
import { falcVersion } from '../version.ts'
import type { RulesFile } from './files.ts'
import type { CompileOptions, EngineParts } from './options.ts'
import { RulesetCache, type RulesetNotes } from './ruleset-cache.ts'

/** Compiled rules, whether they were compiled now or earlier. */
export type RunningRules = Pick<
  Detector,
  'evaluate' | 'wantedTypes' | 'unmatched' | 'excludes' | 'fieldsRead' | 'sieve' | 'stats' | 'failures'
>

export interface Rules {
  readonly engine: RunningRules
  readonly notes: RulesetNotes
  /** As bytes, if it was to be kept. */
  readonly ruleset?: Uint8Array | undefined
}

/**
 * Everything that compiling depends on, as plain data. The engine gets these very options and the sources are made with
 * these very settings, so the digest of this object is the cache's key.
 */
export interface CompileInput<S> {
  readonly options: CompileOptions
  readonly sourceOptions: S
  readonly files: readonly RulesFile[]
}

/** Builds an engine from the data. */
export interface CompileSteps<S> {
  readonly makeSources: (options: S) => Promise<Source[]>
  readonly onError?: EngineParts['onError']
  /** Whether the ruleset is wanted as bytes, too. */
  readonly keep?: boolean
}

/** The cache of compiled rulesets. */
export interface CacheOptions {
  readonly folder: string
  /** Identifies the build of falc: another build compiles again. */
  readonly build: string
}

/**
 * The rules ready to run: from the cache when the same input was compiled before, otherwise compiled now.
 * @param cache undefined = nothing is read or kept
 * @throws {CliError} with the report on every invalid file
 */
export async function cachedRules<S>(
  input: CompileInput<S>,
  { makeSources, onError, keep = false }: CompileSteps<S>,
  cache: CacheOptions | undefined,
): Promise<Rules> {
  const parts = { sources: await makeSources(input.sourceOptions), onError }
  const store = cache && new RulesetCache(cache.folder)
  const key = cache && RulesetCache.key(cache.build, input)
  const found = key && store?.read(key)
  const restored = found && restore(found.ruleset, parts, input.options)
  if (restored) return { engine: restored, notes: found.notes, ruleset: keep ? found.ruleset : undefined }
  // The parser and the compiler are loaded only when they are needed.
  const { loadEngine, notesOf } = await import('./compile.ts')
  const { engine, report } = loadEngine(input.options, parts, input.files)
  const notes = notesOf(report)
  const ruleset = keep || key ? engine.save() : undefined
  if (key) store?.write(key, { notes, ruleset: ruleset! })
  return { engine, notes, ruleset: keep ? ruleset : undefined }
}

/** undefined: the saved form does not fit this program. */
function restore(
  ruleset: Uint8Array,
  { sources, onError }: EngineParts,
  { hostname, identity, backend }: CompileOptions,
): RunningRules | undefined {
  try {
    return loadRuleset(ruleset, {
      sources,
      regex: Regex,
      ...(hostname !== undefined && { hostname }),
      ...(identity !== undefined && { identity }),
      ...(backend && { backend }),
      ...(onError && { onError }),
    })
  } catch {
    return undefined
  }
}

/**
 * Changes with the program: its version and, in a checkout, every build. For a bundle without a checkout, as in packages of Linux
 * distributions, it is the time of the build. undefined = falc runs from its sources.
 */
export function buildStamp(): string | undefined {
  const packages = ['@falc/engine', '@falc/sources-syscall', '@falc/sources-k8saudit']
  const { resolve } = createRequire(import.meta.url)
  let entries: string[]
  try {
    entries = packages.map(name => resolve(name))
  } catch {
    return JSON.stringify([falcVersion(), statSync(new URL(import.meta.url)).mtimeMs])
  }
  if (entries.some(entry => entry.endsWith('.ts'))) return undefined
  const builds = entries.map(entry => {
    const record = join(dirname(entry), '.tsbuildinfo')
    return statSync(record, { throwIfNoEntry: false })?.mtimeMs ?? 0
  })
  return JSON.stringify([falcVersion(), ...builds])
}
