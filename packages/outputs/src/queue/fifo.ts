/** Places of an empty queue; a power of two, as all sizes are. */
const LEAST = 64

/** First in, first out, at constant amortised cost, in a ring. */
export class Fifo<T> {
  #ring = ringOf<T>(LEAST)
  #head = 0
  #length = 0

  get length(): number {
    return this.#length
  }

  get first(): T | undefined {
    return this.#ring[this.#head]
  }

  /** The item this many places behind the first. */
  at(index: number): T | undefined {
    return index < this.#length ? this.#ring[(this.#head + index) & (this.#ring.length - 1)] : undefined
  }

  push(item: T): void {
    if (this.#length === this.#ring.length) this.#resize(2 * this.#length)
    const ring = this.#ring
    ring[(this.#head + this.#length++) & (ring.length - 1)] = item
  }

  shift(): T | undefined {
    if (this.#length === 0) return undefined
    const ring = this.#ring
    const item = ring[this.#head]
    ring[this.#head] = undefined
    this.#head = (this.#head + 1) & (ring.length - 1)
    this.#length--
    if (ring.length > LEAST && this.#length <= ring.length >> 2) this.#resize(ring.length >> 1)
    return item
  }

  clear(): void {
    this.#ring = ringOf(LEAST)
    this.#head = 0
    this.#length = 0
  }

  #resize(size: number): void {
    const ring = ringOf<T>(size)
    for (let i = 0; i < this.#length; i++) ring[i] = this.at(i)
    this.#ring = ring
    this.#head = 0
  }
}

/** Filled, so that V8 keeps rings of numbers and of objects as one kind of array, and `push` stays inline. */
function ringOf<T>(size: number): (T | undefined)[] {
  return new Array<T | undefined>(size).fill(undefined)
}
