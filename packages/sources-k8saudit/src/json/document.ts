import type { Json, JsonObject } from './json.ts'

// JSON.rawJSON and the reviver's context are in every Node ≥ 22 and in current browsers, but not in TypeScript's es2024 library.
const { rawJSON, isRawJSON } = JSON as unknown as {
  rawJSON?(text: string): object
  isRawJSON?(value: unknown): value is { readonly rawJSON: string }
}

/** In compact JSON text: a number that a JavaScript number may not carry digit by digit. */
const INEXACT = /[[:,]-?(?:\d{16}|\d+[.eE])/

/** Thrown by a quick document's `text` where JavaScript's number may have lost digits of the source. */
export const DIGITS_LOST = new Error('a number may have lost digits')

let lastSeq = 0

/**
 * An event's JSON and its values as text. JSON.parse alone makes the *quick* document, which is right for everything
 * but numbers beyond 2^53 and fractions; where a field needs one of those, it reads the *exact* document instead.
 */
export class JsonDocument {
  /** Identifies the document to caches; never 0, never used twice. */
  readonly seq: number
  readonly root: JsonObject
  readonly #exact: boolean

  /** @param exact numbers are printed as they are: their digits were kept, or cannot be had */
  constructor(root: JsonObject, exact: boolean) {
    this.seq = ++lastSeq
    this.root = root
    this.#exact = exact
  }

  /**
   * A value as fields show it: a string as it is, anything else as compact JSON (null is `null`).
   * @throws {Error} DIGITS_LOST, unless the document is exact
   */
  text(value: Json): string {
    if (typeof value === 'string') return value
    if (typeof value === 'number') {
      if (!this.#exact && !Number.isSafeInteger(value)) throw DIGITS_LOST
      return String(value)
    }
    if (typeof value !== 'object' || value === null) return String(value)
    if (isRawJSON?.(value)) return value.rawJSON
    const text = JSON.stringify(value)
    if (!this.#exact && INEXACT.test(text)) throw DIGITS_LOST
    return text
  }

  /** The whole event, indented by two spaces. @throws {Error} as `text` */
  indented(): string {
    if (!this.#exact) this.text(this.root)
    return JSON.stringify(this.root, null, 2)
  }
}

/** JSON.parse that keeps the source text of numbers whose digits would be lost. About eight times slower. */
export function parseExactly(text: string): Json {
  return JSON.parse(text, (_key, value, context?: { source: string }) =>
    typeof value === 'number' && context && rawJSON && !Number.isSafeInteger(value) ? rawJSON(context.source) : value,
  )
}
