import type { Deferral } from '@falc/engine'
import type { EventStream } from '@falc/sources-syscall'
import type { FeedMeter } from '../meter/counts.ts'

/** What a feed hands its events to. Both calls are synchronous, so that nothing is awaited per event. */
export interface Consumer {
  /** @param deferral may hold the event; the feed then passes it on once more, later */
  event(event: any, deferral?: Deferral): void
  /** Called between batches: a promise means that the feed should wait, because alerts pile up. */
  pause(): Promise<void> | undefined
}

/** Events of one source, on their way into the engine. */
export interface Feed {
  /** Name of the event source: syscall, k8s_audit. */
  readonly source: string
  /** How the log names it: `capture x.scap`, `webhook http://…`. */
  readonly title: string
  /** It has an end, and can wait: a file. */
  readonly finite: boolean
  /** Reads until the end or until `signal` fires. @throws what stops it */
  run(consumer: Consumer, signal: AbortSignal): Promise<void>
  /** What did not come through so far, by cause. */
  losses(): Readonly<Record<string, number>>
  /** What it counts, for metrics and for the watch over a live source's health. */
  readonly meter: FeedMeter
  /** What became of look-ups of containers and of evaluations that waited for them. */
  metadata?(): Readonly<Record<string, number>>
  /** What can be recorded. */
  readonly stream?: EventStream
  /** Rules were loaded anew: per event type 1 where one of them can match. */
  want?(wanted: Uint8Array | 'all'): void
}
