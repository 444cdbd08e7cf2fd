import { int64 } from '../events/integers.ts'
import { internText } from '../events/text.ts'
import { CaptureError } from './capture-error.ts'

/** By the lowest bits: a number that was read lately. Processes have most of theirs in common: capabilities, times of programs. */
const lately: bigint[] = new Array(256).fill(0n)

/** The same number, as one object for all that have it. */
function shared(value: bigint): bigint {
  const slot = Number(BigInt.asUintN(8, value))
  return lately[slot] === value ? lately[slot] : (lately[slot] = value)
}

/** Reads the fields of a table block in order. @throws {CaptureError} `corrupt` if a field is out of bounds. */
export class Cursor {
  readonly #bytes: Uint8Array
  readonly #view: DataView
  #at: number
  #end: number
  /** Offset of the block in the capture, for errors. */
  readonly #blockOffset: number

  constructor(bytes: Uint8Array, view: DataView, at: number, end: number, blockOffset: number) {
    this.#bytes = bytes
    this.#view = view
    this.#at = at
    this.#end = end
    this.#blockOffset = blockOffset
  }

  get remaining(): number {
    return this.#end - this.#at
  }

  /** A cursor over the next `length` bytes, which this one skips. */
  part(length: number, what: string): Cursor {
    return new Cursor(this.#bytes, this.#view, this.#take(length, what), this.#at, this.#blockOffset)
  }

  fail(message: string): never {
    throw new CaptureError('corrupt', `corrupted input file: ${message}`, this.#blockOffset)
  }

  u8(what: string): number {
    return this.#bytes[this.#take(1, what)]!
  }

  u16(what: string): number {
    return this.#view.getUint16(this.#take(2, what), true)
  }

  u32(what: string): number {
    return this.#view.getUint32(this.#take(4, what), true)
  }

  u64(what: string): bigint {
    return shared(this.#view.getBigUint64(this.#take(8, what), true))
  }

  /** A signed 64-bit number that fits a double: ids, descriptors. */
  i64Number(what: string): number {
    return int64(this.#view, this.#take(8, what))
  }

  /** A copy of the next `length` bytes. */
  copy(length: number, what: string): Uint8Array {
    const at = this.#take(length, what)
    return this.#bytes.slice(at, at + length)
  }

  /** A u16 length and that many bytes. */
  text(limit: number, what: string): string {
    return this.fixedText(this.#textLength(limit, what), what)
  }

  /** A u16 length and that many bytes of NUL-terminated strings. */
  texts(limit: number, what: string): string[] {
    const length = this.#textLength(limit, what)
    let start = this.#take(length, what)
    const list: string[] = []
    while (start < this.#at) {
      let end = start
      while (end < this.#at && this.#bytes[end] !== 0) end++
      list.push(internText(this.#bytes, this.#view, start, end))
      start = end + 1
    }
    return list
  }

  /** Text of a field of `length` bytes, up to its first NUL. */
  fixedText(length: number, what: string): string {
    const start = this.#take(length, what)
    return internText(this.#bytes, this.#view, start, this.#at)
  }

  #textLength(limit: number, what: string): number {
    const length = this.u16(what)
    if (length > limit) this.fail(`invalid length ${length} of ${what}`)
    return length
  }

  #take(length: number, what: string): number {
    const at = this.#at
    if (length > this.#end - at) this.fail(`${what} is longer than what it is part of`)
    this.#at = at + length
    return at
  }
}
