/** Finds and opens a command's store, and reads the flags that select alerts. */
import { type AlertData, ConditionError, type Source } from '@falc/engine'
import { parseDuration } from '@falc/outputs'
import { type Grouping, groupingOf, planCondition, type Query, StoreError, StoreReader } from '@falc/store'
import { conditionError } from '../condition-error.ts'
import { loadConfig } from '../config/config.ts'
import { CliError } from '../fail.ts'
import { configPath } from '../run/loader.ts'
import { type ConfiguredStore, storeOf } from '../run/open-console.ts'

/** The flag `--db`, or the only output of type `store` that falco.yaml has. @throws {CliError} */
export function configuredStore(db: string | undefined, config: string | undefined): ConfiguredStore {
  return db === undefined ? storeOf(loadConfig(configPath(config), [])) : { path: db }
}

/** @throws {CliError} */
export async function openStore(path: string): Promise<StoreReader> {
  try {
    return await StoreReader.open(path)
  } catch (error) {
    throw storeFailure(error, path)
  }
}

/** Turns a store's error into a message for the user; returns any other error unchanged. */
export function storeFailure(error: unknown, path: string): unknown {
  if (!(error instanceof StoreError)) return error
  const advice = error.fault === 'damaged' ? ' (falc alerts check tells more)' : ''
  return new CliError(`${path}: ${error.message}${advice}`)
}

export interface QueryFlags {
  readonly condition?: string | undefined
  readonly words?: string | undefined
  readonly since?: string | undefined
  readonly until?: string | undefined
}

/** @throws {CliError} */
export function queryOf({ condition, words, since, until }: QueryFlags, source: Source<AlertData>): Query {
  try {
    return {
      condition: condition === undefined ? undefined : planCondition(condition, source),
      words,
      since: since === undefined ? undefined : timeOf('--since', since),
      until: until === undefined ? undefined : timeOf('--until', until),
    }
  } catch (error) {
    throw error instanceof ConditionError ? conditionError(error, condition!) : error
  }
}

/** @throws {CliError} */
export function grouping(name: string, source: Source<AlertData>): Grouping {
  try {
    return groupingOf(name, source)
  } catch (error) {
    throw error instanceof ConditionError ? new CliError(`--by: ${error.message}`) : error
  }
}

const MS = 1_000_000n
const MINUTE = 60_000n * MS

/**
 * A point in time, or a time before now: `1h30m`, `7d`. From an hour on it is the beginning of a minute, since stores count by minutes:
 * they would have to read the alerts otherwise.
 * @returns nanoseconds since 1970
 * @throws {CliError}
 */
function timeOf(flag: string, text: string): bigint {
  if (/^\d{4}-/.test(text)) {
    const ms = Date.parse(text)
    // A date has milliseconds; the times of alerts, as they are printed, have nanoseconds.
    const [, fraction = ''] = /:\d\d\.(\d{1,9})/.exec(text) ?? []
    if (!Number.isNaN(ms)) return BigInt(Math.floor(ms / 1000)) * 1000n * MS + BigInt(fraction.padEnd(9, '0'))
  }
  const duration = durationOf(flag, text)
  const time = BigInt(Date.now()) * MS - duration
  return duration < 60n * MINUTE ? time : time - (time % MINUTE)
}

/** @returns nanoseconds @throws {CliError} */
export function durationOf(flag: string, text: string): bigint {
  const ms = /^\d+$/.test(text) ? undefined : parseDuration(text)
  if (ms === undefined || ms <= 0)
    throw new CliError(
      `${flag} takes a time (2026-11-24T10:00:00Z) or a duration such as 90s, 1h30m or 7d, not "${text}"`,
    )
  return BigInt(ms) * MS
}
