import type { Item } from './transport.ts'

/** What Falco's "unbounded" (capacity 0) means here: a program that runs for months needs some bound. */
export const UNBOUNDED = 1_000_000

/** Bytes that may wait for one output: five outputs together stay far below the MemoryMax of deploy/systemd. */
export const MAX_BYTES = 64 * 1024 * 1024

export interface QueueBounds {
  /** Items; 0 = UNBOUNDED. */
  readonly capacity?: number
  /** Bytes. Default MAX_BYTES. */
  readonly maxBytes?: number
  /** Which alerts a full queue drops. Default newest: the one that does not fit. */
  readonly drop?: 'oldest' | 'newest'
}

/** Memory that an item takes: its texts, and the objects around them. */
export function sizeOf(item: Item): number {
  return 1024 + 2 * item.body.length
}

/** The alerts that wait for one output: first in, first out, bounded in items and bytes. */
export interface Queue {
  /** Items that wait; those that were taken are not among them. */
  readonly length: number
  /** Bytes that they take, and those that were taken and are not done with. */
  readonly bytes: number
  /** What is queued survives the process. */
  readonly durable: boolean
  /** Another item would be refused: it need not be made. */
  readonly refuses: boolean
  /** @throws {OutputError} when a queue on disk cannot be used */
  open(): Promise<void>
  /** Never waits. @returns how many items were dropped: the new one, or the oldest ones in its place */
  push(item: Item): number
  /** The oldest items, up to `count` of up to `maxBytes` in all, but at least one if there is any. They are the caller's. */
  take(count: number, maxBytes: number): Item[] | Promise<Item[]>
  /** The oldest `count` of those that were taken are done with. */
  done(count: number): void
  /** Discards what waits; returns how many items that were. */
  clear(): number
  /** Removes what waits in memory. */
  drain(): Item[]
  /** Resolves when everything pushed so far would survive the process; a queue in memory resolves at once. */
  saved(): Promise<void>
  close(): Promise<void>
}

/** A queue in memory. An empty one takes an item of any size. */
export class MemoryQueue implements Queue {
  readonly durable = false
  readonly capacity: number
  readonly maxBytes: number
  readonly #dropsOldest: boolean
  readonly #items: Fifo<Item> = new Fifo()
  /** Sizes of those that were taken and are not done with: they take memory, too. */
  readonly #taken: Fifo<number> = new Fifo()
  #bytes = 0

  constructor({ capacity = 0, maxBytes = MAX_BYTES, drop = 'newest' }: QueueBounds = {}) {
    this.capacity = capacity > 0 ? capacity : UNBOUNDED
    this.maxBytes = maxBytes
    this.#dropsOldest = drop === 'oldest'
  }

  get length(): number {
    return this.#items.length
  }

  get bytes(): number {
    return this.#bytes
  }

  get refuses(): boolean {
    return !this.#dropsOldest && this.#full(0)
  }

  push(item: Item): number {
    const size = sizeOf(item)
    let dropped = 0
    while (this.#full(size)) {
      const oldest = this.#dropsOldest ? this.#items.shift() : undefined
      if (oldest === undefined) return dropped + 1
      this.#bytes -= sizeOf(oldest)
      dropped++
    }
    this.#items.push(item)
    this.#bytes += size
    return dropped
  }

  take(count: number, maxBytes: number): Item[] {
    const taken: Item[] = []
    let bytes = 0
    for (let item = this.#items.first; item !== undefined && taken.length < count; item = this.#items.first) {
      bytes += item.body.length
      if (bytes > maxBytes && taken.length > 0) break
      this.#items.shift()
      this.#taken.push(sizeOf(item))
      taken.push(item)
    }
    return taken
  }

  done(count: number): void {
    for (let i = 0; i < count; i++) this.#bytes -= this.#taken.shift()!
  }

  clear(): number {
    const count = this.length
    this.#items.clear()
    this.#taken.clear()
    this.#bytes = 0
    return count
  }

  drain(): Item[] {
    return this.take(Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY)
  }

  async open(): Promise<void> {}

  async saved(): Promise<void> {}

  async close(): Promise<void> {}

  #full(size: number): boolean {
    const count = this.length + this.#taken.length
    return count >= this.capacity || (count > 0 && this.#bytes + size > this.maxBytes)
  }
}

/** First in, first out, at constant amortised cost. */
export class Fifo<T> {
  #items: (T | undefined)[] = []
  #head = 0

  get length(): number {
    return this.#items.length - this.#head
  }

  get first(): T | undefined {
    return this.#items[this.#head]
  }

  push(item: T): void {
    this.#items.push(item)
  }

  shift(): T | undefined {
    const item = this.#items[this.#head]
    if (this.#head === this.#items.length) return undefined
    this.#items[this.#head++] = undefined
    // The list is copied once its removed part is the larger one.
    if (this.#head * 2 >= this.#items.length && this.#head >= 64) {
      this.#items = this.#items.slice(this.#head)
      this.#head = 0
    }
    return item
  }

  clear(): void {
    this.#items = []
    this.#head = 0
  }
}
