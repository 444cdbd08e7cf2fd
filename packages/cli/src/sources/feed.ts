import type { Alert, AlertData, Deferral, EngineStats } from '@falc/engine'
import type { EventStream } from '@falc/sources-syscall'
import type { InternalAlert } from '../alerts/internal.ts'
import type { Config } from '../config/config.ts'
import type { FeedMeter, Series } from '../meter/counts.ts'
import type { RunningRules } from '../rules/cached.ts'
import type { RuleNote } from '../rules/ruleset-cache.ts'

/** Receives the events of a feed. All calls are synchronous, so that nothing is awaited per event. */
export interface Consumer {
  /**
   * @param deferral may hold the event; the feed then passes it on once more, later
   * @returns true when alerts were sent: a feed that can wait asks for a pause then
   */
  event(event: any, deferral?: Deferral): unknown
  /**
   * As `event`, for a caller that must answer for the event.
   * @param tell false: the alerts are returned and not sent
   */
  judge?(event: any, tell: boolean): readonly Alert[]
  /** Counts events that were evaluated elsewhere. */
  evaluated?(events: number): void
  /** Sends an alert of one of them. */
  alert?(alert: AlertData): void
  /** Called between batches, and by feeds that can wait after alerts. A promise asks the feed to wait, because alerts pile up. */
  pause(): Promise<void> | undefined
  /** Whether alerts can survive the process, so that it makes sense to answer a sender when they do. */
  durable?(): boolean
  /** Resolves when the alerts of all events so far would survive the process, as far as outputs can do that. @returns false: not for long */
  saved?(): Promise<boolean>
  /** Sends an alert about falc itself. Missing where no alerts are sent. */
  report?(alert: InternalAlert): void
}

/** Counts of evaluation since the rules were loaded. */
export type FieldStats = Pick<EngineStats, 'extractErrors' | 'absences'>

/** Events of one source, on their way into the engine. */
export interface Feed {
  /** Name of the event source: syscall, k8s_audit. */
  readonly source: string
  /** How the log names it: `capture x.scap`, `webhook http://…`. */
  readonly title: string
  /** The input is finite: a file. */
  readonly finite: boolean
  /** It is live, but what is not read is kept elsewhere: it can wait as long as a file. */
  readonly patient?: boolean
  /** Reads until the end, or until `signal` fires. @throws what stops it */
  run(consumer: Consumer, signal: AbortSignal): Promise<void>
  /** Closes one that is open before it runs, instead of `run`. */
  close?(): Promise<void>
  /** Events lost or cut so far, by cause: every cause that there is, so that metrics have it from the start. */
  losses(): Readonly<Record<string, number>>
  /** Counts of things that the source could not see or check although no event was lost, by kind. */
  limits?(): Readonly<Record<string, number>>
  /** How often what was known was put right after losses, by kind. */
  repairs?(): Readonly<Record<string, number>>
  /** Counters for metrics and for the checks of a live source's health. */
  readonly meter: FeedMeter
  /** Look-ups of containers, and evaluations that waited for them, by outcome. */
  metadata?(): Readonly<Record<string, number>>
  /** Counts from the threads that evaluated its events. */
  fieldStats?(): FieldStats | undefined
  /** Series of its own on the metrics page. */
  series?(): readonly Series[]
  /** How much of a file has been read. @returns bytes; size 0 = unknown */
  progress?(): { readonly position: number; readonly size: number; readonly events: number }
  /** For recordings. */
  readonly stream?: EventStream
  /** Events that were read no further than to see that no rule depends on them. */
  passedOver?(): number
  /** Configuration and rules were reloaded. */
  want?(
    rules: RunningRules,
    loaded: { readonly config: Config; readonly rules: readonly RuleNote[]; readonly ruleset?: Uint8Array | undefined },
  ): void
}

/** The counts of an engine and of what evaluates elsewhere. */
export function fieldStatsOf(own: FieldStats, feeds: readonly { readonly feed: Feed }[]): FieldStats {
  const others = feeds.flatMap(({ feed }) => feed.fieldStats?.() ?? [])
  const sum = (kind: keyof FieldStats) => {
    const counts: Record<string, number> = { ...own[kind] }
    for (const other of others)
      for (const [name, count] of Object.entries(other[kind])) counts[name] = (counts[name] ?? 0) + count
    return counts
  }
  return others.length === 0 ? own : { extractErrors: sum('extractErrors'), absences: sum('absences') }
}
