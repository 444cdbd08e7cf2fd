/** A set of small numbers that is filled, listed and emptied again, at a cost that depends only on what is in it. */
export class Marks {
  readonly #bits: Uint32Array
  /** Bit n: the word n of #bits is not 0. */
  readonly #words: Uint32Array
  /** After `list`: the numbers, ascending. */
  readonly listed: Int32Array

  /** @param limit all numbers are below it */
  constructor(limit: number) {
    this.#bits = new Uint32Array((limit + 31) >> 5)
    this.#words = new Uint32Array((this.#bits.length + 31) >> 5)
    this.listed = new Int32Array(limit)
  }

  add(number: number): void {
    const word = number >> 5
    this.#bits[word]! |= 1 << (number & 31)
    this.#words[word >> 5]! |= 1 << (word & 31)
  }

  /** Moves the numbers to `listed`; returns how many they are. */
  list(): number {
    const { listed } = this
    let count = 0
    for (let i = 0; i < this.#words.length; i++) {
      for (let words = this.#words[i]!; words !== 0; words &= words - 1) {
        const word = i * 32 + lowest(words)
        for (let bits = this.#bits[word]!; bits !== 0; bits &= bits - 1) listed[count++] = word * 32 + lowest(bits)
        this.#bits[word] = 0
      }
      this.#words[i] = 0
    }
    return count
  }
}

/** The position of the lowest bit. */
function lowest(word: number): number {
  return 31 - Math.clz32(word & -word)
}
