import { TOO_LONG } from './paths.ts'

/** More states would cost memory, and time to make them: then nothing is searched. */
const MAX_STATES = 8192
/** Of `Fd.searched`, per search: a state, or FOUND. */
const STRIDE = 1 << 14
const SLASH = 0x2f
/** One of the texts has been found. */
const FOUND = MAX_STATES
/** In a path that is not normal, a text may span what is left out of it. */
const NOT_NORMAL: readonly string[] = ['..', '//', '/./']

const encoder = new TextEncoder()
let searches = 0

/**
 * Looks for texts in the bytes of paths, whatever the case of ASCII letters, all at once (Aho and Corasick, 1975). A directory keeps the
 * state of the search after its name, so that only the rest of a path relative to it is read.
 */
export class PathSearch {
  /** A number that no other search has. */
  readonly #serial = ++searches
  /** By byte: its column in `#next`; bytes that no text has share one. */
  readonly #columns = new Uint8Array(256)
  /** Per state and column: the state that follows. */
  readonly #next: Uint16Array
  readonly #width: number

  /** undefined = there are too many texts, or names that stand for paths have one. */
  static of(texts: readonly string[]): PathSearch | undefined {
    const all = [...texts, ...NOT_NORMAL]
    const bytes = all.map(text => encoder.encode(text))
    const states = bytes.reduce((n, one) => n + one.length, 1)
    if (states > MAX_STATES || all.some(text => text.includes('\ufffd') || TOO_LONG.toLowerCase().includes(text)))
      return undefined
    return new PathSearch(bytes)
  }

  private constructor(texts: readonly Uint8Array[]) {
    const columns = this.#columns
    let width = 1
    for (const text of texts) for (const byte of text) if (columns[byte] === 0) columns[byte] = width++
    for (let upper = 65; upper <= 90; upper++) columns[upper] = columns[upper + 32]!
    this.#width = width
    const size = texts.reduce((n, text) => n + text.length, 1)
    // Until states are numbered, 0 stands for no state.
    const next = new Uint16Array(size * width)
    const ends = new Uint8Array(size)
    let states = 1
    for (const text of texts) {
      let state = 0
      for (const byte of text) {
        const at = state * width + columns[byte]!
        state = next[at] ||= states++
      }
      ends[state] = 1
    }
    // By growing depth: the state where one fails to is complete.
    const fail = new Uint16Array(states)
    const queue = [0]
    for (const state of queue) {
      const row = state * width
      const failed = fail[state]! * width
      if (ends[fail[state]!] === 1) ends[state] = 1
      for (let column = 0; column < width; column++) {
        const child = next[row + column]!
        if (child === 0) {
          if (state !== 0) next[row + column] = next[failed + column]!
          continue
        }
        fail[child] = state === 0 ? 0 : next[failed + column]!
        queue.push(child)
      }
    }
    for (let at = 0; at < next.length; at++) if (ends[next[at]!] === 1) next[at] = FOUND
    this.#next = next
  }

  /** What an absolute path's search begins with. */
  get begin(): number {
    return this.#serial * STRIDE
  }

  /** Whether `searched` is of this search, and no text has been found. */
  isClear(searched: number): boolean {
    const state = searched - this.#serial * STRIDE
    return state >= 0 && state < FOUND
  }

  /** Whether `searched` is of this search. */
  isOwn(searched: number): boolean {
    return Math.floor(searched / STRIDE) === this.#serial
  }

  /** Continues over some bytes. Returns the state after them. */
  through(searched: number, bytes: Uint8Array, start: number, end: number): number {
    const base = this.#serial * STRIDE
    const next = this.#next
    const columns = this.#columns
    const width = this.#width
    let state = searched - base
    if (state === FOUND) return searched
    for (let at = start; at < end; at++) {
      state = next[state * width + columns[bytes[at]!]!]!
      if (state === FOUND) return base + FOUND
    }
    return base + state
  }

  /** Continues over a slash. */
  below(searched: number): number {
    const base = this.#serial * STRIDE
    const state = searched - base
    return state === FOUND ? searched : base + this.#next[state * this.#width + this.#columns[SLASH]!]!
  }

  /** Where the search stands behind a directory's name, without the slash at its end; found, if one of the other texts has what is looked for. */
  throughNames(name: string, others: readonly string[]): number {
    const found = others.some(other => !this.isClear(this.#throughText(other)))
    return found ? this.begin + FOUND : this.#throughText(name.endsWith('/') ? name.slice(0, -1) : name)
  }

  #throughText(text: string): number {
    const bytes = encoder.encode(text)
    return this.through(this.begin, bytes, 0, bytes.length)
  }
}
