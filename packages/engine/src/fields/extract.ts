import type { Kind } from '../condition/operators.ts'
import type { ExtractErrors } from './failures.ts'
import type { Value } from './field.ts'
import type { ResolvedField } from './table.ts'
import { TYPES } from './types.ts'

/** A field's value in an event, checked against its declaration; undefined = absent. Never throws. */
export function extract(field: ResolvedField, event: unknown, errors?: ExtractErrors): Value | undefined {
  let value: Value | undefined
  try {
    value = field.def.extract(event, field.arg)
  } catch (error) {
    errors?.add(field.text, error, event)
    return undefined
  }
  return checked(field, value, event, errors)
}

/** `value` when it is what the field declares. An empty list, null and a value of another type are absent; the last is counted. */
export function checked(
  field: ResolvedField,
  value: Value | null | undefined,
  event: unknown,
  errors?: ExtractErrors,
): Value | undefined {
  if (value === undefined || value === null) return undefined
  const kind = TYPES[field.type].kind
  if (!Array.isArray(value)) {
    if (!isOfKind(kind, value)) return wrong(field, value, event, errors)
    return field.list ? [value as never] : value
  }
  if (!field.list && !field.def.anyOf) return wrong(field, value, event, errors)
  if (value.length === 0) return undefined
  for (const element of value) if (!isOfKind(kind, element)) return wrong(field, element, event, errors)
  return value
}

function wrong(field: ResolvedField, value: unknown, event: unknown, errors: ExtractErrors | undefined): undefined {
  const found = Array.isArray(value) ? 'a list' : value instanceof Uint8Array ? 'bytes' : typeof value
  errors?.add(field.text, new TypeError(`extract returned ${found} for a field of type ${field.type}`), event)
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
