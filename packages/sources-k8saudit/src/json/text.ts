import type { AuditEvent } from '../event.ts'
import type { Json } from './json.ts'

// JSON.rawJSON and the reviver's context are in every Node ≥ 22, but not in TypeScript's es2024 library.
const { rawJSON, isRawJSON } = JSON as unknown as {
  rawJSON(text: string): object
  isRawJSON(value: unknown): value is { readonly rawJSON: string }
}

/** In compact JSON text: a number that a JavaScript number may not carry digit by digit. */
const INEXACT = /[[:,]-?(?:\d{16}|\d+[.eE])/

/**
 * A value as the fields give it: a string as it is, anything else as its compact JSON text (null is `null`). Numbers
 * keep the digits of the source: when JavaScript's number may have lost some, the event is marked, and `readExactly`
 * reads again.
 */
export function textOf(value: Json, event: AuditEvent): string {
  if (typeof value === 'string') return value
  if (typeof value === 'number') {
    if (!Number.isSafeInteger(value)) event.inexact = true
    return String(value)
  }
  if (typeof value !== 'object' || value === null) return String(value)
  if (isRawJSON(value)) return value.rawJSON
  const text = JSON.stringify(value)
  if (INEXACT.test(text)) event.inexact = true
  return text
}

/** The whole event, indented by two spaces. */
export function indented(event: AuditEvent): string {
  const text = JSON.stringify(event.root, null, 2)
  if (INEXACT.test(text.replaceAll(': ', ':'))) event.inexact = true
  return text
}

/** JSON.parse that keeps a number whose digits would be lost as its source text. About eight times slower. */
export function parseExactly(text: string): Json {
  return JSON.parse(text, (_key, value, context?: { source: string }) =>
    typeof value === 'number' && context && !Number.isSafeInteger(value) ? rawJSON(context.source) : value,
  )
}
