import { sameBytes } from '../events/byte-keys.ts'
import { decodeText } from '../events/text.ts'

const encoder = new TextEncoder()
const SPACE = 0x20

/** Where recorders cut the arguments of a program, argv[0] among them, and its environment. */
export const MAX_LIST_BYTES = 4096

/**
 * A list of strings in the kernel's format, NUL-separated bytes, split on first use: argv[1..], an environment. Immutable,
 * so that threads which inherit it can share it.
 */
export class StringList {
  private split: readonly string[] | null = null
  private joined: string | null = null
  /** As a text, which takes less memory, until bytes are asked for. */
  private source: Uint8Array | string
  private view: DataView | null = null

  /** @param source each string with its NUL; bytes must not be shared with or modified by the caller */
  constructor(source: Uint8Array | string) {
    this.source = source
  }

  get items(): readonly string[] {
    const source = this.source
    this.split ??= typeof source === 'string' ? source.split('\0').slice(0, -1) : splitStrings(source)
    return this.split
  }

  /** The strings, joined by single spaces. */
  get text(): string {
    const source = this.source
    this.joined ??= typeof source === 'string' || this.split !== null ? this.items.join(' ') : joinStrings(source)
    return this.joined
  }

  /** Bytes that the strings take, each with its NUL. */
  get size(): number {
    return this.bytes().length
  }

  private bytes(): Uint8Array {
    if (typeof this.source === 'string') this.source = encoder.encode(this.source)
    return this.source
  }

  /** True if the list was built from the bytes of `view` from `start` to `end`. */
  madeFrom(view: DataView, start: number, end: number): boolean {
    const own = this.bytes()
    if (own.length !== end - start) return false
    this.view ??= new DataView(own.buffer, own.byteOffset, own.length)
    return sameBytes(view, start, own.length, this.view, 0)
  }
}

export const EMPTY_LIST = new StringList('')

/** Splits a NUL-separated list; a trailing NUL terminates the last string. */
export function splitStrings(bytes: Uint8Array): string[] {
  const out: string[] = []
  let from = 0
  for (let i = 0; i < bytes.length; i++) {
    if (bytes[i] !== 0) continue
    out.push(decodeText(bytes, from, i))
    from = i + 1
  }
  if (from < bytes.length) out.push(decodeText(bytes, from, bytes.length))
  return out
}

/** For the bytes of one list at a time, and the same as words of four bytes. */
const scratch = new Uint8Array(2 * MAX_LIST_BYTES)
const words = new Int32Array(scratch.buffer)

/** Like `splitStrings(bytes).join(' ')`, for lists that are read as a whole: an environment has fifty strings. */
function joinStrings(bytes: Uint8Array): string {
  const end = bytes[bytes.length - 1] === 0 ? bytes.length - 1 : bytes.length
  if (end > scratch.length) return splitStrings(bytes).join(' ')
  scratch.set(end === bytes.length ? bytes : bytes.subarray(0, end))
  for (let word = 0; word << 2 < end; word++) {
    const four = words[word]!
    // Not 0 if one of the four bytes is.
    if (((four - 0x01010101) & ~four & 0x80808080) === 0) continue
    for (let i = word << 2; i < (word << 2) + 4; i++) if (scratch[i] === 0) scratch[i] = SPACE
  }
  return decodeText(scratch, 0, end)
}
