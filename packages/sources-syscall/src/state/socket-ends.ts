import { AF_INET, type InetTuple, isZero, sameAddress } from '../model/addresses.ts'
import { FD_ROLE_CLIENT, FD_ROLE_SERVER, type Fd, FdKind, isInet, L4_TCP } from '../model/fd.ts'
import type { Thread } from '../model/thread.ts'

/** Number of descriptors examined to guess a role; this happens for each new datagram socket. */
const MAX_NEIGHBOURS = 512

export function isTcp(fd: Fd): boolean {
  return fd.l4proto === L4_TCP && isInet(fd.type)
}

/** True if both have the same two ends, in either direction. */
export function sameEnds(fd: Fd, t: InetTuple): boolean {
  if (fd.sport === t.sport && fd.dport === t.dport && sameAddress(fd.sip, t.sip) && sameAddress(fd.dip, t.dip))
    return true
  return fd.sport === t.dport && fd.dport === t.sport && sameAddress(fd.sip, t.dip) && sameAddress(fd.dip, t.sip)
}

/** Whether a socket of IPv4 has the two ends in the tuple bytes[start, end), in either direction. False tells nothing of others. */
export function hasEnds(fd: Fd, bytes: Uint8Array, start: number, end: number): boolean {
  if (fd.type !== FdKind.ipv4Socket || bytes[start] !== AF_INET || end - start < 13) return false
  return isEnd(fd.sip, fd.sport, bytes, start + 1)
    ? isEnd(fd.dip, fd.dport, bytes, start + 7)
    : isEnd(fd.dip, fd.dport, bytes, start + 1) && isEnd(fd.sip, fd.sport, bytes, start + 7)
}

function isEnd(ip: Uint8Array | null, port: number, bytes: Uint8Array, at: number): boolean {
  if (ip === null || ip.length !== 4 || port !== (bytes[at + 4]! | (bytes[at + 5]! << 8))) return false
  return ip[0] === bytes[at] && ip[1] === bytes[at + 1] && ip[2] === bytes[at + 2] && ip[3] === bytes[at + 3]
}

/** Returns false when nothing changed. A known destination is kept unless `overwrite` is set. */
export function setTuple(fd: Fd, tuple: InetTuple, overwrite: boolean): boolean {
  if (sameEnds(fd, tuple)) return false
  let changed = false
  if (!sameAddress(fd.sip, tuple.sip)) {
    fd.sip = tuple.sip
    changed = true
  }
  if (fd.sport !== tuple.sport) {
    fd.sport = tuple.sport
    changed = true
  }
  const unknown = fd.dip === null || fd.dip.length !== tuple.dip.length || isZero(fd.dip)
  if (unknown || (overwrite && !sameAddress(fd.dip, tuple.dip))) {
    fd.dip = tuple.dip
    changed = true
  }
  if (fd.dport === 0 || (overwrite && fd.dport !== tuple.dport)) {
    fd.dport = tuple.dport
    changed = true
  }
  return changed
}

export function swapEnds(fd: Fd): void {
  const ip = fd.sip
  const port = fd.sport
  fd.sip = fd.dip
  fd.sport = fd.dport
  fd.dip = ip
  fd.dport = port
}

/**
 * A process bound to the destination port is the server, unless it also uses the source port: then whoever sends first is
 * the client.
 */
export function guessRole(fd: Fd, thread: Thread, incoming: boolean): void {
  let sport = fd.sport
  let dport = fd.dport
  if (fd.type === FdKind.ipv6Socket) {
    // Falco reads the ports at their IPv4 offsets here, which fall in the middle of an IPv6 address.
    sport = fd.sip![8]! | (fd.sip![9]! << 8)
    dport = fd.sip![10]! | (fd.sip![11]! << 8)
  }
  let bound = false
  let client = false
  for (const other of thread.fds.first(MAX_NEIGHBOURS)) {
    if (other.type === FdKind.ipv4Server || other.type === FdKind.ipv6Server) bound ||= other.dport === dport
    else if (other.type === FdKind.ipv4Socket) client ||= other.sport === sport
  }
  if (bound && client) fd.flags |= incoming ? FD_ROLE_SERVER : FD_ROLE_CLIENT
  else fd.flags |= bound ? FD_ROLE_SERVER : FD_ROLE_CLIENT
}
