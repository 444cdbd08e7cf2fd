/** With fewer texts a map costs no more. */
const MANY = 256
/** Bits per text. If digests are uniform, one other text in this many passes. */
const BITS = 16
const SAMPLES = 8

/** A set of texts with false positives: a bit for each digest of a text's length and some of its characters. */
export class TextFilter {
  readonly #bits: Uint32Array
  readonly #shift: number

  static of(values: readonly unknown[]): TextFilter | undefined {
    const texts = values.filter(value => typeof value === 'string')
    return texts.length < MANY ? undefined : new TextFilter(texts)
  }

  private constructor(texts: readonly string[]) {
    const log = Math.min(24, Math.ceil(Math.log2(texts.length * BITS)))
    this.#bits = new Uint32Array(2 ** log / 32)
    this.#shift = 32 - log
    for (const text of texts) {
      const bit = digest(text) >>> this.#shift
      this.#bits[bit >> 5]! |= 1 << (bit & 31)
    }
  }

  has(text: string): boolean {
    const bit = digest(text) >>> this.#shift
    return ((this.#bits[bit >> 5]! >>> (bit & 31)) & 1) === 1
  }
}

function digest(text: string): number {
  const { length } = text
  let hash = length
  for (let i = 0; i < length; i += 1 + ((length / SAMPLES) | 0)) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193)
  return Math.imul(length === 0 ? hash : hash ^ text.charCodeAt(length - 1), 0x9e3779b1)
}
