/** Maximum space after the requested bytes, so that the rest of a block does not make the buffer grow. */
const LEFT_OVER = 128 << 10

/** The part of a capture that is in memory: blocks from `at` on, up to `limit`. */
export class Window {
  bytes: Uint8Array = new Uint8Array(0)
  view: DataView = new DataView(this.bytes.buffer)
  /** The same bytes, four at a time: for a loop over headers, on machines with the byte order of captures. */
  words: Int32Array = new Int32Array(this.bytes.buffer)
  at = 0
  limit = 0
  /** Offset of the first byte in the capture. */
  #base = 0

  /** Bytes of the capture read so far. */
  get offset(): number {
    return this.#base + this.at
  }

  /** Room for `size` more bytes: write to it, then call `filled`. Only a block that is not complete is moved. */
  space(size: number): Uint8Array {
    const rest = this.limit - this.at
    if (rest + size > this.bytes.length) {
      // Whole words, so that blocks, whose lengths are multiples of four, stay aligned.
      const grown = new Uint8Array((Math.max(rest * 2, rest + size + Math.min(size, LEFT_OVER)) + 3) & ~3)
      grown.set(this.bytes.subarray(this.at, this.limit))
      this.bytes = grown
      this.view = new DataView(grown.buffer)
      this.words = new Int32Array(grown.buffer)
    } else if (this.at > 0) {
      this.bytes.copyWithin(0, this.at, this.limit)
    }
    this.#base += this.at
    this.at = 0
    this.limit = rest
    return this.bytes.subarray(rest, rest + size)
  }

  /** Call it after writing `count` bytes to the array that `space` returned. */
  filled(count: number): void {
    this.limit += count
  }
}
