/** Gains `rate` tokens per second up to `capacity`, and starts full. */
export class TokenBucket {
  readonly #rate: number
  readonly #capacity: number
  #tokens: number
  #seen: number | undefined

  constructor(rate: number, capacity: number) {
    this.#rate = rate
    this.#capacity = capacity
    this.#tokens = capacity
  }

  /** Takes a token; false = the bucket is empty. @param now milliseconds of a monotonic clock */
  claim(now: number): boolean {
    const passed = now - (this.#seen ?? now)
    this.#seen = now
    this.#tokens = Math.min(this.#capacity, this.#tokens + (passed / 1000) * this.#rate)
    if (this.#tokens < 1) return false
    this.#tokens--
    return true
  }
}
