import type { MetricsConfig } from '../config/metrics.ts'
import type { RuleNote } from '../run/ruleset-cache.ts'
import type { FeedMeter } from './counts.ts'

/** A text that was loaded. */
export interface LoadedFile {
  readonly path: string
  readonly sha256: string
}

/** A feed and what came of it. */
export interface MeteredFeed {
  readonly source: string
  /** Events that were evaluated. */
  readonly events: number
  readonly meter: FeedMeter
  /** Events that did not come through whole, by cause. */
  readonly losses: Readonly<Record<string, number>>
}

/** What is metered: a run. Everything is asked for anew each time, since a reload changes it. */
export interface Subject {
  readonly metrics: MetricsConfig
  readonly rules: readonly RuleNote[]
  readonly rulesFiles: readonly LoadedFile[]
  readonly configFiles: readonly LoadedFile[]
  /** ns since 1970 */
  readonly reloadedAt: bigint
  /** Alerts by rule, those of rules that a reload took away as well. */
  readonly matches: ReadonlyMap<string, number>
  feeds(): readonly MeteredFeed[]
  /** Alerts that did not go out, by output and cause: `file: ENOSPC`. */
  losses(): ReadonlyMap<string, number>
  /** Alerts about processes that outputs have started; they are not sent. */
  readonly ownAlerts: number
  /** Look-ups of containers and evaluations that waited for them, by outcome. */
  metadata(): Readonly<Record<string, number>>
  /** Fields that could not be read. */
  evaluationErrors(): Readonly<Record<string, number>>
}

/** ns since 1970 */
export const STARTED_AT = BigInt(Math.round(performance.timeOrigin * 1000)) * 1000n

export function nowNs(): bigint {
  return BigInt(Math.round((performance.timeOrigin + performance.now()) * 1000)) * 1000n
}

/** Whole seconds since the start. */
export function upSeconds(now: bigint): number {
  return Number((now - STARTED_AT) / 1_000_000_000n)
}

/** Alerts that queues had no room for. */
export function queueDrops(subject: Subject): number {
  return [...subject.losses()].reduce((sum, [cause, count]) => (cause.endsWith(': queue_full') ? sum + count : sum), 0)
}
