import { hashOf, sameBytes } from './byte-keys.ts'

/**
 * Decodes parameter bytes to text. Events repeat the same few thousand names and paths, so short texts are cached in a
 * direct-mapped table, from the second time on. A hit costs two passes over the bytes, four at a time, allocates nothing, and returns a string
 * whose hash is already computed for lookups in the sets of the rules.
 */

/** Number of slots in the table; a power of two. */
const SLOTS = 4096
/** Longer texts are not cached. A power of two. */
const LONGEST = 128

/** Node's way from bytes to a text, which takes half the time of a decoder and makes no other object: for ASCII. Browsers have none. */
const latin1: ((this: Uint8Array, start: number, end: number) => string) | undefined = (
  globalThis as { Buffer?: { prototype: { latin1Slice?: (this: Uint8Array, start: number, end: number) => string } } }
).Buffer?.prototype.latin1Slice
const decoder = new TextDecoder('utf-8', { ignoreBOM: true })
/** The bytes of slot n start at n * LONGEST; lengths[n] is their number, 0 = free. */
const keys = new Uint8Array(SLOTS * LONGEST)
const keyView = new DataView(keys.buffer)
const lengths = new Uint8Array(SLOTS)
const texts: string[] = new Array(SLOTS).fill('')
/** Per slot: what the last bytes that belong there gave. */
const last = new Int32Array(SLOTS)

/** Like `decodeText`, but cached. `view` covers `bytes` from its first byte. */
export function internText(bytes: Uint8Array, view: DataView, start: number, end: number): string {
  const length = end - start
  if (length <= 0) return ''
  if (length > LONGEST) return decodeText(bytes, start, end)
  const hash = hashOf(bytes, view, start, end)
  const slot = hash & (SLOTS - 1)
  const base = slot * LONGEST
  if (lengths[slot] === length && sameBytes(view, start, length, keyView, base)) return texts[slot]!
  if (last[slot] !== hash) {
    last[slot] = hash
    return decodeText(bytes, start, end)
  }
  for (let i = 0; i < length; i++) keys[base + i] = bytes[start + i]!
  lengths[slot] = length
  return (texts[slot] = decodeText(bytes, start, end))
}

/** Text of bytes[start, end) up to the first NUL, as UTF-8; each invalid sequence becomes U+FFFD. */
export function decodeText(bytes: Uint8Array, start: number, end: number): string {
  let stop = start
  let all = 0
  for (; stop < end; stop++) {
    const byte = bytes[stop]!
    if (byte === 0) break
    all |= byte
  }
  return all < 0x80 && latin1 !== undefined
    ? latin1.call(bytes, start, stop)
    : decoder.decode(bytes.subarray(start, stop))
}
