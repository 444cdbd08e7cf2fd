/** Socket addresses and tuples as events carry them, and as Falco prints them. */

export const AF_UNIX = 1
export const AF_INET = 2
export const AF_INET6 = 10

/** Formats a 4- or 16-byte address the way inet_ntop does: "1.2.3.4" or "2001:db8::1". */
export function addressText(address: Uint8Array): string {
  if (address.length === 4) return `${address[0]}.${address[1]}.${address[2]}.${address[3]}`
  return ipv6Text(address)
}

/** An IPv4-mapped IPv6 address, or the all-zero address, which Falco treats as one. */
export function isMapped(address: Uint8Array): boolean {
  for (let i = 0; i < 10; i++) if (address[i] !== 0) return false
  if (address[10] === 0xff && address[11] === 0xff) return true
  for (let i = 10; i < 16; i++) if (address[i] !== 0) return false
  return true
}

/** The last 4 bytes of a mapped address. */
export function unmap(address: Uint8Array): Uint8Array {
  return address.slice(12)
}

export function isZero(address: Uint8Array): boolean {
  for (const byte of address) if (byte !== 0) return false
  return true
}

export function sameAddress(a: Uint8Array | null, b: Uint8Array | null): boolean {
  if (a === b) return true
  if (a === null || b === null || a.length !== b.length) return false
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false
  return true
}

/** Both ends of a connection. Tuples of IPv4-mapped addresses are converted to IPv4. */
export interface InetTuple {
  readonly sip: Uint8Array
  readonly sport: number
  readonly dip: Uint8Array
  readonly dport: number
}

/** Reads a tuple parameter; null when it is empty or not of the internet families. */
export function readTuple(bytes: Uint8Array): InetTuple | null {
  if (bytes[0] === AF_INET && bytes.length >= 13) {
    return { sip: bytes.slice(1, 5), sport: port(bytes, 5), dip: bytes.slice(7, 11), dport: port(bytes, 11) }
  }
  if (bytes[0] === AF_INET6 && bytes.length >= 37) {
    const sip = bytes.slice(1, 17)
    const dip = bytes.slice(19, 35)
    const mapped = isMapped(sip) && isMapped(dip)
    return {
      sip: mapped ? unmap(sip) : sip,
      sport: port(bytes, 17),
      dip: mapped ? unmap(dip) : dip,
      dport: port(bytes, 35),
    }
  }
  return null
}

/** Reads a socket address parameter; null when it is empty or not of the internet families. */
export function readAddress(bytes: Uint8Array): { readonly ip: Uint8Array; readonly port: number } | null {
  if (bytes[0] === AF_INET && bytes.length >= 7) return { ip: bytes.slice(1, 5), port: port(bytes, 5) }
  if (bytes[0] === AF_INET6 && bytes.length >= 19) return { ip: bytes.slice(1, 17), port: port(bytes, 17) }
  return null
}

/** "1.2.3.4:80->5.6.7.8:443" */
export function tupleText(sip: Uint8Array, sport: number, dip: Uint8Array, dport: number): string {
  return `${addressText(sip)}:${sport}->${addressText(dip)}:${dport}`
}

function port(bytes: Uint8Array, at: number): number {
  return bytes[at]! | (bytes[at + 1]! << 8)
}

function ipv6Text(b: Uint8Array): string {
  const groups: number[] = []
  for (let i = 0; i < 16; i += 2) groups.push((b[i]! << 8) | b[i + 1]!)
  // The longest run of two or more zero groups is written "::".
  let best = -1
  let bestLength = 1
  for (let i = 0; i < 8; i++) {
    let n = 0
    while (i + n < 8 && groups[i + n] === 0) n++
    if (n > bestLength) {
      best = i
      bestLength = n
    }
    i += n
  }
  const mixed = best === 0 && (bestLength === 6 || (bestLength === 5 && groups[5] === 0xffff))
  const texts = groups.map(group => group.toString(16))
  if (mixed) texts.splice(6, 2, `${b[12]}.${b[13]}.${b[14]}.${b[15]}`)
  if (best < 0) return texts.join(':')
  return `${texts.slice(0, best).join(':')}::${texts.slice(best + bestLength).join(':')}`
}
