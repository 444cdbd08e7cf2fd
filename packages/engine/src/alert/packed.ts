import type { Scalar, Value } from '../fields/field.ts'
import type { ByteSink } from '../text/byte-sink.ts'
import { bytesToText, encodeInto } from '../text/encoding.ts'
import type { Alert, AlertData } from './alert.ts'
import { type AlertParts, type AlertWords, RuleAlert } from './rule-alert.ts'

/** The values of an unpacked alert. */
export type Unpacked = Omit<AlertParts, 'words'>

/** The first byte of a value. Lengths and counts follow as numbers of seven bits a byte. */
const KIND = {
  absent: 0,
  true: 1,
  false: 2,
  /** Text of ASCII, one byte per character. */
  ascii: 3,
  /** Any other text, two bytes per character: it may hold lone surrogates. */
  text: 4,
  number: 5,
  /** An integer of 64 bits. */
  integer: 6,
  /** A larger one, as hexadecimal text. */
  large: 7,
  bytes: 8,
  list: 9,
} as const

/** Longer texts are encoded by the host. */
const SHORT = 48

const number = new Float64Array(1)
const integer = new BigInt64Array(number.buffer)
const eight = new Uint8Array(number.buffer)

/**
 * Appends the values of an alert as bytes: a half to a sixth of what it takes as an object.
 * @returns what `unpackAlert` makes the same alert with, the same for all alerts of a rule; undefined: it is not an alert of a rule, and
 * nothing was written
 */
export function packAlert(alert: AlertData, sink: ByteSink): AlertWords | undefined {
  if (!(alert instanceof RuleAlert)) return undefined
  const { parts } = alert
  pack(parts, sink)
  return parts.words
}

/** The alert that was packed into these bytes. @param words what `packAlert` has returned */
export function unpackAlert(words: AlertWords, bytes: Uint8Array): Alert {
  const { time, key, captured } = unpack(bytes)
  return new RuleAlert(words, captured, time, key)
}

/**
 * The values of an alert as bytes. Alerts wait by the hundred thousand; as objects, they would be copied and scanned by the garbage
 * collector, which costs more than packing them. Everything comes back as it was.
 */
export function pack({ time, key, captured }: Unpacked, sink: ByteSink): void {
  const { values, json, absences } = captured
  packValue(time, sink)
  packValue(key, sink)
  packValues(values, sink)
  packValues(json, sink)
  count(absences?.size ?? 0, sink)
  if (absences === undefined) return
  for (const [slot, why] of absences) {
    count(slot, sink)
    packValue(why, sink)
  }
}

export function unpack(bytes: Uint8Array): Unpacked {
  const reader = new Reader(bytes)
  const time = reader.value() as bigint
  const key = reader.value() as string | number | bigint
  const captured = { values: reader.values(), json: reader.values(), absences: reader.absences() }
  return { time, key, captured }
}

function packValues(values: readonly (Value | undefined)[], sink: ByteSink): void {
  const { length } = values
  count(length, sink)
  for (let i = 0; i < length; i++) packValue(values[i], sink)
}

function packValue(value: Value | undefined, sink: ByteSink): void {
  if (typeof value === 'string') packText(value, sink)
  else if (value === undefined) sink.byte(KIND.absent)
  else if (typeof value === 'bigint') packInteger(value, sink)
  else if (typeof value === 'number') {
    number[0] = value
    sink.byte(KIND.number)
    sink.raw(eight)
  } else if (typeof value === 'boolean') sink.byte(value ? KIND.true : KIND.false)
  else if (value instanceof Uint8Array) {
    sink.byte(KIND.bytes)
    count(value.length, sink)
    sink.raw(value)
  } else {
    sink.byte(KIND.list)
    packValues(value as readonly Scalar[], sink)
  }
}

function packInteger(value: bigint, sink: ByteSink): void {
  integer[0] = value
  if (integer[0] === value) {
    sink.byte(KIND.integer)
    sink.raw(eight)
    return
  }
  sink.byte(KIND.large)
  packText(value.toString(16), sink)
}

function packText(text: string, sink: ByteSink): void {
  const start = sink.length
  if (packedAscii(text, sink)) return
  sink.length = start
  sink.byte(KIND.text)
  count(text.length, sink)
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i)
    sink.byte(unit & 0xff)
    sink.byte(unit >> 8)
  }
}

/** @returns false: the text is not ASCII alone, and what was written is void */
function packedAscii(text: string, sink: ByteSink): boolean {
  const { length } = text
  sink.byte(KIND.ascii)
  count(length, sink)
  sink.reserve(3 * length)
  const { bytes, length: at } = sink
  sink.length = at + length
  if (length > SHORT) return encodeInto(text, bytes.subarray(at)) === length
  for (let i = 0; i < length; i++) {
    const unit = text.charCodeAt(i)
    if (unit > 0x7f) return false
    bytes[at + i] = unit
  }
  return true
}

function count(value: number, sink: ByteSink): void {
  let rest = value
  for (; rest > 0x7f; rest >>>= 7) sink.byte((rest & 0x7f) | 0x80)
  sink.byte(rest)
}

class Reader {
  readonly #bytes: Uint8Array
  #at = 0

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
  }

  values(): (Value | undefined)[] {
    const values = new Array<Value | undefined>(this.#count())
    for (let i = 0; i < values.length; i++) values[i] = this.value()
    return values
  }

  absences(): ReadonlyMap<number, string> | undefined {
    const size = this.#count()
    if (size === 0) return undefined
    const absences = new Map<number, string>()
    for (let i = 0; i < size; i++) absences.set(this.#count(), this.value() as string)
    return absences
  }

  value(): Value | undefined {
    const kind = this.#bytes[this.#at++]!
    switch (kind) {
      case KIND.absent:
        return undefined
      case KIND.true:
      case KIND.false:
        return kind === KIND.true
      case KIND.ascii:
        return bytesToText(this.#take(this.#count()))
      case KIND.text:
        return this.#units()
      case KIND.number:
        eight.set(this.#take(8))
        return number[0]!
      case KIND.integer:
        eight.set(this.#take(8))
        return integer[0]!
      case KIND.large: {
        const text = this.value() as string
        return text.startsWith('-') ? -BigInt(`0x${text.slice(1)}`) : BigInt(`0x${text}`)
      }
      case KIND.bytes:
        return this.#take(this.#count()).slice()
      default:
        return this.values() as Scalar[]
    }
  }

  #units(): string {
    const bytes = this.#take(2 * this.#count())
    let text = ''
    for (let i = 0; i < bytes.length; i += 2) text += String.fromCharCode(bytes[i]! | (bytes[i + 1]! << 8))
    return text
  }

  #take(length: number): Uint8Array {
    this.#at += length
    return this.#bytes.subarray(this.#at - length, this.#at)
  }

  #count(): number {
    let [value, shift] = [0, 0]
    for (; ; shift += 7) {
      const byte = this.#bytes[this.#at++]!
      value += (byte & 0x7f) * 2 ** shift
      if (byte < 0x80) return value
    }
  }
}
