/** IPv4 and IPv6 addresses and networks: text to bytes and back. */

/** The 4 bytes of a dotted address, as inet_pton reads it: four decimal parts without leading zeros. */
export function parseIpv4(text: string): Uint8Array | undefined {
  const bytes = new Uint8Array(4)
  let part = 0
  /** The part being read; -1 before its first digit. */
  let value = -1
  for (let i = 0; i < text.length; i++) {
    const digit = text.charCodeAt(i) - 48
    if (digit >= 0 && digit <= 9) {
      if (value === 0) return undefined
      value = value < 0 ? digit : value * 10 + digit
      if (value > 255) return undefined
    } else {
      if (text[i] !== '.' || value < 0 || part === 3) return undefined
      bytes[part++] = value
      value = -1
    }
  }
  if (part !== 3 || value < 0) return undefined
  bytes[3] = value
  return bytes
}

/** The 16 bytes of an IPv6 address: groups in hex, at most one `::`, optionally an IPv4 tail. */
export function parseIpv6(text: string): Uint8Array | undefined {
  if (text.length > 45) return undefined
  const halves = text.split('::')
  if (halves.length > 2) return undefined
  const head = groups(halves[0]!, halves.length === 1)
  const tail = halves.length === 2 ? groups(halves[1]!, true) : []
  if (!head || !tail) return undefined
  const zeros = 16 - head.length - tail.length
  if (halves.length === 2 ? zeros < 2 : zeros !== 0) return undefined
  return Uint8Array.from([...head, ...new Array<number>(zeros).fill(0), ...tail])
}

/** The bytes of `a:b:c`. @param last the text ends the address, so that it may end in a dotted part */
function groups(text: string, last: boolean): number[] | undefined {
  if (text === '') return []
  const bytes: number[] = []
  const parts = text.split(':')
  for (const [i, part] of parts.entries()) {
    if (last && i === parts.length - 1 && part.includes('.')) {
      const v4 = parseIpv4(part)
      if (!v4) return undefined
      bytes.push(...v4)
    } else {
      if (!/^[0-9a-f]{1,4}$/i.test(part)) return undefined
      const group = Number.parseInt(part, 16)
      bytes.push(group >> 8, group & 0xff)
    }
  }
  return bytes
}

/** An address in text. An IPv4-mapped IPv6 address (`::ffff:10.0.0.1`) becomes the IPv4 address. */
export function parseAddress(text: string): Uint8Array | undefined {
  if (!text.includes(':')) return parseIpv4(text)
  const bytes = parseIpv6(text)
  return bytes !== undefined && isMapped(bytes) ? bytes.slice(12) : bytes
}

function isMapped(bytes: Uint8Array): boolean {
  if (bytes.length !== 16) return false
  for (let i = 0; i < 10; i++) if (bytes[i] !== 0) return false
  return bytes[10] === 0xff && bytes[11] === 0xff
}

/** An address as a field returns it (text, 4 or 16 bytes) as bytes; undefined for anything else. */
export function addressBytes(value: unknown): Uint8Array | undefined {
  if (typeof value === 'string') return parseAddress(value)
  return value instanceof Uint8Array && (value.length === 4 || value.length === 16) ? value : undefined
}

/** The text of an address; IPv6 is shortened as inet_ntop does (RFC 5952). */
export function printAddress(bytes: Uint8Array): string {
  if (bytes.length === 4) return bytes.join('.')
  const words = Array.from({ length: 8 }, (_, i) => (bytes[2 * i]! << 8) | bytes[2 * i + 1]!)
  let start = -1
  let length = 1
  for (let i = 0; i < 8; i++) {
    let end = i
    while (end < 8 && words[end] === 0) end++
    if (end - i > length) {
      start = i
      length = end - i
    }
  }
  const mapped = start === 0 && (length === 6 || (length === 5 && words[5] === 0xffff))
  const hex = (from: number, to: number) =>
    words
      .slice(from, to)
      .map(w => w.toString(16))
      .join(':')
  if (mapped && (length === 5 || words[6] !== 0))
    return `::${length === 5 ? 'ffff:' : ''}${bytes.subarray(12).join('.')}`
  if (start < 0) return hex(0, 8)
  return `${hex(0, start)}::${hex(start + length, 8)}`
}

/** Who has an address, as limits count clients: an IPv4 address, or the 64 bits of an IPv6 address that a network assigns. Other text is as it was. */
export function clientAt(text: string): string {
  const bytes = parseAddress(text.split('%', 1)[0]!)
  if (bytes === undefined) return text
  return bytes.length === 4 ? printAddress(bytes) : `${printAddress(bytes.fill(0, 8))}/64`
}

/** A network in CIDR notation. */
export interface Network {
  readonly bytes: Uint8Array
  /** Length of the prefix in bits. */
  readonly prefix: number
}

/** Parses `address/bits`. @throws {Error} with Falco's reason */
export function parseNetwork(text: string): Network {
  const [address = '', mask, ...rest] = text.split('/')
  if (mask === undefined || rest.length > 0) throw new Error(`unrecognized IP network ${text}`)
  const bytes = address.includes(':') ? parseIpv6(address) : parseIpv4(address)
  if (!bytes) throw new Error(`unrecognized IP address ${text}`)
  const prefix = Number(mask)
  if (!/^[0-9]{1,3}$/.test(mask) || prefix > bytes.length * 8) throw new Error(`invalid netmask ${mask}`)
  return prefix >= 96 && isMapped(bytes) ? { bytes: bytes.slice(12), prefix: prefix - 96 } : { bytes, prefix }
}

/** Whether the address is in the network. An address of the other family never is. */
export function inNetwork(bytes: Uint8Array, network: Network): boolean {
  if (bytes.length !== network.bytes.length) return false
  const whole = network.prefix >> 3
  for (let i = 0; i < whole; i++) if (bytes[i] !== network.bytes[i]) return false
  const rest = network.prefix & 7
  return rest === 0 || (bytes[whole]! ^ network.bytes[whole]!) >> (8 - rest) === 0
}

/** Equal bytes and equal length. */
export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false
  return true
}
