import { decodeText } from '../events/text.ts'
import { AF_UNIX, addressText, isMapped, readAddress, readTuple, tupleText, unmap } from '../model/addresses.ts'
import { type Fd, L4_ICMP, L4_RAW, L4_TCP, L4_UDP } from '../model/fd.ts'
import { UnixEnds } from '../model/unix-ends.ts'

/** Offset of a unix socket's path: after the family, and in a tuple after two kernel addresses. */
export const UNIX_PATH_IN_ADDRESS = 1
export const UNIX_PATH_IN_TUPLE = 17

/** A socket address as evt.arg prints it: "1.2.3.4:80", or the path of a unix socket. */
export function addressParamText(bytes: Uint8Array): string {
  const address = readAddress(bytes)
  if (address !== null) {
    const ip = address.ip.length === 16 && isMapped(address.ip) ? unmap(address.ip) : address.ip
    return `${addressText(ip)}:${address.port}`
  }
  if (bytes[0] === AF_UNIX) return pathText(bytes, UNIX_PATH_IN_ADDRESS)
  return `family ${bytes[0] ?? 0}`
}

/** A tuple as evt.arg prints it. */
export function tupleParamText(bytes: Uint8Array): string {
  const tuple = readTuple(bytes)
  if (tuple !== null) return tupleText(tuple.sip, tuple.sport, tuple.dip, tuple.dport)
  return bytes[0] === AF_UNIX ? unixSocketName(bytes) : ''
}

/** fd.name of a unix socket, from the bytes of a tuple. */
export function unixSocketName(bytes: Uint8Array): string {
  return new UnixEnds(bytes, 0, pathText(bytes, UNIX_PATH_IN_TUPLE)).of()
}

/** fd.name of an inet socket: both ends, with ports only if the protocol has them. */
export function socketName(fd: Fd): string {
  if (fd.sip === null || fd.dip === null) return ''
  switch (fd.l4proto) {
    case L4_TCP:
    case L4_UDP:
      return tupleText(fd.sip, fd.sport, fd.dip, fd.dport)
    case L4_ICMP:
    case L4_RAW:
      return `${addressText(fd.sip)}->${addressText(fd.dip)}`
    default:
      return '<unknown>'
  }
}

/** Decodes the text up to the first NUL. */
export function pathText(bytes: Uint8Array, at: number): string {
  let end = at
  while (end < bytes.length && bytes[end] !== 0) end++
  return decodeText(bytes, at, end)
}
