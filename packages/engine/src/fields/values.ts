import { OPERATORS, type OperatorName } from '../condition/operators.ts'
import { textToBytes } from '../text/encoding.ts'
import { parseAddress, parseIpv4, parseIpv6, parseNetwork } from './address.ts'
import type { FieldType, Scalar } from './field.ts'
import { SERVICES } from './services.ts'
import { TYPES } from './types.ts'

/** Falco keeps a constant in a buffer of 256 bytes, with a NUL at the end. */
const MAX_BYTES = 255

/** Texts end at a NUL in Falco, so a value with one could never match; bytes do not. */
export const NUL_IN_VALUE = 'filter error: NUL byte in a value'

/**
 * Parses a value of a condition for the type of the field that it is compared with. Networks stay text (in the form that
 * `parseNetwork` reads), addresses become bytes, numbers a number or, beyond 2^53, a bigint.
 * @throws {Error} with Falco's reason
 */
export function parseValue(text: string, type: FieldType, op: OperatorName): Scalar {
  if (OPERATORS[op].hex) return parseHex(text)
  const info = TYPES[type]
  switch (info.kind) {
    case 'text':
      if (text.includes('\0')) throw new Error(NUL_IN_VALUE)
      checkLength(text)
      return text.toWellFormed()
    case 'bytes':
      checkLength(text)
      return textToBytes(text)
    case 'bool':
      if (text !== 'true' && text !== 'false') throw new Error(`filter error: unrecognized boolean value ${text}`)
      return text === 'true'
    case 'number':
      if (type === 'double' && OPERATORS[op].form === 'number') return parseDouble(text)
      return type === 'port' ? parsePort(text) : parseInteger(text, info.bits!, info.signed === true)
    case 'ip': {
      if (text.includes('/')) return parseNetwork(text) && text
      const v4 = type === 'ipv4addr' || (type === 'ipaddr' && text.includes('.'))
      const bytes =
        text.includes(':') && type === 'ipaddr' ? parseAddress(text) : v4 ? parseIpv4(text) : parseIpv6(text)
      if (!bytes) throw new Error(`unrecognized ${v4 ? 'IPv4' : 'IPv6'} address ${text}`)
      return bytes
    }
    case 'net':
      parseNetwork(text)
      return text
    case 'opaque':
      throw new Error(`values of type '${info.falco}' cannot be compared`)
  }
}

function checkLength(text: string): void {
  const used = textToBytes(text).length
  if (used > MAX_BYTES) throw new Error(`filter parameter too long (used=${used}, available=${MAX_BYTES + 1}): ${text}`)
}

/** A decimal integer as sscanf reads it: leading blanks, a sign, digits, nothing after them. Values that do not fit wrap. */
function parseInteger(text: string, bits: number, signed: boolean): number | bigint {
  const match = /^[ \t\n\v\f\r]*([+-]?)([0-9]+)$/.exec(text)
  if (!match || match[2]!.length > MAX_BYTES) throw new Error(`${text} is not a valid number`)
  const whole = BigInt(match[2]!) * (match[1] === '-' ? -1n : 1n)
  // strtoll and strtoull stop at the ends of 64 bits; narrower types then take the low bits.
  const ceiling = signed ? 2n ** 63n - 1n : 2n ** 64n - 1n
  const floor = signed ? -(2n ** 63n) : -ceiling
  const clamped = whole > ceiling ? ceiling : whole < floor ? floor : whole
  return narrow(signed ? BigInt.asIntN(bits, clamped) : BigInt.asUintN(bits, clamped))
}

/** A decimal number; fraction and exponent are optional. */
function parseDouble(text: string): number {
  const number = /^[ \t\n\v\f\r]*[+-]?[0-9]+\.?[0-9]*(?:e[+-]?[0-9]+)?$/i.test(text) ? Number(text) : Number.NaN
  if (!Number.isFinite(number)) throw new Error(`${text} is not a valid number`)
  return number
}

/** A bigint as a number where that is exact. */
export function narrow(value: bigint): number | bigint {
  return value >= -9007199254740991n && value <= 9007199254740991n ? Number(value) : value
}

function parsePort(text: string): number {
  if (text === '') return 0
  if (/^[0-9]+$/.test(text)) {
    if (Number(text) > 2147483647) throw new Error(`${text} is not a valid number`)
    return Number(text) & 0xffff
  }
  const port = SERVICES.get(text)
  if (port === undefined) throw new Error(`unrecognized protocol ${text}`)
  return port
}

function parseHex(text: string): Uint8Array {
  if (text === '' || text.length % 2 !== 0 || !/^[0-9a-f]+$/i.test(text))
    throw new Error('filter error: bcontains and bstartswith operator support hex strings only')
  if (text.length > MAX_BYTES) throw new Error('filter parameter too long (byte buf)')
  return Uint8Array.from({ length: text.length / 2 }, (_, i) => Number.parseInt(text.slice(2 * i, 2 * i + 2), 16))
}
