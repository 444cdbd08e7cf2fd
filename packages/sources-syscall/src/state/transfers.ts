import type { SyscallEvent } from '../event.ts'
import { positions } from '../events/positions.ts'
import { AF_INET, AF_INET6, AF_UNIX, readTuple } from '../model/addresses.ts'
import {
  FD_CONNECTED,
  FD_ROLE_CLIENT,
  FD_ROLE_SERVER,
  FD_ROLES,
  type Fd,
  FdKind,
  L4_UDP,
  L4_UNKNOWN,
} from '../model/fd.ts'
import type { Thread } from '../model/thread.ts'
import { UnixEnds } from '../model/unix-ends.ts'
import { changeFd, nameFd, openFd } from './descriptors.ts'
import type { Effect, Effects } from './effects.ts'
import { guessRole, isTcp, sameEnds, setTuple, swapEnds } from './socket-ends.ts'
import { socketName } from './socket-names.ts'
import { SOCK_DGRAM, socketOf } from './sockets.ts'
import type { Tables } from './tables.ts'

const SEND = positions(['fd', 'tuple'], 'SOCKET_SEND_X', 'SOCKET_SENDTO_X', 'SOCKET_SENDMSG_X')
const SENDMMSG = positions(['res', 'tuple'], 'SOCKET_SENDMMSG_X')
const RECV = positions(['tuple'], 'SOCKET_RECV_X')
const RECVFROM = positions(['tuple'], 'SOCKET_RECVFROM_X')
const RECVMSG = positions(['tuple'], 'SOCKET_RECVMSG_X')
const RECVMMSG = positions(['res', 'tuple'], 'SOCKET_RECVMMSG_X')

const IPPROTO_UDP = 17

/** Exits of read, write and similar calls: they show that an inet socket is connected, but carry no addresses. */
function transfer(_tables: Tables, event: SyscallEvent, thread: Thread): void {
  if (isUnconnected(event.fd)) connects(event, thread, event.fd!)
}

/** An inet socket over which nothing has been transferred yet. */
export function isUnconnected(fd: Fd | null): boolean {
  return (
    fd !== null && (fd.flags & FD_CONNECTED) === 0 && (fd.type === FdKind.ipv4Socket || fd.type === FdKind.ipv6Socket)
  )
}

/** Exits of recv and similar calls. `tuple`: the parameter with the addresses. */
function receives(tuple: number): Effect {
  return (tables, event, thread) => {
    const { fd } = event
    if (fd !== null && connects(event, thread, fd) && event.has(tuple)) learn(tables, event, thread, tuple, true)
  }
}

/** Exits of send and similar calls. */
function send(tables: Tables, event: SyscallEvent, thread: Thread): void {
  if (event.fd === null) inferSocket(tables, event, thread)
  const fd = event.fd as Fd | null
  if (fd !== null && connects(event, thread, fd) && event.has(SEND.tuple))
    learn(tables, event, thread, SEND.tuple, false)
}

/** sendmmsg: the recorder may leave it empty. */
function sendmmsg(tables: Tables, event: SyscallEvent, thread: Thread): void {
  const { fd } = event
  if (!event.has(SENDMMSG.res) || fd === null || !connects(event, thread, fd)) return
  if (event.has(SENDMMSG.tuple)) learn(tables, event, thread, SENDMMSG.tuple, false)
}

const receiveMany = receives(RECVMMSG.tuple)

/** recvmmsg: the recorder may leave it empty. */
function recvmmsg(tables: Tables, event: SyscallEvent, thread: Thread): void {
  if (event.has(RECVMMSG.res)) receiveMany(tables, event, thread)
}

/** A successful transfer shows that an inet socket is connected. Returns false if it failed. */
function connects(event: SyscallEvent, thread: Thread, fd: Fd): boolean {
  if (event.result < 0) return false
  if ((fd.type === FdKind.ipv4Socket || fd.type === FdKind.ipv6Socket) && (fd.flags & FD_CONNECTED) === 0) {
    changeFd(event, thread).flags |= FD_CONNECTED
  }
  return true
}

/** A process sends on an unknown descriptor: assumes a datagram socket. */
function inferSocket(tables: Tables, event: SyscallEvent, thread: Thread): void {
  if (event.result < 0) return
  const family = event.has(SEND.tuple) ? event.bytes[event.paramOffset(SEND.tuple)]! : 0
  if (family !== AF_INET && family !== AF_INET6) return
  const num = event.int64Number(SEND.fd, -1)
  openFd(tables, event, thread, num, socketOf(num, family, SOCK_DGRAM, IPPROTO_UDP))
}

/** Takes addresses from a transfer, for sockets that have none yet and for datagram sockets, whose peer may differ each time. */
function learn(tables: Tables, event: SyscallEvent, thread: Thread, param: number, incoming: boolean): void {
  const present = event.fd!
  if (isTcp(present) && present.name !== '') return
  const at = event.paramOffset(param)
  if (event.bytes[at] === AF_UNIX) {
    const end = at + event.paramLength(param)
    if (present.type === FdKind.unixSocket && UnixEnds.areKnown(present, event.bytes, event.view, at, end)) return
    const ends = UnixEnds.read(event.bytes, event.view, at, end)
    const same = ends.isNameOf(present)
    if (same && present.type === FdKind.unixSocket) return
    const fd = changeFd(event, thread)
    fd.type = FdKind.unixSocket
    fd.nameLate(ends)
    if (!same) event.renamed = fd
    return
  }
  const bytes = event.blob(param)
  const tuple = readTuple(bytes)
  if (tuple === null) return
  const type = tuple.sip.length === 4 ? FdKind.ipv4Socket : FdKind.ipv6Socket
  if (present.type === type && sameEnds(present, tuple)) return
  const fd = changeFd(event, thread)
  if (fd.type === FdKind.ipv4Server || fd.type === FdKind.ipv6Server) {
    fd.sip = null
    fd.dip = null
    fd.dport = 0
  }
  fd.type = type
  if (!setTuple(fd, tuple, false)) return
  if (fd.l4proto === L4_UNKNOWN) fd.l4proto = L4_UDP
  tables.interfaces.complete(fd)
  if ((fd.flags & FD_ROLES) === 0) guessRole(fd, thread, incoming)
  if ((fd.flags & (incoming ? FD_ROLE_CLIENT : FD_ROLE_SERVER)) !== 0) swapEnds(fd)
  nameFd(event, fd, socketName(fd))
}

/** Most events of a busy machine are these. */
export const TRANSFER_EFFECTS: Effects = {
  SYSCALL_READ_X: transfer,
  SYSCALL_PREAD_X: transfer,
  SYSCALL_READV_X: transfer,
  SYSCALL_PREADV_X: transfer,
  SYSCALL_WRITE_X: transfer,
  SYSCALL_PWRITE_X: transfer,
  SYSCALL_WRITEV_X: transfer,
  SYSCALL_PWRITEV_X: transfer,
}

/** Calls that carry the addresses of both ends. */
export const MESSAGE_EFFECTS: Effects = {
  SOCKET_RECV_X: receives(RECV.tuple),
  SOCKET_RECVFROM_X: receives(RECVFROM.tuple),
  SOCKET_RECVMSG_X: receives(RECVMSG.tuple),
  SOCKET_RECVMMSG_X: recvmmsg,
  SOCKET_SEND_X: send,
  SOCKET_SENDTO_X: send,
  SOCKET_SENDMSG_X: send,
  SOCKET_SENDMMSG_X: sendmmsg,
}
