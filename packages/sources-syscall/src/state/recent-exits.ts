/** libsinsp's RECENTLY_EXITED_RING_SIZE. */
const SLOTS = 8192
const STALE_NS = 2e9

/**
 * Recently exited threads, so that a late clone event from the caller does not resurrect its child. A ring: old entries are
 * overwritten.
 */
export class RecentExits {
  // All slots are allocated at the first exit: every test of a rule has its own state, mostly without exits.
  #parents = new Int32Array(0)
  #threads = this.#parents
  #times = new Float64Array(0)
  /** Ring position of the last exit of a thread id. */
  readonly #last = new Map<number, number>()
  #next = 0

  /** `time`: nanoseconds since 1970. */
  add(ptid: number, tid: number, time: number): void {
    if (this.#times.length === 0) {
      this.#parents = new Int32Array(SLOTS)
      this.#threads = new Int32Array(SLOTS)
      this.#times = new Float64Array(SLOTS)
    }
    const slot = this.#next
    const old = this.#threads[slot]!
    if (this.#last.get(old) === slot) this.#last.delete(old)
    this.#parents[slot] = ptid
    this.#threads[slot] = tid
    this.#times[slot] = time
    this.#last.set(tid, slot)
    this.#next = (slot + 1) % SLOTS
  }

  has(ptid: number, tid: number, now: number): boolean {
    const slot = this.#last.get(tid)
    return slot !== undefined && this.#parents[slot] === ptid && now - this.#times[slot]! < STALE_NS
  }

  clear(): void {
    this.#last.clear()
    this.#next = 0
  }
}
