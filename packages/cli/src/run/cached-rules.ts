import { statSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { loadRuleset } from '@falc/engine/runtime'
import { cacheFolder } from '../cache-folder.ts'
import { falcVersion } from '../version.ts'
import type { EngineSetup } from './engine.ts'
import { hostname } from './hostname.ts'
import type { RulesFile } from './rules.ts'
import { RulesetCache, type RulesetNotes } from './ruleset-cache.ts'
import type { RunningRules } from './session.ts'

export interface Rules {
  readonly engine: RunningRules
  readonly notes: RulesetNotes
}

/**
 * The rules ready to run: from the cache when they have been compiled with these settings before, else compiled now.
 * @throws {CliError} with the report on every invalid file
 */
export async function cachedRules(setup: EngineSetup, files: readonly RulesFile[], cached: boolean): Promise<Rules> {
  const folder = cached ? cacheFolder() : undefined
  const build = folder === undefined ? undefined : buildStamp()
  if (folder === undefined || build === undefined) return (await compiler())(setup, files)
  const cache = new RulesetCache(folder)
  const key = RulesetCache.key([build, settingsOf(setup), ...files.flatMap(({ name, content }) => [name, content])])
  const found = cache.read(key)
  const engine = found && restore(found.ruleset, setup)
  if (engine !== undefined) return { engine, notes: found!.notes }
  const { engine: compiled, notes } = (await compiler())(setup, files)
  cache.write(key, { notes, ruleset: compiled.save() })
  return { engine: compiled, notes }
}

/** Parser and compiler are loaded when they are needed. */
async function compiler() {
  return (await import('./compile-rules.ts')).compileRules
}

function restore(ruleset: Uint8Array, { sources, backend, onError }: EngineSetup): RunningRules | undefined {
  try {
    return loadRuleset(ruleset, {
      sources,
      hostname: hostname(),
      ...(backend && { backend }),
      ...(onError && { onError }),
    })
  } catch {
    return undefined
  }
}

/** All that the saved form follows from besides the rules' text. */
function settingsOf({ config, sources }: EngineSetup): string {
  const { priority, ruleMatching, ruleSelection, appendOutput, staticFields, iso8601, base64 } = config
  const names = sources.map(({ name, plugins }) => [name, plugins])
  return JSON.stringify([priority, ruleMatching, ruleSelection, appendOutput, staticFields, iso8601, base64, names])
}

/** Changes with the program: its version, and in a checkout every build. undefined = it runs from its sources. */
function buildStamp(): string | undefined {
  const packages = ['@falc/engine', '@falc/sources-syscall', '@falc/sources-k8saudit']
  const { resolve } = createRequire(import.meta.url)
  const doors = packages.map(name => resolve(name))
  if (doors.some(door => door.endsWith('.ts'))) return undefined
  const builds = doors.map(door => {
    const record = join(dirname(door), '.tsbuildinfo')
    return statSync(record, { throwIfNoEntry: false })?.mtimeMs ?? 0
  })
  return JSON.stringify([falcVersion(), ...builds])
}
