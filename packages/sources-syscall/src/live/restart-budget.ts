/** The pause (ms) before each attempt allowed within the window (ms). Same values as in native/sidecar/supervisor.c. */
const PAUSES = [0, 250, 500, 1000, 2000]
const WINDOW = 60_000

/** Limits the number of attempts within a time window. */
export class RestartBudget {
  static readonly max = PAUSES.length
  readonly #times: number[] = []

  /** Milliseconds to wait before the next attempt; undefined = there were too many. */
  next(now = performance.now()): number | undefined {
    while (this.#times.length > 0 && now - this.#times[0]! > WINDOW) this.#times.shift()
    const pause = PAUSES[this.#times.length]
    if (pause !== undefined) this.#times.push(now)
    return pause
  }

  /** Number of attempts within the window. */
  get count(): number {
    return this.#times.length
  }
}
