import { parseAddress, parseNetwork } from '../fields/address.ts'
import type { Marks } from './marks.ts'

/** Networks, found by an address in them: for each length of prefix that occurs, the networks of that length. */
export class NetworkIndex {
  readonly #byPrefix = new Map<number, Map<string, number[]>>()

  constructor(networks: readonly (readonly [network: string, number: number])[]) {
    for (const [text, number] of networks) {
      const { bytes, prefix } = text.includes('/') ? parseNetwork(text) : whole(text)
      // The family is part of the length: a network of one does not contain addresses of the other.
      const length = bytes.length * 256 + prefix
      let known = this.#byPrefix.get(length)
      if (!known) this.#byPrefix.set(length, (known = new Map()))
      const key = keyOf(bytes, prefix)
      const numbers = known.get(key)
      if (numbers) numbers.push(number)
      else known.set(key, [number])
    }
  }

  /** Marks the numbers whose network has the address. */
  find(address: Uint8Array, marks: Marks): void {
    for (const [length, networks] of this.#byPrefix) {
      if (length >> 8 !== address.length) continue
      const numbers = networks.get(keyOf(address, length & 255))
      if (numbers !== undefined) for (const number of numbers) marks.add(number)
    }
  }
}

function whole(text: string): { bytes: Uint8Array; prefix: number } {
  const bytes = parseAddress(text)!
  return { bytes, prefix: bytes.length * 8 }
}

function keyOf(bytes: Uint8Array, prefix: number): string {
  let key = ''
  for (let i = 0; i < prefix >> 3; i++) key += String.fromCharCode(bytes[i]!)
  return (prefix & 7) === 0 ? key : key + String.fromCharCode(bytes[prefix >> 3]! >> (8 - (prefix & 7)))
}
