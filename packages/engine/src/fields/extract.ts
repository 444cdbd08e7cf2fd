import type { Kind } from '../condition/operators.ts'
import { addressBytes } from './address.ts'
import type { ExtractErrors } from './failures.ts'
import type { Scalar, Value } from './field.ts'
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

/**
 * Returns `value` when its type is the declared one, with addresses as bytes. An empty list, null and a value of another type are
 * absent; the last is counted.
 */
export function checked(
  field: ResolvedField,
  value: Value | null | undefined,
  event: unknown,
  errors?: ExtractErrors,
): Value | undefined {
  if (value === undefined || value === null) return undefined
  const { kind, bits } = TYPES[field.type]
  const isShort = kind === 'number' && bits !== 64
  if (!Array.isArray(value)) {
    const scalar = scalarOf(kind, value)
    if (scalar === undefined) return wrong(field, value, event, errors)
    const plain = isShort ? plainOf(scalar) : scalar
    return field.list ? [plain] : plain
  }
  if (!field.list && !field.def.anyOf) return wrong(field, value, event, errors)
  if (value.length === 0) return undefined
  for (const element of value) if (scalarOf(kind, element) === undefined) return wrong(field, element, event, errors)
  if (kind === 'ip' || kind === 'net') return value.map(element => scalarOf(kind, element)!)
  return isShort && value.some(element => typeof element === 'bigint') ? value.map(plainOf) : value
}

/** Numbers of at most 32 bits are compared without regard to their type. One that does not fit is equal to none, and stays exact. */
const plainOf = (value: Scalar): Scalar =>
  typeof value === 'bigint' && Number.isSafeInteger(Number(value)) ? Number(value) : value

function wrong(field: ResolvedField, value: unknown, event: unknown, errors: ExtractErrors | undefined): undefined {
  const { kind } = TYPES[field.type]
  const text =
    typeof value === 'string' && (kind === 'ip' || kind === 'net') && JSON.stringify(value.slice(0, MAX_SHOWN))
  const found = Array.isArray(value)
    ? 'a list'
    : value instanceof Uint8Array
      ? 'bytes'
      : text || `a value of type ${typeof value}`
  errors?.add(field.text, new TypeError(`extract returned ${found} for a field of type ${field.type}`), event)
  return undefined
}

/** Most characters of a wrong address that a message quotes. */
const MAX_SHOWN = 64

/** The value as comparisons take it: text of an address becomes bytes, once for all checks; undefined: not of this kind. */
function scalarOf(kind: Kind, value: unknown): Scalar | undefined {
  switch (kind) {
    case 'text':
      return typeof value === 'string' ? value : undefined
    case 'number':
      return typeof value === 'number' || typeof value === 'bigint' ? value : undefined
    case 'bool':
      return typeof value === 'boolean' ? value : undefined
    case 'bytes':
      return value instanceof Uint8Array ? value : undefined
    case 'ip':
    case 'net':
      return addressBytes(value)
    case 'opaque':
      return typeof value !== 'object' || value instanceof Uint8Array ? (value as Scalar) : undefined
  }
}
