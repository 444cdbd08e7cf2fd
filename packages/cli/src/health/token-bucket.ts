/** So many tokens come per second, so many are kept at most; it begins full. */
export class TokenBucket {
  private readonly rate: number
  private readonly capacity: number
  private tokens: number
  private seen: number | undefined

  constructor(rate: number, capacity: number) {
    this.rate = rate
    this.capacity = capacity
    this.tokens = capacity
  }

  /** Takes a token; false = there is none. @param now milliseconds of any clock that never goes back */
  claim(now: number): boolean {
    const passed = now - (this.seen ?? now)
    this.seen = now
    this.tokens = Math.min(this.capacity, this.tokens + (passed / 1000) * this.rate)
    if (this.tokens < 1) return false
    this.tokens--
    return true
  }
}
