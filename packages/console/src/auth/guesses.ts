import { Refused } from '../failure.ts'

/** Wrong tokens that a client may send in a minute. */
const MAX_WRONG = 10
const MINUTE_MS = 60_000
/** Clients that are remembered. Addresses are others' to choose: of more, all are forgotten. */
const MAX_CLIENTS = 1000

/** Slows down the guessing of tokens and links. Times are by `performance.now()`: the clock may be set. */
export class Guesses {
  readonly #wrong = new Map<string, { count: number; readonly until: number }>()

  /** @throws {Refused} after too many wrong ones */
  check(client: string): void {
    if ((this.#recent(client)?.count ?? 0) >= MAX_WRONG)
      throw new Refused(429, 'throttled', 'too many wrong guesses', { 'retry-after': String(MINUTE_MS / 1000) })
  }

  wrong(client: string): void {
    const recent = this.#recent(client)
    if (recent) recent.count++
    else {
      if (this.#wrong.size >= MAX_CLIENTS) this.#wrong.clear()
      this.#wrong.set(client, { count: 1, until: performance.now() + MINUTE_MS })
    }
  }

  #recent(client: string) {
    const found = this.#wrong.get(client)
    return found && found.until > performance.now() ? found : undefined
  }
}
