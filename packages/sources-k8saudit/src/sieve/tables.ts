/** Look-ups of bytes and of numbers, of bounded size and time, without an object per look-up. */

/** Slots that a look-up tries. Whoever makes values collide gets them parsed. */
const MAX_PROBES = 16

/** No number: the table is full, or too many collide. */
export const NONE = -1

/** Longer values are not kept. */
const MAX_LENGTH = 256

/** Numbers byte strings from 1, each the same as long as the table is not cleared. */
export class ValueTable {
  readonly #slots: Uint16Array
  readonly #bytes: Uint8Array
  readonly #starts: Uint32Array
  #count = 0
  /** The number that was looked up last: most events are like the one before in most respects. 0 = none. */
  #last = 0

  /** @param size how many, a power of 2 */
  constructor(size: number) {
    this.#slots = new Uint16Array(2 * size)
    this.#starts = new Uint32Array(size + 1)
    this.#bytes = new Uint8Array(64 * size)
  }

  /** The number of the bytes from `from` to `to`, a new one if they are new. */
  number(b: Uint8Array, from: number, to: number): number {
    if (this.#last > 0 && this.#is(this.#last, b, from, to)) return this.#last
    const number = this.#find(b, from, to)
    this.#last = number
    return number
  }

  #find(b: Uint8Array, from: number, to: number): number {
    const slots = this.#slots
    const mask = slots.length - 1
    let hash = to - from
    let i = from
    for (; i + 3 < to; i += 4)
      hash = Math.imul(hash, 0x01000193) ^ (b[i]! | (b[i + 1]! << 8) | (b[i + 2]! << 16) | (b[i + 3]! << 24))
    for (; i < to; i++) hash = Math.imul(hash, 0x01000193) ^ b[i]!
    let slot = Math.imul(hash, 0x9e3779b1) >>> 8
    for (let probe = 0; probe < MAX_PROBES; probe++) {
      const number = slots[(slot &= mask)]!
      if (number === 0) return this.#add(b, from, to, slot)
      if (this.#is(number, b, from, to)) return number
      slot++
    }
    return NONE
  }

  #is(number: number, b: Uint8Array, from: number, to: number): boolean {
    const kept = this.#bytes
    let at = this.#starts[number]!
    if (at - this.#starts[number - 1]! !== to - from) return false
    // Names differ towards their end.
    for (let i = to - 1; i >= from; i--) if (kept[--at] !== b[i]) return false
    return true
  }

  #add(b: Uint8Array, from: number, to: number, slot: number): number {
    const start = this.#starts[this.#count]!
    const end = start + to - from
    if (to - from > MAX_LENGTH || this.#count + 1 === this.#starts.length || end > this.#bytes.length) return NONE
    this.#bytes.set(b.subarray(from, to), start)
    this.#starts[++this.#count] = end
    this.#slots[slot] = this.#count
    return this.#count
  }

  clear(): void {
    this.#slots.fill(0)
    this.#count = 0
    this.#last = 0
  }
}

/** Numbers pairs of integers, the left ones numbers of this table or 0, from 1. */
export class PairTable {
  readonly #slots: Uint16Array
  readonly #left: Uint16Array
  readonly #right: Int32Array
  #count = 0

  /** @param size how many, a power of 2, at most 32768 */
  constructor(size: number) {
    this.#slots = new Uint16Array(2 * size)
    this.#left = new Uint16Array(size + 1)
    this.#right = new Int32Array(size + 1)
  }

  number(left: number, right: number): number {
    const slots = this.#slots
    const mask = slots.length - 1
    let slot = Math.imul(Math.imul(left, 0x9e3779b1) ^ right, 0x85ebca6b) >>> 8
    for (let probe = 0; probe < MAX_PROBES; probe++) {
      const number = slots[(slot &= mask)]!
      if (number === 0) return this.#add(left, right, slot)
      if (this.#left[number] === left && this.#right[number] === right) return number
      slot++
    }
    return NONE
  }

  #add(left: number, right: number, slot: number): number {
    if (this.#count + 1 === this.#left.length) return NONE
    this.#left[++this.#count] = left
    this.#right[this.#count] = right
    this.#slots[slot] = this.#count
    return this.#count
  }

  clear(): void {
    this.#slots.fill(0)
    this.#count = 0
  }
}
