import { FdKind } from '../model/fd.ts'
import { TextLimit } from './block.ts'
import type { Cursor } from './cursor.ts'
import { lengthOf } from './tables.ts'
import type { FdEntry } from './visitor.ts'

export function emptyFd(fd: number, type: number): FdEntry {
  return {
    fd,
    ino: 0n,
    type,
    name: '',
    openFlags: 0,
    dev: 0,
    sip: null,
    dip: null,
    sport: 0,
    dport: 0,
    l4proto: 0,
    unixSource: 0n,
    unixPeer: 0n,
  }
}

/** Reads the descriptors of one thread. @param version 2: each entry starts with its length, counting the length field. */
export function readFds(cursor: Cursor, version: 1 | 2, onFd: (tid: number, fd: FdEntry) => void): void {
  const tid = cursor.i64Number('tid')
  while (cursor.remaining >= 4) {
    const entry = version === 2 ? cursor.part(lengthOf(cursor, 'descriptor'), 'descriptor') : cursor
    const number = entry.i64Number('descriptor')
    const ino = entry.u64('inode')
    const fd = emptyFd(number, entry.u8('type of descriptor'))
    fd.ino = ino
    readKind(entry, version, fd)
    onFd(tid, fd)
  }
}

function readKind(entry: Cursor, version: 1 | 2, fd: FdEntry): void {
  switch (fd.type) {
    case FdKind.ipv4Socket:
    case FdKind.ipv6Socket: {
      const size = fd.type === FdKind.ipv4Socket ? 4 : 16
      fd.sip = entry.copy(size, 'source address')
      fd.dip = entry.copy(size, 'destination address')
      fd.sport = entry.u16('source port')
      fd.dport = entry.u16('destination port')
      fd.l4proto = entry.u8('protocol')
      break
    }
    case FdKind.ipv4Server:
    case FdKind.ipv6Server:
      fd.sip = entry.copy(fd.type === FdKind.ipv4Server ? 4 : 16, 'address')
      fd.sport = entry.u16('port')
      fd.l4proto = entry.u8('protocol')
      break
    case FdKind.unixSocket:
      fd.unixSource = entry.u64('socket')
      fd.unixPeer = entry.u64('peer of socket')
      fd.name = entry.text(TextLimit.fd, 'path of socket')
      break
    case FdKind.fileV2:
      fd.openFlags = entry.u32('open flags')
      fd.name = entry.text(TextLimit.fd, 'path')
      if (version === 2 && entry.remaining >= 4) fd.dev = entry.u32('device')
      break
    case FdKind.unknown:
      break
    default:
      if (fd.type <= FdKind.pidfd) {
        fd.name = entry.text(TextLimit.fd, 'name of descriptor')
      } else {
        fd.name = `unknown-type:[${fd.type}]`
        fd.type = FdKind.unsupported
      }
  }
}
