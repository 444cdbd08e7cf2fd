/** A process that this one started. */
interface Started {
  /** Nanoseconds since 1970. */
  readonly from: bigint
  /** When its end was seen; its pid may belong to another process after that. */
  until: bigint | undefined
}

/** How many ended processes are remembered: events about them may still be on their way. */
const MAX_ENDED = 4096

/** The processes that outputs have started, so that a rule about new processes does not raise alerts about its own alerts. */
export class OwnProcesses {
  readonly #started = new Map<number, Started>()
  readonly #now: () => bigint

  /** @param now nanoseconds since 1970 */
  constructor(now: () => bigint = () => BigInt(Date.now()) * 1_000_000n) {
    this.#now = now
  }

  get size(): number {
    return this.#started.size
  }

  add(pid: number): void {
    this.#started.delete(pid)
    // The clock is in milliseconds, and the kernel's events may be older than the call's return.
    this.#started.set(pid, { from: this.#now() - 1_000_000_000n, until: undefined })
    for (const [oldest, { until }] of this.#started) {
      if (this.#started.size <= MAX_ENDED) break
      if (until !== undefined) this.#started.delete(oldest)
    }
  }

  ended(pid: number): void {
    const started = this.#started.get(pid)
    if (started) started.until = this.#now() + 1_000_000n
  }

  /** Whether this pid meant a process of ours at this time, in nanoseconds since 1970. */
  has(pid: number, time: bigint): boolean {
    const started = this.#started.get(pid)
    return started !== undefined && time >= started.from && (started.until === undefined || time <= started.until)
  }
}

/** Those of this process. */
export const ownProcesses: OwnProcesses = new OwnProcesses()
