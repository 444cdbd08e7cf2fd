const TWO_32 = 4294967296
const encoder = new TextEncoder()

/** A growable buffer of little-endian fields. Growing may replace the buffer, so methods make room before they access it. */
export class ByteWriter {
  length = 0
  /** Number of texts cut to their limit. */
  truncated = 0
  #buffer = new Uint8Array(1 << 12)
  #data = new DataView(this.#buffer.buffer)

  /** The bytes written, valid until the next write. */
  view(): Uint8Array {
    return this.#buffer.subarray(0, this.length)
  }

  clear(): void {
    this.length = 0
  }

  u8(value: number): void {
    const at = this.#grow(1)
    this.#buffer[at] = value
  }

  u16(value: number): void {
    const at = this.#grow(2)
    this.#data.setUint16(at, value, true)
  }

  u32(value: number): void {
    const at = this.#grow(4)
    this.#data.setUint32(at, value, true)
  }

  u64(value: bigint): void {
    const at = this.#grow(8)
    this.#data.setBigUint64(at, value, true)
  }

  /** A signed 64-bit number that fits a double. */
  i64(value: number): void {
    const at = this.#grow(8)
    this.#data.setUint32(at, value >>> 0, true)
    this.#data.setInt32(at + 4, Math.floor(value / TWO_32), true)
  }

  bytes(bytes: Uint8Array): void {
    const at = this.#grow(bytes.length)
    this.#buffer.set(bytes, at)
  }

  range(bytes: Uint8Array, start: number, end: number): void {
    this.bytes(bytes.subarray(start, end))
  }

  zeros(count: number): void {
    const at = this.#grow(count)
    this.#buffer.fill(0, at, at + count)
  }

  /** Writes UTF-8 without a length, cut to `limit` bytes. @returns the number of bytes written */
  rawText(text: string, limit: number): number {
    let bytes = encoder.encode(text)
    if (bytes.length > limit) {
      bytes = bytes.subarray(0, limit)
      this.truncated++
    }
    this.bytes(bytes)
    return bytes.length
  }

  /** A u16 length, then UTF-8. */
  text(text: string, limit: number): void {
    const at = this.reserveShort()
    this.setShort(at, this.rawText(text, limit))
  }

  /** A u16 length, then NUL-terminated texts. */
  texts(list: readonly string[], limit: number): void {
    this.text(list.map(text => `${text}\0`).join(''), limit)
  }

  /** UTF-8 in a field of `size` bytes, padded with at least one NUL. */
  fixedText(text: string, size: number): void {
    this.zeros(size - this.rawText(text, size - 1))
  }

  reserveShort(): number {
    return this.#grow(2)
  }

  setShort(at: number, value: number): void {
    this.#data.setUint16(at, value, true)
  }

  reserveLength(): number {
    return this.#grow(4)
  }

  setLength(at: number, value: number): void {
    this.#data.setUint32(at, value, true)
  }

  #grow(count: number): number {
    const at = this.length
    const length = at + count
    if (length > this.#buffer.length) {
      const grown = new Uint8Array(Math.max(this.#buffer.length * 2, length))
      grown.set(this.#buffer)
      this.#buffer = grown
      this.#data = new DataView(grown.buffer)
    }
    this.length = length
    return at
  }
}
