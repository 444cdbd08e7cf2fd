import type { AlertData } from '@falc/engine'
import type { Failure } from '../model/answer.ts'
import type { Item } from '../model/transport.ts'

/** The capacity for Falco's "unbounded" (0): a program that runs for months needs a bound. */
export const UNBOUNDED = 1_000_000

/**
 * With less room than this, in bytes, a full queue refuses an alert of unknown size. In a storm, printing it only to find that it does not
 * fit would cost as much as delivering it. A large alert must not keep small ones out: the room given up is a 64th of the queue at most.
 * @param size of the alert that found no room
 */
export const leastRoom = (size: number, maxBytes: number): number => Math.min(size, maxBytes / 64)

export interface QueueBounds {
  /** Items; 0 = UNBOUNDED. */
  readonly capacity?: number
  /** Bytes of memory, or of files. */
  readonly maxBytes?: number
  /** Which alerts a full queue drops. Default newest: the one that does not fit. */
  readonly drop?: 'oldest' | 'newest'
}

/** The interface of a delivery to its queue. */
export interface QueueUser {
  /** An alert that was stored, as the output words it. @param size memory that it was counted with. Default: what it takes */
  item(alert: AlertData, size?: number): Item
  /** Items are lost. */
  lost(cause: Loss, count: number): void
  /** Some waiting items were not pushed by this process: those of an earlier run, and dead letters that are retried. */
  found(count: number): void
  log(level: 'error' | 'notice', text: string): void
}

/** The alerts that wait for one output: first in, first out, bounded in items and bytes. */
export interface Queue {
  /** Items that wait; those that were taken are not among them. */
  readonly length: number
  /** Bytes that they take, and those that were taken and are not done with. */
  readonly bytes: number
  /** Queued items survive the process. */
  readonly durable: boolean
  /** Why another item would be refused: it need not be made. Undefined: it would be taken. */
  readonly refuses: Loss | undefined
  /** So much waits that a producer that can wait should do so. */
  readonly crowded: boolean
  /** For metrics, of a queue on disk. */
  readonly disk?: DiskStats
  /** Called before anything else. */
  attach(user: QueueUser): void
  /** @throws {OutputError} when a queue on disk cannot be used */
  open(): Promise<void>
  /** Never waits. The discarded items, the new one or the oldest, are counted as lost. */
  push(item: Item): void
  /**
   * The oldest items, up to `count` of up to `maxBytes` in all, but at least one if there is any. They are the caller's. A
   * promise of none: the queue was closed, or what was to be read is lost.
   */
  take(count: number, maxBytes: number): Item[] | Promise<Item[]>
  /** The oldest `count` of those that were taken are done with. */
  done(count: number): void
  /** Keeps an item that the receiver refuses, before it is done with. @returns false: it cannot */
  bury(item: Item, failure: Failure): boolean
  /** Discards what waits, and what was taken; returns how many items waited. A queue on disk keeps all of it. */
  clear(): number
  /** Removes what waits in memory, one item after the other. */
  drain(): Iterable<Item>
  /** Resolves when everything pushed so far would survive the process, or is done with; in memory, at once. */
  saved(): Promise<void>
  /** Puts on disk what belongs there. */
  close(): Promise<void>
}

export interface DiskStats {
  /** Size of the journal's files. */
  readonly bytes: number
  /** Calls that failed. */
  readonly errors: number
  /** Alerts that are in memory only. */
  readonly unwritten: number
  /** Why nothing is written at present. */
  readonly failing?: string
}

/** Why alerts are lost, for the log. @param waiting alerts in the queue */
export const LOSSES = {
  queue_full: (waiting: number) => `outputs queue full (${waiting} alerts), dropping alerts`,
  queue_disk: () => 'the disk takes no more of the queue, dropping alerts',
  queue_damaged: () => 'the queue on disk is damaged, alerts are missing',
} as const

/** Why a queue loses alerts, as in metrics. */
export type Loss = keyof typeof LOSSES
