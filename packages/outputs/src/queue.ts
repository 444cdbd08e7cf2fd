/** What Falco's "unbounded" (capacity 0) means here: a program that runs for months needs some bound. */
export const UNBOUNDED = 1_000_000

/** Bytes that may wait for one output: five outputs together stay far below the MemoryMax of deploy/systemd. */
export const MAX_BYTES = 64 * 1024 * 1024

export interface QueueBounds {
  /** Items; 0 = UNBOUNDED. */
  readonly capacity?: number
  /** Bytes. Default MAX_BYTES. */
  readonly maxBytes?: number
}

/** First in, first out, bounded in items and bytes. What does not fit is refused. */
export class BoundedQueue<T> {
  readonly capacity: number
  readonly maxBytes: number
  readonly #sizeOf: (item: T) => number
  #items: (T | undefined)[] = []
  #head = 0
  #bytes = 0

  /** @param sizeOf the bytes of memory that an item takes */
  constructor({ capacity = 0, maxBytes = MAX_BYTES }: QueueBounds, sizeOf: (item: T) => number) {
    this.capacity = capacity > 0 ? capacity : UNBOUNDED
    this.maxBytes = maxBytes
    this.#sizeOf = sizeOf
  }

  get length(): number {
    return this.#items.length - this.#head
  }

  get bytes(): number {
    return this.#bytes
  }

  /** False: full, the item was not taken. An empty queue takes an item of any size. */
  push(item: T): boolean {
    const size = this.#sizeOf(item)
    if (this.length >= this.capacity) return false
    if (this.#bytes + size > this.maxBytes && this.length > 0) return false
    this.#items.push(item)
    this.#bytes += size
    return true
  }

  /** Up to `count` items of up to `maxBytes` in all, but at least one; oldest first. They stay in the queue. */
  peek(count: number, maxBytes = Number.POSITIVE_INFINITY): T[] {
    const limit = Math.min(this.#head + count, this.#items.length)
    let end = this.#head
    for (let bytes = 0; end < limit; end++) {
      bytes += this.#sizeOf(this.#items[end]!)
      if (bytes > maxBytes && end > this.#head) break
    }
    return this.#items.slice(this.#head, end) as T[]
  }

  /** Removes the oldest `count` items. */
  remove(count: number): void {
    const end = Math.min(this.#head + count, this.#items.length)
    for (let i = this.#head; i < end; i++) {
      this.#bytes -= this.#sizeOf(this.#items[i]!)
      this.#items[i] = undefined
    }
    this.#head = end
    // The list is copied once its removed part is the larger one: amortised constant time per item.
    if (this.#head * 2 >= this.#items.length) {
      this.#items = this.#items.slice(this.#head)
      this.#head = 0
    }
  }

  /** Empties the queue; returns how many items were in it. */
  clear(): number {
    const count = this.length
    this.#items = []
    this.#head = 0
    this.#bytes = 0
    return count
  }
}
