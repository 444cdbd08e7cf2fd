import { bytesToText } from '../text/encoding.ts'
import { addressBytes, printAddress } from './address.ts'
import { encodeBase64 } from './base64.ts'
import type { FieldDef, FieldType, Scalar, Value } from './field.ts'
import { isoTime } from './time.ts'
import { TYPES } from './types.ts'

/** The type information that printing a value needs. */
export interface Printed {
  readonly type: FieldType
  /** Printed `(a,b)`; the values of an `anyOf` field are separated by blanks. */
  readonly list: boolean
  readonly print: FieldDef['print']
}

/** A value as an output prints it (Falco's rawval_to_string). Bytes that are not UTF-8 print as U+FFFD. */
export function printValue(value: Value, as: Printed): string {
  if (!Array.isArray(value)) return printScalar(value as Scalar, as)
  const texts = value.map(v => printScalar(v, as))
  return as.list ? `(${texts.join(',')})` : texts.join(' ')
}

/**
 * A value as JSON shows it: numbers (bigints exactly), booleans and lists keep their type, everything else is text, including
 * numbers that print in hex or octal. Padding with zeros applies to texts only. null = absent.
 */
export function jsonValue(value: Value | undefined, as: Printed): Value | null {
  if (value === undefined) return null
  if (!Array.isArray(value)) return jsonScalar(value as Scalar, as)
  return as.list ? value.map(v => jsonScalar(v, as)) : printValue(value, as)
}

function jsonScalar(value: Scalar, as: Printed): Scalar {
  const { kind } = TYPES[as.type]
  if (kind === 'bool') return value
  return kind === 'number' && as.print !== 'hex' && as.print !== 'oct' ? value : printScalar(value, as)
}

function printScalar(value: Scalar, as: Printed): string {
  if (typeof value === 'string') return value.toWellFormed()
  const { kind } = TYPES[as.type]
  if (value instanceof Uint8Array) {
    const address = kind === 'ip' || kind === 'net' ? addressBytes(value) : undefined
    if (address) return printAddress(address)
    return as.print === 'base64' ? encodeBase64(value) : as.print === 'dots' ? printDots(value) : printBytes(value)
  }
  if (typeof value === 'boolean') return String(value)
  return as.type === 'double' ? Number(value).toFixed(1) : printNumber(value, as)
}

/** Bytes as text, without trailing NULs. */
function printBytes(bytes: Uint8Array): string {
  let end = bytes.length
  while (end > 0 && bytes[end - 1] === 0) end--
  return bytesToText(bytes.subarray(0, end)).toWellFormed()
}

function printDots(bytes: Uint8Array): string {
  let text = ''
  for (const byte of bytes) text += byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : '.'
  return text
}

function printNumber(value: number | bigint, as: Printed): string {
  switch (as.print) {
    case 'hex':
      return unsigned(value, as.type).toString(16).toUpperCase()
    case 'oct':
      return unsigned(value, as.type).toString(8)
    case 'iso8601':
      return isoTime(BigInt(value))
    case 'padded':
      return String(value).padStart(9, '0')
    default:
      return String(value)
  }
}

/** Two's complement in the type's width: how C prints a negative number in hex. */
function unsigned(value: number | bigint, type: FieldType): number | bigint {
  return value < 0 ? BigInt.asUintN(TYPES[type].bits ?? 64, BigInt(value)) : value
}
