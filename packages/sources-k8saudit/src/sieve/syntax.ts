/** JSON read byte by byte, without white space between its tokens: how the API server writes it. Anything else is left to JSON.parse. */

/** Deeper values are left to JSON.parse, too. */
const MAX_DEPTH = 100

/** Returns where the value at `i` ends; -1: it is malformed, or not compact. The bytes end with one below a space. */
export function valueEnd(b: Uint8Array, i: number, depth = 0): number {
  switch (b[i]) {
    case 0x22: // "
      return stringEnd(b, i + 1)
    case 0x7b: // {
      return depth === MAX_DEPTH ? -1 : objectEnd(b, i + 1, depth + 1)
    case 0x5b: // [
      return depth === MAX_DEPTH ? -1 : arrayEnd(b, i + 1, depth + 1)
    case 0x74: // t
      return b[i + 1] === 0x72 && b[i + 2] === 0x75 && b[i + 3] === 0x65 ? i + 4 : -1
    case 0x66: // f
      return b[i + 1] === 0x61 && b[i + 2] === 0x6c && b[i + 3] === 0x73 && b[i + 4] === 0x65 ? i + 5 : -1
    case 0x6e: // n
      return b[i + 1] === 0x75 && b[i + 2] === 0x6c && b[i + 3] === 0x6c ? i + 4 : -1
    default:
      return numberEnd(b, i)
  }
}

function objectEnd(b: Uint8Array, i: number, depth: number): number {
  if (b[i] === 0x7d) return i + 1
  for (;;) {
    if (b[i] !== 0x22) return -1
    i = stringEnd(b, i + 1)
    if (i < 0 || b[i] !== 0x3a) return -1
    i = valueEnd(b, i + 1, depth)
    if (i < 0) return -1
    const c = b[i++]
    if (c === 0x7d) return i
    if (c !== 0x2c) return -1
  }
}

function arrayEnd(b: Uint8Array, i: number, depth: number): number {
  if (b[i] === 0x5d) return i + 1
  for (;;) {
    i = valueEnd(b, i, depth)
    if (i < 0) return -1
    const c = b[i++]
    if (c === 0x5d) return i
    if (c !== 0x2c) return -1
  }
}

/** Returns what follows the closing quote of the string whose first character is at `i`. */
function stringEnd(b: Uint8Array, i: number): number {
  for (;;) {
    let c = b[i++]!
    while (c > 0x22 && c !== 0x5c) {
      c = b[i]!
      // Tells V8 that it cannot overflow: an eighth of the time.
      i = (i + 1) | 0
    }
    if (c === 0x22) return i
    if (c === 0x5c) {
      if (b[i] !== 0x75) {
        if (!isEscape(b[i]!)) return -1
        i++
      } else {
        if (!(isHex(b[i + 1]!) && isHex(b[i + 2]!) && isHex(b[i + 3]!) && isHex(b[i + 4]!))) return -1
        i += 5
      }
    } else if (!(c >= 0x20)) return -1
  }
}

/** As stringEnd, but -1 where there is an escape. */
export function plainStringEnd(b: Uint8Array, i: number): number {
  for (;;) {
    let c = b[i++]!
    while (c > 0x22 && c !== 0x5c) {
      c = b[i]!
      // Tells V8 that it cannot overflow: an eighth of the time.
      i = (i + 1) | 0
    }
    if (c === 0x22) return i
    if (c === 0x5c || !(c >= 0x20)) return -1
  }
}

function numberEnd(b: Uint8Array, i: number): number {
  if (b[i] === 0x2d) i++
  const first = i
  i = digitsEnd(b, i)
  if (i === first || (b[first] === 0x30 && i > first + 1)) return -1
  if (b[i] === 0x2e) {
    const from = ++i
    i = digitsEnd(b, i)
    if (i === from) return -1
  }
  if (b[i] === 0x65 || b[i] === 0x45) {
    i++
    if (b[i] === 0x2b || b[i] === 0x2d) i++
    const from = i
    i = digitsEnd(b, i)
    if (i === from) return -1
  }
  return i
}

export function digitsEnd(b: Uint8Array, i: number): number {
  while (b[i]! >= 0x30 && b[i]! <= 0x39) i++
  return i
}

/** What may follow a backslash, but `u`: " / \ b f n r t */
const isEscape = (c: number): boolean =>
  c === 0x22 || c === 0x2f || c === 0x5c || c === 0x62 || c === 0x66 || c === 0x6e || c === 0x72 || c === 0x74

const isHex = (c: number): boolean => (c >= 0x30 && c <= 0x39) || (c >= 0x41 && c <= 0x46) || (c >= 0x61 && c <= 0x66)
