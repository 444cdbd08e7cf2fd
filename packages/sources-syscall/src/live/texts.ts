/** Of the texts that rules look for in paths, what the kernel looks for: four bytes of each. */
import { TOO_LONG } from '../state/paths.ts'
import { CASE_BIT, MAX_TEXTS } from './wire.ts'

const BYTES = 4
const SLASH = 0x2f
/** From the most frequent in paths on. */
const FREQUENT = 'eiastnorlcdupm0123.hgfbyv-k4567_89wxjqz'

const encoder = new TextEncoder()

/**
 * As MAX_TEXTS in native/wire.h says; undefined: not each text has such bytes, there are too many, or names that stand for paths have one.
 * @param directories they are looked for in directories' own paths, of which a text may be in part: what is looked for lies in its first name
 */
export function searchedBytes(texts: readonly string[], directories = false): Uint32Array | undefined {
  const found = new Set<number>()
  for (const text of texts) {
    if (text.includes('\ufffd') || TOO_LONG.toLowerCase().includes(text)) return undefined
    const best = rarest(encoder.encode(directories ? firstName(text) : text), directories)
    if (best === undefined) return undefined
    found.add(best)
  }
  return found.size > MAX_TEXTS ? undefined : Uint32Array.from(found)
}

/** With the slash in front of it. */
function firstName(text: string): string {
  const end = text.indexOf('/', 1)
  return end < 0 ? text : text.slice(0, end)
}

/**
 * The four bytes of one name that are likely to occur in the fewest paths, as a number, lowest byte first.
 * @param slash whether the slash in front of the name may be one of them
 */
function rarest(bytes: Uint8Array, slash: boolean): number | undefined {
  let best: number | undefined
  let least = -1
  for (let at = 0; at + BYTES <= bytes.length; at++) {
    const part = bytes.subarray(at, at + BYTES)
    if (part.lastIndexOf(SLASH) >= (slash ? 1 : 0)) continue
    const rank = part.reduce((sum, byte) => sum + rankOf(byte), 0)
    if (rank <= least) continue
    least = rank
    best = part.reduce((number, byte, i) => number | ((byte | CASE_BIT) << (8 * i)), 0) >>> 0
  }
  return best
}

function rankOf(byte: number): number {
  const at = FREQUENT.indexOf(String.fromCharCode(byte | CASE_BIT))
  return at < 0 ? FREQUENT.length : at
}
