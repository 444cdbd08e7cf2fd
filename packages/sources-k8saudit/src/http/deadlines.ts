/**
 * Deadlines of requests, with one timer for all. Most requests end long before their deadline, so scanning the open ones now and then costs
 * less than a timer for each.
 */
export class Deadlines {
  readonly #open = new Set<Deadline>()
  #timer: NodeJS.Timeout | undefined
  /** When the timer fires, in milliseconds of performance.now(). */
  #next = Number.POSITIVE_INFINITY

  /**
   * @param ms in which it must end, or be extended
   * @param late called once, when it has not
   */
  begin(ms: number, late: () => void): Deadline {
    const due = performance.now() + ms
    const deadline = { due, late }
    this.#open.add(deadline)
    if (due < this.#next) this.#arm(due, ms)
    return deadline
  }

  /** It has ended; nothing happens if it had before. */
  end(deadline: Deadline): void {
    this.#open.delete(deadline)
  }

  #arm(due: number, ms: number): void {
    clearTimeout(this.#timer)
    this.#next = due
    // Rounded up, since a timer that fires early would find nothing late.
    this.#timer = setTimeout(() => this.#look(), Math.ceil(ms)).unref()
  }

  #look(): void {
    const now = performance.now()
    this.#next = Number.POSITIVE_INFINITY
    let next = Number.POSITIVE_INFINITY
    for (const deadline of this.#open) {
      if (deadline.due > now) {
        next = Math.min(next, deadline.due)
        continue
      }
      this.#open.delete(deadline)
      deadline.late()
    }
    if (next < this.#next) this.#arm(next, next - now)
  }
}

/** Milliseconds of performance.now(); it may be moved to a later time. */
export interface Deadline {
  due: number
  readonly late: () => void
}
