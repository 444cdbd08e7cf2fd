/** The network addresses of the recorded machine: which end of a connection is the local one. */
export class InterfaceTable {
  private readonly ipv4 = new Set<number>()
  private readonly ipv6 = new Set<string>()
  /** Changes whenever the addresses do, for whoever caches an answer. */
  generation = 0

  /** `address`: 4 or 16 bytes. */
  add(address: Uint8Array): void {
    this.generation++
    if (address.length === 4) this.ipv4.add(ipv4Key(address))
    else this.ipv6.add(ipv6Key(address))
  }

  /** IPv6 addresses are compared in their first 64 bits only, as libsinsp does. */
  has(address: Uint8Array): boolean {
    return address.length === 4 ? this.ipv4.has(ipv4Key(address)) : this.ipv6.has(ipv6Key(address))
  }

  clear(): void {
    this.generation++
    this.ipv4.clear()
    this.ipv6.clear()
  }
}

function ipv4Key(b: Uint8Array): number {
  return ((b[0] << 24) | (b[1] << 16) | (b[2] << 8) | b[3]) >>> 0
}

function ipv6Key(b: Uint8Array): string {
  return b.subarray(0, 8).join('.')
}
