import type { Tables } from '../state/tables.ts'
import { Reconcile } from './reconcile.ts'
import type { SidecarSession } from './session.ts'

/** Milliseconds between two repairs. */
const REPAIR_PAUSE = 5000
const PURGE_SECONDS = 300

export interface ReconcilerOptions {
  /** Seconds between two comparisons, losses or not; seconds of age from which a thread that has gone is taken out. Default: 300 each. */
  readonly purgeInterval?: number
  readonly purgeTimeout?: number
}

/** Compares the state with /proc: after losses, and now and then. */
export class Reconciler {
  /** Comparisons after losses. */
  repairs = 0
  /** Threads removed because they had ended and no exit event came. */
  purged = 0
  readonly #tables: Tables
  readonly #options: ReconcilerOptions
  #repairedLosses = 0
  #repairedAt = Number.NEGATIVE_INFINITY
  #purgedAt = performance.now()
  #comparing = false

  constructor(tables: Tables, options: ReconcilerOptions) {
    this.#tables = tables
    this.#options = options
  }

  /** To be called while little happens. When events about the life of processes were lost, the state is compared with /proc. */
  look(session: SidecarSession, now: number): void {
    const lost = session.counters.dropFullFirst
    if (lost === this.#repairedLosses) this.#purge(session, now)
    else if (now - this.#repairedAt >= REPAIR_PAUSE) {
      this.#repairedLosses = lost
      this.#repairedAt = now
      this.#compare(session, 0, () => this.repairs++)
    }
  }

  /** Another sidecar has read everything anew, and counts from zero. */
  startAnew(): void {
    this.#repairedLosses = 0
    this.#comparing = false
  }

  /** Every few minutes it is compared all the same: an exit that was lost alone leaves its thread in the table for good. */
  #purge(session: SidecarSession, now: number): void {
    const { purgeInterval = PURGE_SECONDS, purgeTimeout = PURGE_SECONDS } = this.#options
    if (now - this.#purgedAt < purgeInterval * 1000) return
    this.#purgedAt = now
    this.#compare(session, purgeTimeout, removed => {
      this.purged += removed
    })
  }

  /** @param age seconds: younger threads that /proc does not show are left alone */
  #compare(session: SidecarSession, age: number, done: (removed: number) => void): void {
    // One picture at a time: the other would take its blocks.
    if (this.#comparing) return
    this.#comparing = true
    const reconcile = new Reconcile(this.#tables, BigInt(Date.now() - age * 1000) * 1_000_000n)
    session.picture(reconcile, () => {
      this.#comparing = false
      done(reconcile.finish())
    })
  }
}
