/** Starts that may fail or end within the window (ms), and the pause (ms) before each: as native/sidecar/supervisor.c has them. */
const PAUSES = [0, 250, 500, 1000, 2000]
const WINDOW = 60_000

/** Counts attempts that are no longer worth making when they fail too often in a row. */
export class RestartBudget {
  static readonly max = PAUSES.length
  readonly #times: number[] = []

  /** Milliseconds to wait before the next one; undefined: there were too many. */
  next(now = performance.now()): number | undefined {
    while (this.#times.length > 0 && now - this.#times[0]! > WINDOW) this.#times.shift()
    const pause = PAUSES[this.#times.length]
    if (pause !== undefined) this.#times.push(now)
    return pause
  }

  /** Those within the window. */
  get count(): number {
    return this.#times.length
  }
}
