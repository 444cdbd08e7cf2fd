/** The subset of Protocol Buffers that the container runtime interface needs. https://protobuf.dev/programming-guides/encoding */

const VARINT = 0
const FIXED64 = 1
const BYTES = 2
const FIXED32 = 5
/** Field numbers of map entries. */
const MAP_KEY = 1
const MAP_VALUE = 2

const encoder = new TextEncoder()
const decoder = new TextDecoder()

/** Encodes a message of strings and booleans. Fields with the default value (empty, false) are omitted, as in proto3. */
export function encodeMessage(fields: readonly (readonly [number: number, value: string | boolean])[]): Uint8Array {
  const out: number[] = []
  for (const [number, value] of fields) {
    if (value === true) out.push(number << 3, 1)
    else if (typeof value === 'string' && value !== '') {
      const bytes = encoder.encode(value)
      out.push((number << 3) | BYTES)
      for (let length = bytes.length; ; length >>>= 7) {
        out.push(length > 0x7f ? (length & 0x7f) | 0x80 : length)
        if (length <= 0x7f) break
      }
      out.push(...bytes)
    }
  }
  return Uint8Array.from(out)
}

/** A decoded message with its fields by number. Absent fields have their type's default value. */
export class Message {
  readonly #fields = new Map<number, (bigint | Uint8Array)[]>()

  /** @throws {RangeError} if the bytes are not a message */
  constructor(bytes: Uint8Array) {
    const reader = new Reader(bytes)
    while (!reader.done) {
      const key = Number(reader.varint())
      const value = reader.value(key & 7)
      const number = Math.floor(key / 8)
      const values = this.#fields.get(number)
      if (values === undefined) this.#fields.set(number, [value])
      else values.push(value)
    }
  }

  /** The last value wins. */
  number(field: number): bigint {
    const value = this.#fields.get(field)?.at(-1)
    return typeof value === 'bigint' ? BigInt.asIntN(64, value) : 0n
  }

  text(field: number): string {
    const value = this.#fields.get(field)?.at(-1)
    return value instanceof Uint8Array ? decoder.decode(value) : ''
  }

  /** @throws {RangeError} */
  message(field: number): Message {
    return this.messages(field).at(-1) ?? new Message(new Uint8Array(0))
  }

  has(field: number): boolean {
    return this.#fields.has(field)
  }

  /** @throws {RangeError} */
  messages(field: number): Message[] {
    return (this.#fields.get(field) ?? []).filter(value => value instanceof Uint8Array).map(value => new Message(value))
  }

  /** A map from strings to strings. @throws {RangeError} */
  map(field: number): Record<string, string> {
    return Object.fromEntries(this.messages(field).map(entry => [entry.text(MAP_KEY), entry.text(MAP_VALUE)]))
  }
}

class Reader {
  readonly #bytes: Uint8Array
  #at = 0

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
  }

  get done(): boolean {
    return this.#at >= this.#bytes.length
  }

  varint(): bigint {
    let value = 0n
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = this.#bytes[this.#at++]
      if (byte === undefined) break
      value |= BigInt(byte & 0x7f) << shift
      if (byte < 0x80) return value
    }
    throw new RangeError('a number without an end')
  }

  value(type: number): bigint | Uint8Array {
    switch (type) {
      case VARINT:
        return this.varint()
      case FIXED64:
        return this.#take(8)
      case BYTES:
        return this.#take(Number(this.varint()))
      case FIXED32:
        return this.#take(4)
      default:
        throw new RangeError(`wire type ${type}`)
    }
  }

  #take(length: number): Uint8Array {
    const start = this.#at
    if (length > this.#bytes.length - start) throw new RangeError('a field longer than its message')
    this.#at += length
    return this.#bytes.subarray(start, this.#at)
  }
}
