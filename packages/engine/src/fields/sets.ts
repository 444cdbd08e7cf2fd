import { equalBytes, parseNetwork } from './address.ts'
import { lowerAscii } from './glob.ts'

/** Prepared right sides of checks. Each has `test(value)` for one scalar. */

/** Most entries of a table (16 MB). */
const MAX_TREE = 1 << 22

/**
 * Prefixes (`startswith anyof`) as a tree over UTF-16 units. A test follows the text until it leaves the tree or completes a
 * prefix, so its cost does not depend on the number of prefixes. Where the tree would be too large there is a set per length.
 */
export class Prefixes {
  /** Column of an ASCII unit in the table; 0: no prefix has it. #wide is the same for other units. */
  readonly #columns = new Uint16Array(128)
  readonly #wide = new Map<number, number>()
  #width = 1
  /** States × columns: the next state, 0 for none. State 1 is the root. */
  readonly #next: Int32Array
  /** Per state, 1 where a prefix ends. */
  readonly #ends: Uint8Array
  readonly #byLength: ReadonlyMap<number, ReadonlySet<string>> | undefined

  constructor(prefixes: readonly string[]) {
    let units = 0
    for (const prefix of prefixes) {
      units += prefix.length
      for (let i = 0; i < prefix.length; i++) {
        const unit = prefix.charCodeAt(i)
        if (this.#column(unit) !== 0) continue
        if (unit < 128) this.#columns[unit] = this.#width++
        else this.#wide.set(unit, this.#width++)
      }
    }
    const large = (units + 2) * this.#width > MAX_TREE
    this.#byLength = large ? byLength(prefixes) : undefined
    const next = new Int32Array(large ? 0 : (units + 2) * this.#width)
    this.#ends = new Uint8Array(units + 2)
    let states = 2
    for (const prefix of large ? [] : prefixes) {
      let state = 1
      for (let i = 0; i < prefix.length; i++)
        state = next[state * this.#width + this.#column(prefix.charCodeAt(i))] ||= states++
      this.#ends[state] = 1
    }
    this.#next = next.slice(0, states * this.#width)
  }

  test(text: string): boolean {
    if (this.#byLength !== undefined) {
      for (const [length, set] of this.#byLength) if (set.has(text.slice(0, length))) return true
      return false
    }
    const next = this.#next
    const ends = this.#ends
    let state = 1
    for (let i = 0; ; i++) {
      if (ends[state] === 1) return true
      if (i === text.length) return false
      state = next[state * this.#width + this.#column(text.charCodeAt(i))]!
      if (state === 0) return false
    }
  }

  #column(unit: number): number {
    return unit < 128 ? this.#columns[unit]! : (this.#wide.get(unit) ?? 0)
  }
}

function byLength(texts: readonly string[]): Map<number, Set<string>> {
  const sets = new Map<number, Set<string>>()
  for (const text of texts) {
    const set = sets.get(text.length)
    if (set) set.add(text)
    else sets.set(text.length, new Set([text]))
  }
  return sets
}

/** An expression may look at every unit of a text this often: longer ones are searched for in a copy. */
const LONGEST_EXPRESSION = 64

/**
 * A text to find in others, ignoring ASCII case (`icontains`). Where it is ASCII itself, a regular expression without the flag `u` means
 * the same, since to that no other letter equals an ASCII one, and it reads a long text, such as an environment, without a copy in lower case.
 */
export class FoldedText {
  readonly #folded: string
  readonly #expression: RegExp | undefined

  constructor(text: string) {
    this.#folded = lowerAscii(text)
    if (text.length > LONGEST_EXPRESSION || /[^\0-\x7f]/.test(text)) return
    const literal = text.replace(/\W/g, c => `\\x${c.charCodeAt(0).toString(16).padStart(2, '0')}`)
    this.#expression = new RegExp(literal, 'i')
  }

  test(text: string): boolean {
    return this.#expression?.test(text) ?? lowerAscii(text).includes(this.#folded)
  }
}

/** Numbers and bigints, compared by value. */
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

/** Addresses and networks of both families: for each prefix length the masked addresses of that length. */
export class AddressSet {
  readonly #v4: { readonly prefix: number; readonly networks: Set<number> }[] = []
  readonly #v6: { readonly prefix: number; readonly networks: Set<string> }[] = []

  /** @param values addresses as bytes, networks in CIDR notation @throws {Error} for a text that is not a network */
  constructor(values: readonly (Uint8Array | string)[]) {
    for (const value of values) {
      const { bytes, prefix } =
        typeof value === 'string' ? parseNetwork(value) : { bytes: value, prefix: value.length * 8 }
      if (bytes.length === 4) bucket(this.#v4, prefix).add(masked4(v4Number(bytes), prefix))
      else bucket(this.#v6, prefix).add(masked6(bytes, prefix))
    }
  }

  test(bytes: Uint8Array): boolean {
    if (bytes.length === 4) {
      const address = v4Number(bytes)
      for (const b of this.#v4) if (b.networks.has(masked4(address, b.prefix))) return true
      return false
    }
    for (const b of this.#v6) if (b.networks.has(masked6(bytes, b.prefix))) return true
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

function masked6(bytes: Uint8Array, prefix: number): string {
  const whole = prefix >> 3
  const rest = prefix & 7
  const head = String.fromCharCode(...bytes.subarray(0, whole))
  return rest === 0 ? head : head + String.fromCharCode(bytes[whole]! >> (8 - rest))
}
