/** Capacity that stands for Falco's "unbounded" (0): a queue of a program that runs for months needs some bound. */
export const UNBOUNDED = 1_000_000

/** First in, first out, with a bound. What does not fit is refused, never silently dropped. */
export class BoundedQueue<T> {
  readonly capacity: number
  #items: T[] = []
  #head = 0

  /** @param capacity in items; 0 = UNBOUNDED */
  constructor(capacity: number) {
    this.capacity = capacity > 0 ? capacity : UNBOUNDED
  }

  get length(): number {
    return this.#items.length - this.#head
  }

  /** False: full, the item was not taken. */
  push(item: T): boolean {
    if (this.length >= this.capacity) return false
    this.#items.push(item)
    return true
  }

  /** Removes and returns up to `count` items, oldest first. */
  take(count: number): T[] {
    const end = Math.min(this.#head + count, this.#items.length)
    const taken = this.#items.slice(this.#head, end)
    this.#head = end
    // The taken part is given back once it is the larger one: amortised constant time per item.
    if (this.#head * 2 >= this.#items.length) {
      this.#items = this.#items.slice(this.#head)
      this.#head = 0
    }
    return taken
  }

  /** Empties the queue; returns how many items were in it. */
  clear(): number {
    const count = this.length
    this.#items = []
    this.#head = 0
    return count
  }
}
