/**
 * What has arrived and is not shown yet: the last `limit` of it. A page in the background is not drawn, so nothing takes it from here
 * for hours.
 */
export class Arrivals<T> {
  readonly #limit: number
  #items: T[] = []

  constructor(limit: number) {
    this.#limit = limit
  }

  add(item: T): void {
    // Twice as many are kept, so that one cut serves many additions.
    if (this.#items.length >= 2 * this.#limit) this.#items = this.#items.slice(-this.#limit)
    this.#items.push(item)
  }

  /** Empties it. @returns the last ones, newest first */
  take(): T[] {
    const taken = this.#items.slice(-this.#limit).reverse()
    this.#items = []
    return taken
  }
}
