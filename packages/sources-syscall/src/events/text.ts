/**
 * Bytes of a parameter to text. Events repeat the same few thousand names and paths, so short texts are kept in a
 * direct-mapped table: a hit costs one pass over the bytes, allocates nothing, and gives a string whose hash is
 * already known to the sets that rules look it up in.
 */

/** Buckets of the table; a power of two. */
const SLOTS = 8192
/** Longer texts are decoded each time. */
const LONGEST = 128

const decoder = new TextDecoder('utf-8', { ignoreBOM: true })
const keys: (Uint8Array | null)[] = new Array(SLOTS).fill(null)
const texts: string[] = new Array(SLOTS).fill('')

/** Text of bytes[start, end) as UTF-8; each invalid sequence becomes U+FFFD. */
export function decodeText(bytes: Uint8Array, start: number, end: number): string {
  const length = end - start
  if (length === 0) return ''
  if (length > LONGEST) return decoder.decode(bytes.subarray(start, end))
  let hash = length
  for (let at = start; at < end; at++) hash = (Math.imul(hash, 31) + bytes[at]!) | 0
  const slot = (hash ^ (hash >>> 15)) & (SLOTS - 1)
  const key = keys[slot]!
  if (key !== null && key.length === length) {
    let at = 0
    while (at < length && key[at] === bytes[start + at]) at++
    if (at === length) return texts[slot]!
  }
  keys[slot] = bytes.slice(start, end)
  return (texts[slot] = decoder.decode(bytes.subarray(start, end)))
}
