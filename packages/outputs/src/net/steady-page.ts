/**
 * A text is served from the cache for this many times the duration of making it, so a client that polls without pause costs a twentieth of
 * a processor.
 */
const SHARE = 20

/** A text that is rendered on request, but at a rate limited by its cost. */
export class SteadyPage {
  readonly #make: () => string
  readonly #now: () => number
  #text = ''
  #until = Number.NEGATIVE_INFINITY

  /** @param now milliseconds of a monotonic clock */
  constructor(make: () => string, now: () => number = () => performance.now()) {
    this.#make = make
    this.#now = now
  }

  get text(): string {
    const begin = this.#now()
    if (begin < this.#until) return this.#text
    this.#text = this.#make()
    const end = this.#now()
    this.#until = end + (end - begin) * SHARE
    return this.#text
  }
}
