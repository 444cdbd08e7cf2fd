import { tokensOf } from '../json/pointer.ts'
import { type Key, Keys } from './keys.ts'
import { plainStringEnd, valueEnd } from './syntax.ts'

/** Reads an event as bytes, from its first to its last, and notes where a few values are. It makes no object. */
export class EventScan {
  /** Per pointer: where its value begins and ends. Only true of the values that `has` says are there. */
  readonly starts: Int32Array
  readonly ends: Int32Array
  readonly #root = new Keys()
  readonly #bits: number[] = []
  #keys = 0
  /** The keys that the last event has, of those that are looked at. */
  #seen = 0

  constructor(pointers: readonly string[]) {
    this.starts = new Int32Array(pointers.length)
    this.ends = new Int32Array(pointers.length)
    for (const [note, pointer] of pointers.entries()) {
      const tokens = tokensOf(pointer)
      let keys = this.#root
      for (const token of tokens.slice(0, -1)) {
        const key = keys.get(token) ?? this.#add(keys, token)
        keys = key.inner ??= new Keys()
      }
      const key = this.#add(keys, tokens.at(-1)!)
      key.note = note
      this.#bits.push(key.bit)
    }
  }

  #add(keys: Keys, name: string): Key {
    if (this.#keys === 31) throw new RangeError('too many keys')
    return keys.add(name, 1 << this.#keys++)
  }

  has(note: number): boolean {
    return (this.#seen & this.#bits[note]!) !== 0
  }

  /**
   * Returns where the event that begins at `at` ends; -1: it is not compact JSON, has a key twice, or one of the values is more than
   * a plain text, number or constant.
   */
  run(b: Uint8Array, at: number): number {
    if (b[at] !== 0x7b) return -1
    seen = 0
    const end = objectEnd(b, at + 1, this.#root, this.starts, this.ends)
    this.#seen = seen
    return end
  }
}

/** Bits of the keys that were found. Beside the object, since it changes with every key. */
let seen = 0

function objectEnd(b: Uint8Array, i: number, keys: Keys, starts: Int32Array, ends: Int32Array): number {
  if (b[i] === 0x7d) return i + 1
  for (;;) {
    if (b[i] !== 0x22) return -1
    const from = i + 1
    // A key with an escape may be any of those that are looked at.
    i = plainStringEnd(b, from)
    if (i < 0 || b[i] !== 0x3a) return -1
    const key = keys.find(b, from, i - 1)
    i++
    if (key === undefined) i = valueEnd(b, i)
    else {
      // Of two values, JSON.parse takes the last.
      if ((seen & key.bit) !== 0) return -1
      seen |= key.bit
      if (key.inner === undefined) {
        starts[key.note] = i
        i = scalarEnd(b, i)
        ends[key.note] = i
      } else i = b[i] === 0x7b ? objectEnd(b, i + 1, key.inner, starts, ends) : valueEnd(b, i)
    }
    if (i < 0) return -1
    const c = b[i++]
    if (c === 0x7d) return i
    if (c !== 0x2c) return -1
  }
}

function scalarEnd(b: Uint8Array, i: number): number {
  const c = b[i]
  if (c === 0x22) return plainStringEnd(b, i + 1)
  return c === 0x7b || c === 0x5b ? -1 : valueEnd(b, i)
}
