/** The sets of rules that occur in one bucket, each with a small number, and a cache of their intersections. */
export class SetTable {
  /** Words per set. */
  readonly width: number
  /** The set to be interned is assembled here. */
  readonly scratch: Uint32Array
  /** How often the table was full and was cleared. Numbers given before are invalid. */
  clears = 0
  readonly #capacity: number
  #size = 0
  #words: Uint32Array
  #members: Int32Array[] = []
  /** Open addressing: set number + 1, 0 for free. */
  #slots = new Int32Array(64)
  /** Direct-mapped cache of intersections: the pair of numbers, and the result. */
  readonly #pairs = new Float64Array(PAIRS).fill(-1)
  readonly #meets = new Int32Array(PAIRS)

  /** @param elements sets hold numbers below it @param capacity most sets before the table is cleared */
  constructor(elements: number, capacity = 4096) {
    this.width = Math.max(1, (elements + 31) >> 5)
    this.scratch = new Uint32Array(this.width)
    this.#capacity = capacity
    this.#words = new Uint32Array(this.width * 16)
  }

  get size(): number {
    return this.#size
  }

  /** The number of the set in `scratch`. May clear the table first: see `clears`. */
  intern(): number {
    const found = this.#find()
    if (found >= 0) return found
    if (this.#size === this.#capacity) this.#clear()
    const id = this.#size++
    if (this.#words.length < this.#size * this.width) {
      const grown = new Uint32Array(this.#words.length * 2)
      grown.set(this.#words)
      this.#words = grown
    }
    this.#words.set(this.scratch, id * this.width)
    this.#members.push(membersOf(this.scratch))
    if (this.#size * 2 > this.#slots.length) {
      this.#slots = new Int32Array(this.#slots.length * 2)
      for (let i = 0; i < this.#size; i++) this.#place(i, this.#hash(this.#words, i * this.width))
    } else this.#place(id, this.#hash(this.scratch, 0))
    return id
  }

  has(id: number, element: number): boolean {
    return ((this.#words[id * this.width + (element >> 5)]! >>> (element & 31)) & 1) === 1
  }

  /** The elements of a set, ascending. Of -1, the empty set: none. */
  members(id: number): Int32Array {
    return id < 0 ? NONE : this.#members[id]!
  }

  /** The number of the intersection of two sets, -1 when it is empty. */
  meet(a: number, b: number): number {
    const pair = a * PAIR_STRIDE + b
    const slot = (a * 31 + b) & (PAIRS - 1)
    if (this.#pairs[slot] === pair) return this.#meets[slot]!
    const clears = this.clears
    let any = 0
    for (let i = 0; i < this.width; i++) {
      const word = this.#words[a * this.width + i]! & this.#words[b * this.width + i]!
      this.scratch[i] = word
      any |= word
    }
    const id = any === 0 ? -1 : this.intern()
    // After a clear the numbers of the pair are invalid.
    if (clears === this.clears) {
      this.#pairs[slot] = pair
      this.#meets[slot] = id
    }
    return id
  }

  #find(): number {
    const mask = this.#slots.length - 1
    for (let at = this.#hash(this.scratch, 0) & mask; ; at = (at + 1) & mask) {
      const id = this.#slots[at]! - 1
      if (id < 0) return -1
      if (this.#isScratch(id)) return id
    }
  }

  #isScratch(id: number): boolean {
    for (let i = 0; i < this.width; i++) if (this.#words[id * this.width + i] !== this.scratch[i]) return false
    return true
  }

  #place(id: number, hash: number): void {
    const mask = this.#slots.length - 1
    let at = hash & mask
    while (this.#slots[at] !== 0) at = (at + 1) & mask
    this.#slots[at] = id + 1
  }

  #hash(words: Uint32Array, from: number): number {
    let hash = 0x811c9dc5
    for (let i = 0; i < this.width; i++) {
      const word = words[from + i]!
      hash = Math.imul(hash ^ (word & 0xffff), 0x01000193)
      hash = Math.imul(hash ^ (word >>> 16), 0x01000193)
    }
    return hash ^ (hash >>> 15)
  }

  #clear(): void {
    this.clears++
    this.#size = 0
    this.#members = []
    this.#slots.fill(0)
    this.#pairs.fill(-1)
  }
}

const NONE = new Int32Array(0)
const PAIRS = 1024
/** Greater than any set's number, so that each pair has a number of its own. */
const PAIR_STRIDE = 1 << 20

function membersOf(words: Uint32Array): Int32Array {
  const members: number[] = []
  words.forEach((word, i) => {
    for (let bit = 0; bit < 32; bit++) if ((word >>> bit) & 1) members.push(i * 32 + bit)
  })
  return Int32Array.from(members)
}
