import type { Value } from './field.ts'
import type { ResolvedField } from './table.ts'
import { type Kind, TYPES } from './types.ts'

/** Where extractions that failed are counted, by field as written: they count as absent. */
export type ExtractErrors = Map<string, number>

/** A field's value in an event, checked against its declaration; undefined = absent. Never throws. */
export function extract(field: ResolvedField, event: unknown, errors?: ExtractErrors): Value | undefined {
  try {
    return checked(field, field.def.extract(event, field.arg), errors)
  } catch {
    return failed(field, errors)
  }
}

/** `value` when it is what the field's declaration promises; an empty list, null and a wrong value are absent, the last counted. */
export function checked(
  field: ResolvedField,
  value: Value | null | undefined,
  errors?: ExtractErrors,
): Value | undefined {
  if (value === undefined || value === null) return undefined
  const kind = TYPES[field.type].kind
  if (!Array.isArray(value)) {
    if (!isOfKind(kind, value)) return failed(field, errors)
    return field.list ? [value as never] : value
  }
  if (!field.list && !field.def.anyOf) return failed(field, errors)
  if (value.length === 0) return undefined
  for (const element of value) if (!isOfKind(kind, element)) return failed(field, errors)
  return value
}

/** Counts an extraction that failed. */
export function failed(field: ResolvedField, errors?: ExtractErrors): undefined {
  errors?.set(field.text, (errors.get(field.text) ?? 0) + 1)
  return undefined
}

function isOfKind(kind: Kind, value: unknown): boolean {
  switch (kind) {
    case 'text':
      return typeof value === 'string'
    case 'number':
      return typeof value === 'number' || typeof value === 'bigint'
    case 'bool':
      return typeof value === 'boolean'
    case 'bytes':
      return value instanceof Uint8Array
    case 'ip':
    case 'net':
      return typeof value === 'string' || value instanceof Uint8Array
    case 'opaque':
      return typeof value !== 'object' || value instanceof Uint8Array
  }
}
