/**
 * How deeply audit JSON may be nested. V8 parses any depth, but writes JSON (which `jevt.obj` and others need) by
 * recursion, which at some 7000 levels runs out of stack. The API server itself reads no more than 10,000 levels, of
 * which no real object needs even 100.
 */
export const MAX_DEPTH = 2000

/** True when JSON text is nested deeper than MAX_DEPTH. Text too short to be so is not looked at. */
export function isTooDeep(text: string): boolean {
  if (text.length <= 2 * MAX_DEPTH) return false
  let depth = 0
  for (let i = 0; i < text.length; i++) {
    switch (text.charCodeAt(i)) {
      case 0x5b: // [
      case 0x7b: // {
        if (++depth > MAX_DEPTH) return true
        break
      case 0x5d: // ]
      case 0x7d: // }
        depth--
        break
      case 0x22: // "
        i = closingQuote(text, i)
        if (i < 0) return false
        break
    }
  }
  return false
}

/** Where the string that opens at `start` closes; -1 when it does not. */
export function closingQuote(text: string, start: number): number {
  for (let end = text.indexOf('"', start + 1); end >= 0; end = text.indexOf('"', end + 1)) {
    let backslashes = 0
    while (text.charCodeAt(end - 1 - backslashes) === 0x5c) backslashes++
    if (backslashes % 2 === 0) return end
  }
  return -1
}
