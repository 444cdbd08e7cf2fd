import { isZero, sameAddress } from './addresses.ts'
import { type Fd, FdKind } from './fd.ts'

/** One network address of the machine. */
export interface InterfaceEntry {
  readonly name: string
  /** 4 or 16 bytes each. */
  readonly address: Uint8Array
  readonly netmask: Uint8Array
  readonly broadcast: Uint8Array
  /** Mbit/s, 0 = not recorded. */
  readonly linkSpeed: bigint
}

/** As in libsinsp, an IPv6 subnet is the first 64 bits, whatever its mask. */
const IPV6_SUBNET = 8
const LOOPBACK4 = Uint8Array.of(127, 0, 0, 1)
const LOOPBACK6 = Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1)

/** The network addresses of the recorded machine, used to determine which end of a connection is local. */
export class InterfaceTable {
  #interfaces: readonly InterfaceEntry[] = []
  /** Changes whenever the addresses do, to invalidate cached answers. */
  generation = 0

  replace(interfaces: readonly InterfaceEntry[]): void {
    this.#interfaces = interfaces
    this.generation++
  }

  get all(): readonly InterfaceEntry[] {
    return this.#interfaces
  }

  /** True if `address` (4 or 16 bytes) belongs to the machine; for IPv6, only the first 64 bits are compared. */
  has(address: Uint8Array): boolean {
    return this.#interfaces.some(own =>
      address.length === 4 ? sameAddress(own.address, address) : inIpv6Subnet(own.address, address),
    )
  }

  /** Replaces a local address that the kernel reported as zero with the machine's address on that side. */
  complete(fd: Fd): void {
    if (fd.sip === null || fd.dip === null) return
    if (fd.type !== FdKind.ipv4Socket && fd.type !== FdKind.ipv6Socket) return
    if (isZero(fd.sip)) {
      const own = this.#nearest(fd.dip)
      if (!(sameAddress(own, fd.dip) && fd.sport === fd.dport)) fd.sip = own
    } else if (isZero(fd.dip)) {
      const own = this.#nearest(fd.sip)
      if (!(sameAddress(own, fd.sip) && fd.sport === fd.dport)) fd.dip = own
    }
  }

  /**
   * The machine's address used to reach `other`: `other` itself if local, else one in the same subnet, else the first that
   * is not loopback.
   */
  #nearest(other: Uint8Array): Uint8Array {
    const family = this.#interfaces.filter(own => own.address.length === other.length)
    const found =
      family.find(own => sameAddress(own.address, other)) ??
      family.find(own => (other.length === 4 ? inIpv4Subnet(own, other) : inIpv6Subnet(own.address, other))) ??
      family.find(own => !sameAddress(own.address, other.length === 4 ? LOOPBACK4 : LOOPBACK6))
    return found === undefined ? new Uint8Array(other.length) : found.address
  }
}

function inIpv4Subnet(own: InterfaceEntry, address: Uint8Array): boolean {
  for (let i = 0; i < 4; i++) if (((own.address[i]! ^ address[i]!) & own.netmask[i]!) !== 0) return false
  return true
}

function inIpv6Subnet(own: Uint8Array, address: Uint8Array): boolean {
  if (own.length !== 16) return false
  for (let i = 0; i < IPV6_SUBNET; i++) if (own[i] !== address[i]) return false
  return true
}
