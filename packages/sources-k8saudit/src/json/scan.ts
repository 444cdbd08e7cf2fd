/**
 * JSON text read by brackets, commas and strings alone: enough to say where a value ends, how deep it is nested and how
 * many values it holds before memory is spent on it. JSON.parse judges the rest.
 */

/**
 * How deep audit JSON may be nested. V8 parses any depth, but writes JSON (which `json.obj` and others need) by
 * recursion and runs out of stack at about 7000 levels. The API server itself reads at most 10,000 levels; no real
 * object needs 100.
 */
export const MAX_DEPTH = 2000

/** How many values one event may hold. Twelve megabytes of `{},` hold four million, which take 40 times the memory of their text. */
export const MAX_VALUES = 1_000_000

/** Scans one value. After `run`, `depth` and `values` describe it. */
export class ValueScan {
  /** Deepest nesting of brackets. */
  depth = 0
  /** Values in it, keys not counted. */
  values = 0

  /**
   * Returns where the value at `from` ends: at the comma or bracket of the list around it, or at the end of the text.
   * A value whose brackets or strings are left open ends with the text.
   */
  run(text: string, from: number): number {
    let level = 0
    let depth = 0
    let values = 1
    let i = from
    scan: for (; i < text.length; i++) {
      switch (text.charCodeAt(i)) {
        case 0x5b: // [
        case 0x7b: // {
          values++
          if (++level > depth) depth = level
          break
        case 0x5d: // ]
        case 0x7d: // }
          if (level === 0) break scan
          level--
          break
        case 0x2c: // ,
          if (level === 0) break scan
          values++
          break
        case 0x22: // "
          i = closingQuote(text, i)
          if (i >= 0) break
          i = text.length
          break scan
      }
    }
    this.depth = depth
    this.values = values
    return i
  }
}

/** Returns where the string that opens at `start` closes; -1 when it does not. */
export function closingQuote(text: string, start: number): number {
  for (let end = text.indexOf('"', start + 1); end >= 0; end = text.indexOf('"', end + 1)) {
    let backslashes = 0
    while (text.charCodeAt(end - 1 - backslashes) === 0x5c) backslashes++
    if (backslashes % 2 === 0) return end
  }
  return -1
}

/** Returns the position of the first character at or after `at` that is not JSON white space. */
export function skipSpace(text: string, at: number): number {
  while (isSpace(text.charCodeAt(at))) at++
  return at
}

/** Where the elements of a list are: from behind its opening bracket to its closing one. */
export interface ListSpan {
  readonly from: number
  readonly to: number
}

/**
 * Finds the elements of a text that is an array, or an object with an array named `key`. undefined: there is none.
 * @param toLast take the text's last `]` for the list's end instead of scanning up to it: right if the list comes last
 */
export function findList(text: string, key: string, toLast: boolean): ListSpan | undefined {
  const scan = new ValueScan()
  let at = skipSpace(text, 0)
  if (text[at] === '[') return listAt(text, at, toLast ? -1 : scan.run(text, at))
  if (text[at] !== '{') return undefined
  let found: ListSpan | undefined
  do {
    at = skipSpace(text, at + 1)
    const close = text[at] === '"' ? closingQuote(text, at) : -1
    if (close < 0) break
    const value = skipSpace(text, skipSpace(text, close + 1) + 1)
    const named = isKey(text.slice(at, close + 1), key)
    if (named && toLast) return text[value] === '[' ? listAt(text, value, -1) : undefined
    at = scan.run(text, value)
    // Of two members of one name the last counts, as in JSON.parse.
    if (named) found = text[value] === '[' ? listAt(text, value, at) : undefined
  } while (text[at] === ',')
  return found
}

/** @param end where the value ends; -1: at the text's last bracket */
function listAt(text: string, open: number, end: number): ListSpan | undefined {
  let to = end < 0 ? text.lastIndexOf(']') : end - 1
  while (isSpace(text.charCodeAt(to))) to--
  return to > open && text[to] === ']' ? { from: open + 1, to } : undefined
}

function isKey(quoted: string, key: string): boolean {
  if (!quoted.includes('\\')) return quoted === `"${key}"`
  try {
    return JSON.parse(quoted) === key
  } catch {
    return false
  }
}

const isSpace = (c: number): boolean => c === 0x20 || c === 0x0a || c === 0x0d || c === 0x09
