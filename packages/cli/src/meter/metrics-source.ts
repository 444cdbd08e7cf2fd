import type { EngineStats } from '@falc/engine'
import type { OutputStats } from '@falc/outputs'
import type { ResponseCounts } from '@falc/response'
import type { Config } from '../config/config.ts'
import type { RuleNote } from '../rules/ruleset-cache.ts'
import type { FeedMeter, Series } from './counts.ts'

/** A loaded file. */
export interface LoadedFile {
  readonly path: string
  readonly sha256: string
}

/** A feed's counters. */
export interface MeteredFeed {
  readonly source: string
  /** Events that were evaluated. */
  readonly events: number
  readonly meter: FeedMeter
  /** Events that were lost or cut, by cause. */
  readonly losses: Readonly<Record<string, number>>
  /** Counts of things that could not be seen or checked although no event was lost, by kind. */
  readonly limits: Readonly<Record<string, number>>
  /** How often what was known was put right after losses, by kind. */
  readonly repairs: Readonly<Record<string, number>>
  /** Events that were read no further than to see that no rule depends on them; undefined: all of this source are evaluated. */
  readonly passedOver?: number | undefined
  readonly series?: readonly Series[]
}

/** A run, as metrics see it. Everything is read on each use, since a reload changes it. */
export interface MetricsSource {
  readonly metrics: Config['metrics']
  readonly rules: readonly RuleNote[]
  readonly rulesFiles: readonly LoadedFile[]
  readonly configFiles: readonly LoadedFile[]
  /** ns since 1970 */
  readonly reloadedAt: bigint
  /** Alerts by rule, those of rules that a reload removed included. */
  readonly matches: ReadonlyMap<string, number>
  feeds(): readonly MeteredFeed[]
  /** Alerts that were not delivered, by output and cause: `file: ENOSPC`. */
  losses(): ReadonlyMap<string, number>
  /** Alerts about processes that outputs have started; they are not sent. */
  readonly ownAlerts: number
  outputs(): readonly OutputStats[]
  /** undefined: there are no playbooks */
  response(): ResponseCounts | undefined
  /** Captures around alerts. undefined: they are not enabled */
  readonly ruleCaptures?: { readonly written: number; readonly failed: number } | undefined
  /** Reloads that failed. */
  readonly failedReloads: number
  /** Look-ups of containers, and evaluations that waited for them, by outcome. */
  metadata(): Readonly<Record<string, number>>
  fieldStats(): Pick<EngineStats, 'extractErrors' | 'absences'>
}

/** ns since 1970 */
export const STARTED_AT = BigInt(Math.round(performance.timeOrigin * 1000)) * 1000n

/** Milliseconds between the two clocks that rounding explains. */
const ALIKE = 2

/** ns since 1970 */
export function nowNs(): bigint {
  const fine = performance.timeOrigin + performance.now()
  const set = Date.now()
  // The clock may have been set since the start, and the fine one stands still while the machine sleeps.
  return BigInt(Math.round((Math.abs(fine - set) < ALIKE ? fine : set) * 1000)) * 1000n
}

/** Whole seconds since the start, whatever the clock is set to. */
export function upSeconds(): number {
  return Math.floor(performance.now() / 1000)
}

/** Alerts that full queues dropped. */
export function queueDrops(source: MetricsSource): number {
  return [...source.losses()].reduce((sum, [cause, count]) => (cause.endsWith(': queue_full') ? sum + count : sum), 0)
}
