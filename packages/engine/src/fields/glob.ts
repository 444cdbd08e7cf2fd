/** Shell patterns as fnmatch(3) with flags 0 (and FNM_CASEFOLD): `*` and `?` match `/` and leading dots; the whole text must match. */

/** One position of a pattern: a character, any character, or one of a set. */
type Step = string | null | CharSet

interface CharSet {
  readonly negated: boolean
  /** Pairs of first and last code point. */
  readonly ranges: readonly number[]
}

const CLASSES: Readonly<Record<string, readonly number[]>> = {
  alnum: [48, 57, 65, 90, 97, 122],
  alpha: [65, 90, 97, 122],
  blank: [9, 9, 32, 32],
  cntrl: [0, 31, 127, 127],
  digit: [48, 57],
  graph: [33, 126],
  lower: [97, 122],
  print: [32, 126],
  punct: [33, 47, 58, 64, 91, 96, 123, 126],
  space: [9, 13, 32, 32],
  upper: [65, 90],
  xdigit: [48, 57, 65, 70, 97, 102],
}

/** A compiled pattern. Matching takes at most pattern length × text length steps. */
export class Glob {
  readonly pattern: string
  readonly foldCase: boolean
  /** The parts between the stars; null: the pattern ends in a lone backslash and matches nothing. */
  readonly #parts: readonly Part[] | null

  constructor(pattern: string, foldCase = false) {
    this.pattern = pattern
    this.foldCase = foldCase
    this.#parts = parse(foldCase ? lowerAscii(pattern) : pattern)
  }

  test(text: string): boolean {
    const parts = this.#parts
    if (parts === null) return false
    if (this.foldCase) text = lowerAscii(text)
    const first = parts[0]!
    let at = first.matchAt(text, 0)
    if (at < 0) return false
    const last = parts.length - 1
    if (last === 0) return at === text.length
    // The leftmost match of each middle part leaves the most room for the rest, so no backtracking is needed.
    for (let i = 1; i < last; i++) {
      at = parts[i]!.find(text, at)
      if (at < 0) return false
    }
    return parts[last]!.matchEnd(text, at)
  }
}

/** A piece of a pattern without stars. */
class Part {
  readonly #steps: readonly Step[]
  /** The piece as text, when it is plain. */
  readonly #text: string | null

  constructor(steps: readonly Step[]) {
    this.#steps = steps
    this.#text = steps.every(s => typeof s === 'string') ? steps.join('') : null
  }

  /** Where a match that starts at `at` ends; -1: no match. */
  matchAt(text: string, at: number): number {
    if (this.#text !== null) return text.startsWith(this.#text, at) ? at + this.#text.length : -1
    for (const step of this.#steps) {
      if (at >= text.length) return -1
      const code = text.codePointAt(at)!
      if (!matches(step, code)) return -1
      at += code > 0xffff ? 2 : 1
    }
    return at
  }

  /** Where the first match from `at` on ends; -1: no match. */
  find(text: string, at: number): number {
    if (this.#text !== null) {
      const found = text.indexOf(this.#text, at)
      return found < 0 ? -1 : found + this.#text.length
    }
    for (let start = at; start < text.length; start++) {
      const end = this.matchAt(text, start)
      if (end >= 0) return end
    }
    return -1
  }

  /** Whether a match from `at` or later ends at the end of the text. */
  matchEnd(text: string, at: number): boolean {
    if (this.#text !== null) return text.length - this.#text.length >= at && text.endsWith(this.#text)
    let start = text.length
    for (let left = this.#steps.length; left > 0; left--) {
      if (start <= at) return false
      start -= isPairEnd(text, start) ? 2 : 1
    }
    return start >= at && this.matchAt(text, start) === text.length
  }
}

/** A surrogate pair ends before `at`. */
function isPairEnd(text: string, at: number): boolean {
  return at >= 2 && text.codePointAt(at - 2)! > 0xffff
}

function matches(step: Step, code: number): boolean {
  if (step === null) return true
  if (typeof step === 'string') return step.codePointAt(0) === code
  for (let i = 0; i < step.ranges.length; i += 2)
    if (code >= step.ranges[i]! && code <= step.ranges[i + 1]!) return !step.negated
  return step.negated
}

function parse(pattern: string): Part[] | null {
  const chars = Array.from(pattern)
  const parts: Part[] = []
  let steps: Step[] = []
  for (let i = 0; i < chars.length; i++) {
    const char = chars[i]!
    if (char === '*') {
      // Adjacent stars count as one: an empty part between them would always match.
      if (steps.length > 0 || parts.length === 0) parts.push(new Part(steps))
      steps = []
      while (chars[i + 1] === '*') i++
    } else if (char === '?') steps.push(null)
    else if (char === '\\') {
      if (++i >= chars.length) return null
      steps.push(chars[i]!)
    } else if (char === '[') {
      const set = parseSet(chars, i + 1)
      steps.push(set ? set.set : '[')
      if (set) i = set.end
    } else steps.push(char)
  }
  parts.push(new Part(steps))
  return parts
}

/** The bracket expression whose `[` is before `at`; undefined when no `]` closes it (then `[` is a plain character). */
function parseSet(chars: readonly string[], at: number): { set: CharSet; end: number } | undefined {
  const negated = chars[at] === '!' || chars[at] === '^'
  if (negated) at++
  const ranges: number[] = []
  for (let first = true; at < chars.length; first = false) {
    if (chars[at] === ']' && !first) return { set: { negated, ranges }, end: at }
    if (chars[at] === '[' && chars[at + 1] === ':') {
      const close = chars.indexOf(':', at + 2)
      const codes = close > 0 && chars[close + 1] === ']' ? CLASSES[chars.slice(at + 2, close).join('')] : undefined
      if (codes) {
        ranges.push(...codes)
        at = close + 2
        continue
      }
    }
    if (chars[at] === '\\' && at + 1 < chars.length) at++
    const from = chars[at++]!.codePointAt(0)!
    let to = from
    if (chars[at] === '-' && at + 1 < chars.length && chars[at + 1] !== ']') {
      at++
      if (chars[at] === '\\' && at + 1 < chars.length) at++
      to = chars[at++]!.codePointAt(0)!
    }
    ranges.push(from, to)
  }
  return undefined
}

/** Text in which converting all letters and converting ASCII letters is the same. */
const ASCII = /^[\0-\x7f]*$/

/** Converts ASCII letters to lower case. */
export function lowerAscii(text: string): string {
  if (ASCII.test(text)) return text.toLowerCase()
  return /[A-Z]/.test(text) ? text.replace(/[A-Z]+/g, letters => letters.toLowerCase()) : text
}

/** Converts ASCII letters to upper case. */
export function upperAscii(text: string): string {
  return /[a-z]/.test(text) ? text.replace(/[a-z]+/g, letters => letters.toUpperCase()) : text
}
