/** The keys of one object that are looked at. */
export class Keys {
  /** By a digest of length, first and last byte: the key's position in `list` and 1, 0 = none. */
  readonly #slots = new Uint8Array(256)
  readonly #list: Key[] = []

  get(name: string): Key | undefined {
    return this.#list.find(key => key.name === name)
  }

  add(name: string, bit: number): Key {
    const key = new Key(name, bit)
    const number = this.#list.push(key)
    let slot = digest(key.bytes, 0, key.bytes.length)
    while (this.#slots[slot] !== 0) slot = (slot + 1) & 255
    this.#slots[slot] = number
    return key
  }

  /** The key that these bytes are, if it is looked at. */
  find(b: Uint8Array, from: number, to: number): Key | undefined {
    if (from === to) return undefined
    let slot = digest(b, from, to)
    for (let number = this.#slots[slot]!; number !== 0; number = this.#slots[(slot = (slot + 1) & 255)]!) {
      const key = this.#list[number - 1]!
      if (key.is(b, from, to)) return key
    }
    return undefined
  }
}

const digest = (b: Uint8Array, from: number, to: number): number =>
  (Math.imul(to - from, 37) ^ Math.imul(b[from]!, 5) ^ Math.imul(b[to - 1]!, 3)) & 255

export class Key {
  readonly name: string
  readonly bytes: Uint8Array
  /** Set in the mask of the keys that an event has. */
  readonly bit: number
  /** Its value is an object, of which some keys are looked at. */
  inner: Keys | undefined = undefined
  /** Otherwise its value is noted under this number. */
  note = -1

  constructor(name: string, bit: number) {
    this.name = name
    this.bytes = new TextEncoder().encode(name)
    this.bit = bit
  }

  is(b: Uint8Array, from: number, to: number): boolean {
    const { bytes } = this
    if (bytes.length !== to - from) return false
    for (let i = 0; i < bytes.length; i++) if (bytes[i] !== b[from + i]) return false
    return true
  }
}
