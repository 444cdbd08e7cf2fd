import type { CaptureVisitor } from '../capture/visitor.ts'
import type { Tables } from '../state/tables.ts'
import { Reconcile } from './reconcile.ts'
import { Reread, Unknown } from './reread.ts'
import type { SidecarSession } from './session.ts'
import type { Counter } from './wire.ts'

/** Minimum milliseconds between repairs. */
const REPAIR_PAUSE = 5000
const PURGE_SECONDS = 300
/** Milliseconds before a loss in which a process that starts has not got all of its descriptors. */
const START_UP = 2000

/** An event of these was lost; after `dropFullFirst`, one about processes. */
const LOSSES: readonly Counter[] = [
  'dropFull',
  'dropPressure',
  'dropFullFirst',
  'dropTooLarge',
  'dropNoRing',
  'dropFlood',
]

export interface ReconcilerOptions {
  /** Seconds between comparisons, whether or not events were lost; minimum age in seconds of a missing thread to be removed. Default: 300 each. */
  readonly purgeInterval?: number
  readonly purgeTimeout?: number
}

/** Compares the state with /proc: after losses, and periodically. */
export class Reconciler {
  /** See LiveCounts. */
  readonly counts = { repairs: 0, purged: 0, reread: 0, notReread: 0 }
  readonly #tables: Tables
  readonly #options: ReconcilerOptions
  /** Losses at the last repair: of all events, and of those about processes. */
  #losses = 0
  #lifeLosses = 0
  /** When there were none since the last repair, ms since 1970. */
  #soundAt = Date.now()
  #repairedAt = Number.NEGATIVE_INFINITY
  #purgedAt = performance.now()
  #comparing = false
  #readsUnknown = false

  constructor(tables: Tables, options: ReconcilerOptions) {
    this.#tables = tables
    this.#options = options
  }

  /**
   * Call this while the load is low. If process lifecycle events were lost, compares the state with /proc; if others were, reads
   * the descriptors of new processes.
   */
  look(session: SidecarSession, now: number): void {
    // One snapshot at a time: a second one would receive the blocks of the first.
    if (this.#comparing) return
    if (this.#readsUnknown) {
      this.#readsUnknown = false
      this.#picture(session, new Unknown(this.#tables), () => {})
      return
    }
    const { counters } = session
    const losses = LOSSES.reduce((sum, cause) => sum + counters[cause], 0)
    if (losses === this.#losses) {
      this.#soundAt = Date.now()
      this.#purge(session, now)
    } else if (now - this.#repairedAt >= REPAIR_PAUSE) {
      this.#losses = losses
      this.#repairedAt = now
      this.#repair(session, counters.dropFullFirst !== this.#lifeLosses)
    }
  }

  /** New rules ask for descriptors that were not recorded so far. */
  readUnknown(): void {
    this.#readsUnknown = true
  }

  /** A new sidecar has read the whole state again, and its counters start at zero. */
  startAnew(): void {
    this.#losses = 0
    this.#lifeLosses = 0
    this.#comparing = false
    this.#readsUnknown = false
  }

  #repair(session: SidecarSession, all: boolean): void {
    const reread = new Reread(this.#tables, BigInt(this.#soundAt - START_UP) * 1_000_000n)
    const { pids, left } = reread
    const done = () => {
      this.counts.repairs++
      this.counts.reread += pids.length
      this.counts.notReread += left
    }
    this.#soundAt = Date.now()
    this.#lifeLosses = session.counters.dropFullFirst
    if (all) this.#compare(session, 0, reread, done)
    else if (pids.length > 0) {
      this.#picture(session, reread, done, pids)
    } else done()
  }

  /** Compares every few minutes even without losses: a single lost exit would leave its thread in the table forever. */
  #purge(session: SidecarSession, now: number): void {
    const { purgeInterval = PURGE_SECONDS, purgeTimeout = PURGE_SECONDS } = this.#options
    if (now - this.#purgedAt < purgeInterval * 1000) return
    this.#purgedAt = now
    this.#compare(session, purgeTimeout, null, removed => {
      this.counts.purged += removed
    })
  }

  #picture(session: SidecarSession, visitor: CaptureVisitor, done: () => void, pids?: readonly number[]): void {
    this.#comparing = true
    const finish = () => {
      this.#comparing = false
      done()
    }
    session.picture(visitor, finish, pids)
  }

  /** @param age in seconds: younger threads that are missing from /proc are kept */
  #compare(session: SidecarSession, age: number, reread: Reread | null, done: (removed: number) => void): void {
    const reconcile = new Reconcile(this.#tables, BigInt(Date.now() - age * 1000) * 1_000_000n, reread)
    this.#picture(session, reconcile, () => done(reconcile.finish()))
  }
}
