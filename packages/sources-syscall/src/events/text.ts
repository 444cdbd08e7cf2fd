/**
 * Decodes parameter bytes to text. Events repeat the same few thousand names and paths, so short texts are cached in a
 * direct-mapped table. A hit costs two passes over the bytes, four at a time, allocates nothing, and returns a string
 * whose hash is already computed for lookups in the sets of the rules.
 */

/** Number of slots in the table; a power of two. */
const SLOTS = 4096
/** Longer texts are not cached. A power of two. */
const LONGEST = 128

const decoder = new TextDecoder('utf-8', { ignoreBOM: true })
/** The bytes of slot n start at n * LONGEST; lengths[n] is their number, 0 = free. */
const keys = new Uint8Array(SLOTS * LONGEST)
const keyView = new DataView(keys.buffer)
const lengths = new Uint8Array(SLOTS)
const texts: string[] = new Array(SLOTS).fill('')

/** Like `decodeText`, but cached. `view` covers `bytes` from its first byte. */
export function internText(bytes: Uint8Array, view: DataView, start: number, end: number): string {
  const length = end - start
  if (length <= 0) return ''
  if (length > LONGEST) return decodeText(bytes, start, end)
  // Whole words, then the last four bytes, which may overlap the word before.
  let hash = length
  const lastWord = end - 4
  for (let at = start; at < lastWord; at += 4) hash = (Math.imul(hash, 0x01000193) ^ view.getInt32(at, true)) | 0
  if (length >= 4) hash = Math.imul(hash, 0x01000193) ^ view.getInt32(lastWord, true)
  else for (let at = start; at < end; at++) hash = Math.imul(hash, 0x01000193) ^ bytes[at]!
  hash = Math.imul(hash ^ (hash >>> 15), 0x85ebca6b)
  const slot = (hash ^ (hash >>> 13)) & (SLOTS - 1)
  const base = slot * LONGEST
  if (lengths[slot] === length && equal(bytes, view, start, length, base)) return texts[slot]!
  keys.set(bytes.subarray(start, end), base)
  lengths[slot] = length
  return (texts[slot] = decodeText(bytes, start, end))
}

function equal(bytes: Uint8Array, view: DataView, start: number, length: number, base: number): boolean {
  if (length < 4) {
    for (let i = 0; i < length; i++) if (keys[base + i] !== bytes[start + i]) return false
    return true
  }
  const last = length - 4
  for (let i = 0; i < last; i += 4)
    if (keyView.getInt32(base + i, true) !== view.getInt32(start + i, true)) return false
  return keyView.getInt32(base + last, true) === view.getInt32(start + last, true)
}

/** Text of bytes[start, end) up to the first NUL, as UTF-8; each invalid sequence becomes U+FFFD. */
export function decodeText(bytes: Uint8Array, start: number, end: number): string {
  let stop = bytes.indexOf(0, start)
  if (stop < 0 || stop > end) stop = end
  return decoder.decode(bytes.subarray(start, stop))
}
