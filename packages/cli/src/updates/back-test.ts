import { existsSync } from 'node:fs'
import { KeptAlerts, type KeptChange, testable } from '@falc/authoring'
import type { Source } from '@falc/engine'
import type { Config } from '../config/config.ts'
import { openStore, storeFailure } from '../history/open.ts'
import { loadEngine } from '../rules/compile.ts'
import type { RulesFile } from '../rules/files.ts'
import type { engineOptions } from '../rules/options.ts'

/** The newest alerts of a store are looked at: enough for months of a quiet machine, and done in seconds. */
const MAX_ALERTS = 50_000

/** What new rules would have decided about the stored alerts. */
export interface BackTest {
  readonly alerts: number
  /** By rule, of those whose alerts do not all stay. */
  readonly changes: readonly KeptChange[]
}

/** @returns undefined: no store is configured, or there is nothing in it yet @throws {CliError} when rules do not load, or a store is damaged */
export async function backTest(
  config: Config,
  before: readonly RulesFile[],
  after: readonly RulesFile[],
  settings: ReturnType<typeof engineOptions>,
  plain: readonly Source[],
): Promise<BackTest | undefined> {
  const stores = config.outputs.flatMap(({ type, enabled, options: { path } }) =>
    type === 'store' && enabled && typeof path === 'string' && existsSync(path) ? [path] : [],
  )
  if (stores.length === 0 || before.length === 0) return undefined
  // Alerts are events by their fields.
  const sources = plain.map(testable)
  const rulesOf = (files: readonly RulesFile[]) => loadEngine(settings, { sources }, files).engine.analyse(files).rules
  const types = new Map(sources.map(({ name, eventTypes }) => [name, eventTypes]))
  const kept = new KeptAlerts(rulesOf(before), rulesOf(after), types)
  for (const path of stores) {
    const store = await openStore(path)
    try {
      for (const { alert } of store.search({})) {
        kept.see(alert)
        if (kept.seen >= MAX_ALERTS) break
      }
    } catch (error) {
      throw storeFailure(error, path)
    } finally {
      store.close()
    }
  }
  return { alerts: kept.seen, changes: kept.changes() }
}
