import type { SyscallEvent } from '../event.ts'
import { positions } from '../events/positions.ts'
import { decodeText } from '../events/text.ts'
import {
  AF_INET,
  AF_INET6,
  AF_UNIX,
  addressText,
  type InetTuple,
  isMapped,
  isZero,
  readAddress,
  readTuple,
  sameAddress,
  tupleText,
  unixTupleText,
  unmap,
} from '../model/addresses.ts'
import {
  FD_CONNECTED,
  FD_ROLE_CLIENT,
  FD_ROLE_SERVER,
  FD_ROLES,
  Fd,
  FdKind,
  L4_ICMP,
  L4_RAW,
  L4_TCP,
  L4_UDP,
  L4_UNKNOWN,
} from '../model/fd.ts'
import type { Thread } from '../model/thread.ts'
import { changeFd, nameFd, openFd } from './descriptors.ts'
import type { Effect, Effects } from './effects.ts'
import type { Tables } from './tables.ts'

const SOCKET = positions(['domain', 'type', 'proto', 'flags'], 'SOCKET_SOCKET_X')
const SOCKETPAIR = positions(['fd1', 'fd2'], 'SOCKET_SOCKETPAIR_X')
const BIND = positions(['addr'], 'SOCKET_BIND_X')
const CONNECT = positions(['tuple', 'addr'], 'SOCKET_CONNECT_X')
const ACCEPT = positions(['tuple'], 'SOCKET_ACCEPT_5_X', 'SOCKET_ACCEPT4_6_X')
const SEND = positions(['fd', 'tuple'], 'SOCKET_SEND_X', 'SOCKET_SENDTO_X', 'SOCKET_SENDMSG_X')
const SENDMMSG = positions(['res', 'tuple'], 'SOCKET_SENDMMSG_X')
const RECV = positions(['tuple'], 'SOCKET_RECV_X')
const RECVFROM = positions(['tuple'], 'SOCKET_RECVFROM_X')
const RECVMSG = positions(['tuple'], 'SOCKET_RECVMSG_X')
const RECVMMSG = positions(['res', 'tuple'], 'SOCKET_RECVMMSG_X')

const AF_NETLINK = 16
const SOCK_STREAM = 1
const SOCK_DGRAM = 2
const SOCK_RAW = 3
const IPPROTO_UDP = 17
const EINPROGRESS = -115
/** Descriptors that are looked at to guess a role: it is done for each new datagram socket. */
const MAX_NEIGHBOURS = 512
/** A unix socket's tuple: family and two kernel addresses in front of the path. */
const UNIX_PATH_AT = 17

function socket(tables: Tables, event: SyscallEvent, thread: Thread): void {
  const num = event.result
  if (num < 0) return
  const fd = socketOf(num, event.uint32(SOCKET.domain), event.uint32(SOCKET.type), event.uint32(SOCKET.proto))
  fd.openFlags = event.uint32(SOCKET.flags)
  openFd(tables, event, thread, num, fd)
}

function socketOf(num: number, domain: number, type: number, protocol: number): Fd {
  const fd = new Fd(num, FdKind.unknown)
  if (domain === AF_UNIX) fd.type = FdKind.unixSocket
  else if (domain === AF_NETLINK) fd.type = FdKind.netlink
  else if (domain === AF_INET || domain === AF_INET6) {
    fd.type = domain === AF_INET ? FdKind.ipv4Socket : FdKind.ipv6Socket
    fd.l4proto = l4protoOf(type, protocol)
  }
  return fd
}

function l4protoOf(type: number, protocol: number): number {
  const raw = type === SOCK_RAW
  switch (protocol) {
    case 0: {
      // The type may have SOCK_NONBLOCK and SOCK_CLOEXEC in it.
      const kind = type & 0xff
      return kind === SOCK_STREAM ? L4_TCP : kind === SOCK_DGRAM ? L4_UDP : L4_UNKNOWN
    }
    case 1:
      return raw ? L4_RAW : L4_ICMP
    case 6:
      return raw ? L4_RAW : L4_TCP
    case 17:
      return raw ? L4_RAW : L4_UDP
    case 255:
      return L4_RAW
    default:
      return L4_UNKNOWN
  }
}

function socketpair(tables: Tables, event: SyscallEvent, thread: Thread): void {
  if (event.result < 0) return
  const first = event.int64Number(SOCKETPAIR.fd1, -1)
  const second = event.int64Number(SOCKETPAIR.fd2, -1)
  if (first === second) return
  const fd = new Fd(first, FdKind.unixSocket)
  openFd(tables, event, thread, first, fd)
  openFd(tables, event, thread, second, fd.copy(second))
  event.fd = fd
}

/** bind: with a port the socket is a server's. */
function bind(_tables: Tables, event: SyscallEvent, thread: Thread): void {
  if (event.fd === null || event.result < 0 || !event.has(BIND.addr)) return
  const fd = changeFd(event, thread)
  const bytes = event.blob(BIND.addr)
  const address = readAddress(bytes)
  if (address !== null && address.port > 0) {
    const mapped = address.ip.length === 16 && isMapped(address.ip)
    fd.type = address.ip.length === 4 || mapped ? FdKind.ipv4Server : FdKind.ipv6Server
    fd.sip = null
    fd.sport = 0
    fd.dip = mapped ? unmap(address.ip) : address.ip
    fd.dport = address.port
    fd.flags |= FD_ROLE_SERVER
  }
  nameFd(event, fd, addressParamText(bytes))
}

/** A socket address as evt.arg prints it: "1.2.3.4:80", or the path of a unix socket. */
export function addressParamText(bytes: Uint8Array): string {
  const address = readAddress(bytes)
  if (address !== null) {
    const ip = address.ip.length === 16 && isMapped(address.ip) ? unmap(address.ip) : address.ip
    return `${addressText(ip)}:${address.port}`
  }
  if (bytes[0] === AF_UNIX) return pathText(bytes, 1)
  return `family ${bytes[0] ?? 0}`
}

/** A tuple as evt.arg prints it. */
export function tupleParamText(bytes: Uint8Array): string {
  const tuple = readTuple(bytes)
  if (tuple !== null) return tupleText(tuple.sip, tuple.sport, tuple.dip, tuple.dport)
  return bytes[0] === AF_UNIX ? unixTupleText(bytes, pathText(bytes, UNIX_PATH_AT)) : ''
}

function connect(tables: Tables, event: SyscallEvent, thread: Thread): void {
  const { result } = event
  if (event.fd === null && thread.fds.isFull && thread.fds.capacity > 0 && result >= 0) inferConnected(event)
  if (event.fd === null) return
  if (result < 0 && result !== EINPROGRESS) return
  const fd = changeFd(event, thread)
  fd.flags |= FD_CONNECTED
  const passed = tables.enter === null || tables.enter.address.length === 0 ? null : tables.enter.address
  if (!event.has(CONNECT.tuple)) {
    // TCP fast open: the kernel has no addresses yet.
    if (passed !== null) takeDestination(event, fd, passed)
    return
  }
  const bytes = event.blob(CONNECT.tuple)
  const tuple = readTuple(bytes)
  if (tuple !== null) {
    const real = realDestination(tuple, event.blob(CONNECT.addr), passed)
    fd.type = real.sip.length === 4 ? FdKind.ipv4Socket : FdKind.ipv6Socket
    const changed = setTuple(fd, real, true)
    if (changed && (fd.flags & FD_ROLE_SERVER) !== 0 && fd.l4proto === L4_UDP) swap(fd)
    // Of a socket that was made up, only the ends are known.
    nameFd(
      event,
      fd,
      fd.l4proto === L4_UNKNOWN && thread.fds.get(event.fdNum) === null ? tupleParamText(bytes) : socketName(fd),
    )
  } else {
    if (fd.type !== FdKind.unixSocket) return
    const exitPath = event.has(CONNECT.addr) ? pathText(event.blob(CONNECT.addr), 1) : null
    let path = pathText(bytes, UNIX_PATH_AT)
    if (exitPath !== null && passed !== null && exitPath === path) path = pathText(passed, 1)
    nameFd(event, fd, unixTupleText(bytes, path))
  }
  if ((fd.flags & FD_ROLES) === 0) fd.flags |= FD_ROLE_CLIENT
}

/** The table had no room for the socket: it is made up from connect's addresses, for this event. The protocol is not known. */
function inferConnected(event: SyscallEvent): void {
  const tuple = readTuple(event.blob(CONNECT.tuple))
  if (tuple === null) return
  const fd = new Fd(event.fdNum, tuple.sip.length === 4 ? FdKind.ipv4Socket : FdKind.ipv6Socket)
  event.fd = fd
}

/**
 * Where a connection really goes. If the exit event's tuple has the kernel's own destination it is right; if it repeats
 * what the program passed, another thread may have changed that since, and the enter event's address is.
 */
function realDestination(tuple: InetTuple, exitAddress: Uint8Array, passed: Uint8Array | null): InetTuple {
  if (passed === null) return tuple
  const exit = readAddress(exitAddress)
  const enter = readAddress(passed)
  if (exit === null || enter === null) return tuple
  const exitIp = tuple.dip.length === 4 && exit.ip.length === 16 ? unmap(exit.ip) : exit.ip
  if (exit.port !== tuple.dport || !sameAddress(exitIp, tuple.dip)) return tuple
  const dip = tuple.dip.length === 4 && enter.ip.length === 16 ? unmap(enter.ip) : enter.ip
  return dip.length === tuple.dip.length ? { ...tuple, dip, dport: enter.port } : tuple
}

function takeDestination(event: SyscallEvent, fd: Fd, address: Uint8Array): void {
  const passed = readAddress(address)
  if (passed === null) {
    nameFd(event, fd, event.has(CONNECT.tuple) ? tupleParamText(event.blob(CONNECT.tuple)) : 'NULL')
    return
  }
  const mapped = passed.ip.length === 16 && isMapped(passed.ip)
  fd.type = passed.ip.length === 4 || mapped ? FdKind.ipv4Socket : FdKind.ipv6Socket
  fd.dip = mapped ? unmap(passed.ip) : passed.ip
  fd.dport = passed.port
}

/** accept, accept4: a connection that came in. */
function accept(tables: Tables, event: SyscallEvent, thread: Thread): void {
  const num = event.result
  if (num < 0) return
  event.fdNum = num
  if (!event.has(ACCEPT.tuple)) return
  const bytes = event.blob(ACCEPT.tuple)
  const tuple = readTuple(bytes)
  const fd = new Fd(num, FdKind.unixSocket)
  if (tuple !== null) {
    fd.type = tuple.sip.length === 4 ? FdKind.ipv4Socket : FdKind.ipv6Socket
    setTuple(fd, tuple, true)
    fd.l4proto = L4_TCP
  } else if (bytes[0] !== AF_UNIX) return
  fd.name = tupleParamText(bytes)
  fd.flags = FD_ROLE_SERVER | FD_CONNECTED
  openFd(tables, event, thread, num, fd)
}

/** Exits of read, write and their kin: they show that an inet socket is connected, and carry no addresses. */
function transfer(_tables: Tables, event: SyscallEvent, thread: Thread): void {
  if (isUnconnected(event.fd)) connects(event, thread, event.fd!)
}

/** An inet socket over which nothing has been transferred yet. */
function isUnconnected(fd: Fd | null): boolean {
  return (
    fd !== null && (fd.flags & FD_CONNECTED) === 0 && (fd.type === FdKind.ipv4Socket || fd.type === FdKind.ipv6Socket)
  )
}

/** Exits of recv and its kin. `tuple`: the parameter with the addresses. */
function receives(tuple: number): Effect {
  return (tables, event, thread) => {
    const { fd } = event
    if (fd !== null && connects(event, thread, fd) && event.has(tuple)) learn(tables, event, thread, tuple, true)
  }
}

/** Exits of send and its kin. */
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

/** A successful transfer shows that an inet socket is connected. False: it failed. */
function connects(event: SyscallEvent, thread: Thread, fd: Fd): boolean {
  if (event.result < 0) return false
  if ((fd.type === FdKind.ipv4Socket || fd.type === FdKind.ipv6Socket) && (fd.flags & FD_CONNECTED) === 0) {
    changeFd(event, thread).flags |= FD_CONNECTED
  }
  return true
}

/** A process sends on a descriptor of which nothing is known: it is a datagram socket. */
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
  if (present.name !== '' && isTcp(present)) return
  const bytes = event.blob(param)
  if (bytes[0] === AF_UNIX) {
    const name = unixTupleText(bytes, pathText(bytes, UNIX_PATH_AT))
    if (present.type === FdKind.unixSocket && present.name === name) return
    const fd = changeFd(event, thread)
    fd.type = FdKind.unixSocket
    nameFd(event, fd, name)
    return
  }
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
  if ((fd.flags & (incoming ? FD_ROLE_CLIENT : FD_ROLE_SERVER)) !== 0) swap(fd)
  nameFd(event, fd, socketName(fd))
}

function isTcp(fd: Fd): boolean {
  return (
    fd.l4proto === L4_TCP &&
    (fd.type === FdKind.ipv4Socket ||
      fd.type === FdKind.ipv6Socket ||
      fd.type === FdKind.ipv4Server ||
      fd.type === FdKind.ipv6Server)
  )
}

function sameEnds(fd: Fd, t: InetTuple): boolean {
  if (fd.sport === t.sport && fd.dport === t.dport && sameAddress(fd.sip, t.sip) && sameAddress(fd.dip, t.dip))
    return true
  return fd.sport === t.dport && fd.dport === t.sport && sameAddress(fd.sip, t.dip) && sameAddress(fd.dip, t.sip)
}

/** False when nothing changed. A destination that is known already stays unless `overwrite`. */
function setTuple(fd: Fd, tuple: InetTuple, overwrite: boolean): boolean {
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

function swap(fd: Fd): void {
  const ip = fd.sip
  const port = fd.sport
  fd.sip = fd.dip
  fd.sport = fd.dport
  fd.dip = ip
  fd.dport = port
}

/** A process that is bound to the destination's port is the server, unless it uses the source's port too: then who speaks first is the client. */
function guessRole(fd: Fd, thread: Thread, incoming: boolean): void {
  let sport = fd.sport
  let dport = fd.dport
  if (fd.type === FdKind.ipv6Socket) {
    // Falco reads the ports of the IPv4 layout here, which lie in the middle of an IPv6 address.
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

/** fd.name of an inet socket: both ends, ports only where the protocol has them. */
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

function pathText(bytes: Uint8Array, at: number): string {
  let end = at
  while (end < bytes.length && bytes[end] !== 0) end++
  return decodeText(bytes, at, end)
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

export const SOCKET_EFFECTS: Effects = {
  SOCKET_SOCKET_X: socket,
  SOCKET_SOCKETPAIR_X: socketpair,
  SOCKET_BIND_X: bind,
  SOCKET_CONNECT_X: connect,
  SOCKET_ACCEPT_5_X: accept,
  SOCKET_ACCEPT4_6_X: accept,
  SOCKET_RECV_X: receives(RECV.tuple),
  SOCKET_RECVFROM_X: receives(RECVFROM.tuple),
  SOCKET_RECVMSG_X: receives(RECVMSG.tuple),
  SOCKET_RECVMMSG_X: recvmmsg,
  SOCKET_SEND_X: send,
  SOCKET_SENDTO_X: send,
  SOCKET_SENDMSG_X: send,
  SOCKET_SENDMMSG_X: sendmmsg,
}
