import { encodeInto } from './encoding.ts'

/** Longer texts are encoded by the host, whose call costs as much as about 40 characters. */
const SHORT = 48

/** The longest text that a scratch sink keeps its memory for. */
const KEPT = 4 * 1024 * 1024

/** UTF-8 that is put together piece by piece, in memory that is used again and grows. Lone surrogates become U+FFFD. */
export class ByteSink {
  /** The first `length` of them are written. */
  bytes: Uint8Array
  length = 0

  constructor(size = 4096) {
    this.bytes = new Uint8Array(size)
  }

  /** Everything written so far; valid until the next write. */
  get written(): Uint8Array {
    return this.bytes.subarray(0, this.length)
  }

  /** Empties the buffer. */
  clear(): void {
    this.length = 0
    if (this.bytes.length > KEPT) this.bytes = new Uint8Array(KEPT)
  }

  byte(byte: number): void {
    this.reserve(1)
    this.bytes[this.length++] = byte
  }

  /** Bytes that are UTF-8. */
  raw(bytes: Uint8Array): void {
    const { length } = bytes
    this.reserve(length)
    const { bytes: own, length: at } = this
    if (length > SHORT) own.set(bytes, at)
    else for (let i = 0; i < length; i++) own[at + i] = bytes[i]!
    this.length = at + length
  }

  /** Once more what is written from one place to another. */
  again(from: number, to: number): void {
    this.reserve(to - from)
    const { bytes, length: at } = this
    const size = to - from
    if (size > SHORT) bytes.copyWithin(at, from, to)
    else for (let i = 0; i < size; i++) bytes[at + i] = bytes[from + i]!
    this.length = at + size
  }

  text(text: string): void {
    const { length } = text
    this.reserve(3 * length)
    if (length > SHORT || !this.#plain(text)) this.length += encodeInto(text, this.bytes.subarray(this.length))
  }

  /** A text as inside a JSON string. */
  escaped(text: string): void {
    if (text.length <= SHORT) {
      this.reserve(text.length)
      if (this.#plain(text)) return
    }
    this.text(SPECIAL.test(text) ? JSON.stringify(text.toWellFormed()).slice(1, -1) : text)
  }

  /** Writes a text of ASCII without special characters. @returns false: it is not such a text, and nothing was written */
  #plain(text: string): boolean {
    const { bytes, length: start } = this
    const { length } = text
    for (let i = 0; i < length; i++) {
      const unit = text.charCodeAt(i)
      if (unit > 0x7f || unit < 0x20 || unit === 0x22 || unit === 0x5c) return false
      bytes[start + i] = unit
    }
    this.length = start + length
    return true
  }

  /** Makes room for this many bytes, which the caller may write itself. */
  reserve(more: number): void {
    const needed = this.length + more
    if (needed <= this.bytes.length) return
    const larger = new Uint8Array(2 * needed)
    larger.set(this.written)
    this.bytes = larger
  }
}

/** Characters that JSON escapes, and surrogates. */
const SPECIAL = /["\\\u0000-\u001f\ud800-\udfff]/
