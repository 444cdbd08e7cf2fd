import type { DiskStats } from '../queue/queue.ts'

/** What happened to the alerts of one output. pushed = delivered + queued + dead + collapsed + limited + all of `dropped`. */
export interface OutputStats {
  readonly name: string
  /** Alerts that the output's condition chose, the summaries that it made, and those that its queue had on disk from before. */
  readonly pushed: number
  readonly delivered: number
  readonly queued: number
  /** Memory, estimated, or room on disk of what is queued. */
  readonly queuedBytes: number
  /** Of a queue on disk. */
  readonly disk?: DiskStats
  /** Refused by the receiver and kept as dead letters. */
  readonly dead: number
  /** Repeats that a summary counts, or will count. */
  readonly collapsed: number
  /** Above the rate: a summary counts them, or will. */
  readonly limited: number
  /** Lost, by cause: queue_full, queue_disk, queue_damaged, closed, shutdown, broken, or the cause of a failure. */
  readonly dropped: Readonly<Record<string, number>>
  /** Calls that took longer than output_timeout. */
  readonly timeouts: number
  /** Attempts repeated because the one before failed. */
  readonly retries: number
  /** Why nothing gets through at present. */
  readonly failing?: string
}

export class Counters {
  pushed = 0
  delivered = 0
  dead = 0
  collapsed = 0
  limited = 0
  timeouts = 0
  retries = 0
  readonly #dropped = new Map<string, { count: number }>()
  /** The cause that was counted last, and its count: a storm has the same one a million times. */
  #cause: string | undefined
  #last = { count: 0 }

  drop(cause: string, count: number): void {
    if (this.again(cause, count) || count === 0) return
    this.#cause = cause
    this.#last = { count }
    this.#dropped.set(cause, this.#last)
  }

  /** Counts more of a cause that was counted before. @returns false: it was not */
  again(cause: string, count: number): boolean {
    if (cause !== this.#cause) {
      const known = this.#dropped.get(cause)
      if (known === undefined) return false
      this.#cause = cause
      this.#last = known
    }
    this.#last.count += count
    return true
  }

  has(cause: string): boolean {
    return this.#dropped.has(cause)
  }

  /** All that was dropped. */
  get lost(): number {
    let sum = 0
    for (const { count } of this.#dropped.values()) sum += count
    return sum
  }

  /** @param undone counted as delivered before they turned out to be lost, by cause */
  stats(undone: Readonly<Record<string, number>> = {}): Pick<OutputStats, 'delivered' | 'dropped'> {
    const dropped = new Map([...this.#dropped].map(([cause, { count }]) => [cause, count]))
    let { delivered } = this
    for (const [cause, count] of Object.entries(undone)) {
      delivered -= count
      dropped.set(cause, (dropped.get(cause) ?? 0) + count)
    }
    return { delivered, dropped: Object.fromEntries([...dropped].sort()) }
  }
}
