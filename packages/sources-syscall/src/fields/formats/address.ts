const V4_IN_V6 = 12

/** Formats an address of 4 or 16 bytes in network order; 16 bytes in the shortest form of RFC 5952, like inet_ntop. */
export function ipText(bytes: Uint8Array): string {
  return bytes.length === 4 ? ipv4Text(bytes, 0) : ipv6Text(bytes)
}

function ipv4Text(bytes: Uint8Array, at: number): string {
  return `${bytes[at]}.${bytes[at + 1]}.${bytes[at + 2]}.${bytes[at + 3]}`
}

function ipv6Text(bytes: Uint8Array): string {
  const words: number[] = []
  for (let i = 0; i < 16; i += 2) words.push((bytes[i]! << 8) | bytes[i + 1]!)
  const gap = longestZeros(words)
  if (gap.start === 0 && (gap.length === 6 || (gap.length === 5 && words[5] === 0xffff))) {
    return `${gap.length === 6 ? '::' : '::ffff:'}${ipv4Text(bytes, V4_IN_V6)}`
  }
  if (gap.length < 2) return words.map(hex).join(':')
  return `${words.slice(0, gap.start).map(hex).join(':')}::${words
    .slice(gap.start + gap.length)
    .map(hex)
    .join(':')}`
}

function hex(word: number): string {
  return word.toString(16)
}

function longestZeros(words: readonly number[]): { start: number; length: number } {
  let best = { start: -1, length: 0 }
  for (let start = 0; start < words.length; start++) {
    let length = 0
    while (start + length < words.length && words[start + length] === 0) length++
    if (length > best.length) best = { start, length }
  }
  return best
}

/** True for ::ffff:a.b.c.d, and for ::, which libsinsp treats the same. */
export function isV4Mapped(bytes: Uint8Array): boolean {
  for (let i = 0; i < 10; i++) if (bytes[i] !== 0) return false
  return (bytes[10] === 0xff && bytes[11] === 0xff) || bytes.subarray(10).every(byte => byte === 0)
}

const AF_UNIX = 1
const AF_INET = 2
const AF_INET6 = 10

/** A PT_SOCKADDR parameter: `1.2.3.4:80`, a unix socket's path, or `family N`. */
export function sockaddrText(bytes: Uint8Array, path: (bytes: Uint8Array) => string): string {
  switch (bytes[0]) {
    case AF_UNIX:
      return path(bytes.subarray(1))
    case AF_INET:
      if (bytes.length !== 7) return 'INVALID IPv4'
      return `${ipText(bytes.subarray(1, 5))}:${port(bytes, 5)}`
    case AF_INET6:
      if (bytes.length !== 19) return 'INVALID IPv6'
      return `${mappedText(bytes.subarray(1, 17))}:${port(bytes, 17)}`
    default:
      return `family ${bytes[0]}`
  }
}

/** A PT_SOCKTUPLE parameter: `1.2.3.4:5->6.7.8.9:10`, or both ends of a unix socket and its path. */
export function socktupleText(bytes: Uint8Array, path: (bytes: Uint8Array) => string): string {
  switch (bytes[0]) {
    case AF_UNIX:
      if (bytes.length <= 17) return 'INVALID UNIX'
      return `${pointer(bytes, 1)}->${pointer(bytes, 9)} ${path(bytes.subarray(17))}`
    case AF_INET:
      if (bytes.length !== 13) return 'INVALID IPv4'
      return `${ipText(bytes.subarray(1, 5))}:${port(bytes, 5)}->${ipText(bytes.subarray(7, 11))}:${port(bytes, 11)}`
    case AF_INET6: {
      if (bytes.length !== 37) return 'INVALID IPv6'
      const from = bytes.subarray(1, 17)
      const to = bytes.subarray(19, 35)
      const mapped = isV4Mapped(from) && isV4Mapped(to)
      const text = mapped ? (ip: Uint8Array) => ipv4Text(ip, V4_IN_V6) : ipText
      return `${text(from)}:${port(bytes, 17)}->${text(to)}:${port(bytes, 35)}`
    }
    default:
      return `family ${bytes[0]}`
  }
}

function mappedText(ip: Uint8Array): string {
  return isV4Mapped(ip) && ip[10] === 0xff ? ipv4Text(ip, V4_IN_V6) : ipText(ip)
}

function port(bytes: Uint8Array, at: number): number {
  return bytes[at]! | (bytes[at + 1]! << 8)
}

function pointer(bytes: Uint8Array, at: number): string {
  let value = 0n
  for (let i = 7; i >= 0; i--) value = (value << 8n) | BigInt(bytes[at + i]!)
  return value.toString(16)
}
