import { addressBytes, equalBytes, type Network, parseNetwork } from './address.ts'
import { lowerAscii } from './glob.ts'

/** Prepared right-hand sides that are more than one value. Each answers `test(value)` for one scalar. */

/** Texts that a text may begin with (`startswith anyof`). */
export class Prefixes {
  /** By first UTF-16 unit; the empty prefix under -1. */
  readonly #byFirst = new Map<number, string[]>()

  constructor(prefixes: readonly string[]) {
    for (const prefix of prefixes) {
      const first = prefix === '' ? -1 : prefix.charCodeAt(0)
      const list = this.#byFirst.get(first)
      if (list) list.push(prefix)
      else this.#byFirst.set(first, [prefix])
    }
  }

  test(text: string): boolean {
    if (this.#byFirst.has(-1)) return true
    const candidates = this.#byFirst.get(text.length === 0 ? -2 : text.charCodeAt(0))
    return candidates?.some(prefix => text.startsWith(prefix)) ?? false
  }
}

/** A text to be found in texts, ASCII case aside (`icontains`). */
export class FoldedText {
  readonly #folded: string
  constructor(text: string) {
    this.#folded = lowerAscii(text)
  }
  test(text: string): boolean {
    return lowerAscii(text).includes(this.#folded)
  }
}

/** Numbers that may exceed 2^53: a bigint and a number of the same value are the same. */
export class NumberSet {
  readonly #numbers = new Set<number>()
  readonly #wide = new Set<bigint>()

  constructor(values: readonly (number | bigint)[]) {
    for (const value of values) {
      if (typeof value === 'number') this.#numbers.add(value)
      else this.#wide.add(value)
    }
  }

  test(value: number | bigint): boolean {
    if (typeof value === 'number') return this.#numbers.has(value)
    return (
      this.#wide.has(value) ||
      (value <= 9007199254740991n && value >= -9007199254740991n && this.#numbers.has(Number(value)))
    )
  }
}

/** Byte strings. */
export class BytesSet {
  readonly #values: readonly Uint8Array[]
  constructor(values: readonly Uint8Array[]) {
    this.#values = values
  }
  test(bytes: Uint8Array): boolean {
    return this.#values.some(value => equalBytes(value, bytes))
  }
}

/** Addresses of both families. */
export class AddressSet {
  readonly #v4 = new Set<number>()
  readonly #v6 = new Set<string>()

  constructor(addresses: readonly Uint8Array[]) {
    for (const bytes of addresses) {
      if (bytes.length === 4) this.#v4.add(v4Number(bytes))
      else this.#v6.add(String.fromCharCode(...bytes))
    }
  }

  test(value: string | Uint8Array): boolean {
    const bytes = addressBytes(value)
    if (bytes === undefined) return false
    return bytes.length === 4
      ? this.#v4.has(v4Number(bytes))
      : this.#v6.size > 0 && this.#v6.has(String.fromCharCode(...bytes))
  }
}

/** Networks: for each prefix length the masked addresses of that length, the longest list of lengths being 129. */
export class NetworkSet {
  readonly #v4: { readonly prefix: number; readonly networks: Set<number> }[] = []
  readonly #v6: { readonly prefix: number; readonly networks: Set<string> }[] = []

  /** @param networks in CIDR notation @throws {Error} for what is none */
  constructor(networks: readonly string[]) {
    for (const { bytes, prefix } of networks.map(parseNetwork)) {
      if (bytes.length === 4) bucket(this.#v4, prefix).add(masked4(v4Number(bytes), prefix))
      else bucket(this.#v6, prefix).add(masked6({ bytes, prefix }))
    }
  }

  test(value: string | Uint8Array): boolean {
    const bytes = addressBytes(value)
    if (bytes === undefined) return false
    if (bytes.length === 4) {
      const address = v4Number(bytes)
      for (const b of this.#v4) if (b.networks.has(masked4(address, b.prefix))) return true
      return false
    }
    for (const b of this.#v6) if (b.networks.has(masked6({ bytes, prefix: b.prefix }))) return true
    return false
  }
}

function bucket<T>(buckets: { prefix: number; networks: Set<T> }[], prefix: number): Set<T> {
  let found = buckets.find(b => b.prefix === prefix)
  if (!found) buckets.push((found = { prefix, networks: new Set<T>() }))
  return found.networks
}

function v4Number(bytes: Uint8Array): number {
  return ((bytes[0]! << 24) | (bytes[1]! << 16) | (bytes[2]! << 8) | bytes[3]!) >>> 0
}

function masked4(address: number, prefix: number): number {
  return prefix === 0 ? 0 : ((address >>> (32 - prefix)) << (32 - prefix)) >>> 0
}

function masked6({ bytes, prefix }: Network): string {
  const whole = prefix >> 3
  const rest = prefix & 7
  const head = String.fromCharCode(...bytes.subarray(0, whole))
  return rest === 0 ? head : head + String.fromCharCode(bytes[whole]! >> (8 - rest))
}
