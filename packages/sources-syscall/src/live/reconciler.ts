import type { Tables } from '../state/tables.ts'
import { Reconcile } from './reconcile.ts'
import type { SidecarSession } from './session.ts'

/** Minimum milliseconds between repairs. */
const REPAIR_PAUSE = 5000
const PURGE_SECONDS = 300

export interface ReconcilerOptions {
  /** Seconds between comparisons, whether or not events were lost; minimum age in seconds of a missing thread to be removed. Default: 300 each. */
  readonly purgeInterval?: number
  readonly purgeTimeout?: number
}

/** Compares the state with /proc: after losses, and periodically. */
export class Reconciler {
  /** Comparisons after losses. */
  repairs = 0
  /** Threads removed because they had exited without an exit event. */
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

  /** Call this while the load is low. Compares the state with /proc if process lifecycle events were lost. */
  look(session: SidecarSession, now: number): void {
    const lost = session.counters.dropFullFirst
    if (lost === this.#repairedLosses) this.#purge(session, now)
    else if (now - this.#repairedAt >= REPAIR_PAUSE) {
      this.#repairedLosses = lost
      this.#repairedAt = now
      this.#compare(session, 0, () => this.repairs++)
    }
  }

  /** A new sidecar has read the whole state again, and its counters start at zero. */
  startAnew(): void {
    this.#repairedLosses = 0
    this.#comparing = false
  }

  /** Compares every few minutes even without losses: a single lost exit would leave its thread in the table forever. */
  #purge(session: SidecarSession, now: number): void {
    const { purgeInterval = PURGE_SECONDS, purgeTimeout = PURGE_SECONDS } = this.#options
    if (now - this.#purgedAt < purgeInterval * 1000) return
    this.#purgedAt = now
    this.#compare(session, purgeTimeout, removed => {
      this.purged += removed
    })
  }

  /** @param age in seconds: younger threads that are missing from /proc are kept */
  #compare(session: SidecarSession, age: number, done: (removed: number) => void): void {
    // One snapshot at a time: a second one would receive the blocks of the first.
    if (this.#comparing) return
    this.#comparing = true
    const reconcile = new Reconcile(this.#tables, BigInt(Date.now() - age * 1000) * 1_000_000n)
    session.picture(reconcile, () => {
      this.#comparing = false
      done(reconcile.finish())
    })
  }
}
