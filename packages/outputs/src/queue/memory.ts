import type { Item } from '../model/transport.ts'
import { Fifo } from './fifo.ts'
import { PackedItems } from './packed.ts'
import { leastRoom, type Queue, type QueueBounds, type QueueUser, UNBOUNDED } from './queue.ts'

/** Bytes that may wait for one output: five outputs together stay far below the MemoryMax of deploy/systemd. */
export const MAX_BYTES = 64 * 1024 * 1024

/** Alerts from which on a producer that can wait should wait. */
const HIGH_WATER = 512

/** Items behind that many wait as bytes: those in front may be sent soon, and to be made again costs more than to wait for a moment. */
const IN_FRONT = 4 * HIGH_WATER

/** Packed items that become items again at a time. */
const NEXT = 64

/** Memory that an item takes: its texts, and the objects around them. */
export function sizeOf(item: Item): number {
  return item.size ?? 1024 + 2 * item.body.length
}

/** A queue in memory. An empty one takes an item of any size. */
export class MemoryQueue implements Queue {
  readonly durable = false
  readonly capacity: number
  readonly maxBytes: number
  /** Kept up to date, because a storm asks for it with each alert. */
  refuses: 'queue_full' | undefined
  readonly #dropsOldest: boolean
  readonly #items: Fifo<Item> = new Fifo()
  /** Those behind them. */
  readonly #packed = new PackedItems()
  /** Sizes of those that were taken and are not done with: they take memory, too. */
  readonly #taken: Fifo<number> = new Fifo()
  #bytes = 0
  /** With less room than this, an alert is not even printed. */
  #least = 0
  #user: QueueUser | undefined

  constructor({ capacity = 0, maxBytes = MAX_BYTES, drop = 'newest' }: QueueBounds = {}) {
    this.capacity = capacity > 0 ? capacity : UNBOUNDED
    this.maxBytes = maxBytes
    this.#dropsOldest = drop === 'oldest'
  }

  get length(): number {
    return this.#items.length + this.#packed.length
  }

  get bytes(): number {
    return this.#bytes
  }

  get crowded(): boolean {
    return this.length >= HIGH_WATER
  }

  push(item: Item): void {
    const behind = this.#packed.length > 0 || this.#items.length >= IN_FRONT
    if (behind && this.#user) this.#pushPacked(item)
    else this.#pushAsItIs(item)
    this.#changed()
  }

  #pushAsItIs(item: Item): void {
    const size = sizeOf(item)
    if (this.#full(size) && !this.#makeRoom(size)) return
    this.#items.push(item)
    this.#bytes += size
  }

  #pushPacked(item: Item): void {
    const packed = this.#packed.pack(item, sizeOf)
    const { size } = packed
    if (this.#full(size) && !this.#makeRoom(size)) return
    this.#packed.push(packed)
    this.#bytes += size
  }

  /** Drops the oldest, or refuses. @returns whether there is room now */
  #makeRoom(size: number): boolean {
    while (this.#full(size)) {
      const oldest = this.#dropsOldest ? this.#dropFirst() : undefined
      this.#user?.lost('queue_full', 1)
      if (oldest === undefined) {
        this.#least = leastRoom(size, this.maxBytes)
        return false
      }
      this.#bytes -= oldest
    }
    return true
  }

  take(count: number, maxBytes: number): Item[] {
    const taken: Item[] = []
    let bytes = 0
    for (let item = this.#first(); item !== undefined && taken.length < count; item = this.#first()) {
      // Where no size is asked for, the body need not exist.
      if (maxBytes < Number.POSITIVE_INFINITY) bytes += item.body.length
      if (bytes > maxBytes && taken.length > 0) break
      this.#items.shift()
      this.#taken.push(sizeOf(item))
      taken.push(item)
    }
    return taken
  }

  #first(): Item | undefined {
    if (this.#items.length > 0) return this.#items.first
    const make = (alert: Item['alert'], size: number) => this.#user!.item(alert, size)
    for (let i = 0; i < NEXT && this.#packed.length > 0; i++) this.#items.push(this.#packed.shift(make)!)
    return this.#items.first
  }

  #shift(): Item | undefined {
    this.#first()
    return this.#items.shift()
  }

  /** @returns the size of the one that is gone; undefined: there was none */
  #dropFirst(): number | undefined {
    const first = this.#items.shift()
    return first ? sizeOf(first) : this.#packed.drop(sizeOf)
  }

  done(count: number): void {
    for (let i = 0; i < count; i++) this.#bytes -= this.#taken.shift()!
    this.#changed()
  }

  clear(): number {
    const count = this.length
    this.#items.clear()
    this.#packed.clear()
    this.#taken.clear()
    this.#bytes = 0
    this.#changed()
    return count
  }

  *drain(): Iterable<Item> {
    for (let item = this.#shift(); item !== undefined; item = this.#shift()) {
      this.#bytes -= sizeOf(item)
      this.#changed()
      yield item
    }
  }

  attach(user: QueueUser): void {
    this.#user = user
  }

  async open(): Promise<void> {}

  bury(): boolean {
    return false
  }

  async saved(): Promise<void> {}

  async close(): Promise<void> {}

  #changed(): void {
    this.refuses = !this.#dropsOldest && this.#full(this.#least) ? 'queue_full' : undefined
  }

  #full(size: number): boolean {
    const count = this.length + this.#taken.length
    return count >= this.capacity || (count > 0 && this.#bytes + size > this.maxBytes)
  }
}
