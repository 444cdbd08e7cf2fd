import type { SyscallEvent } from '../event.ts'
import { positions } from '../events/positions.ts'
import {
  AF_INET,
  AF_INET6,
  AF_UNIX,
  type InetTuple,
  isMapped,
  readAddress,
  readTuple,
  sameAddress,
  unmap,
} from '../model/addresses.ts'
import {
  FD_CONNECTED,
  FD_ROLE_CLIENT,
  FD_ROLE_SERVER,
  FD_ROLES,
  Fd,
  FdKind,
  isInet,
  L4_ICMP,
  L4_RAW,
  L4_TCP,
  L4_UDP,
  L4_UNKNOWN,
} from '../model/fd.ts'
import type { Thread } from '../model/thread.ts'
import { UnixEnds } from '../model/unix-ends.ts'
import { changeFd, nameFd, openFd } from './descriptors.ts'
import type { Effects } from './effects.ts'
import { guessRole, setTuple, swapEnds } from './socket-ends.ts'
import {
  addressParamText,
  pathText,
  socketName,
  tupleParamText,
  UNIX_PATH_IN_ADDRESS,
  UNIX_PATH_IN_TUPLE,
  unixSocketName,
} from './socket-names.ts'
import type { Tables } from './tables.ts'

const SOCKET = positions(['domain', 'type', 'proto', 'flags'], 'SOCKET_SOCKET_X')
const SOCKETPAIR = positions(['fd1', 'fd2'], 'SOCKET_SOCKETPAIR_X')
const BIND = positions(['addr'], 'SOCKET_BIND_X')
const CONNECT = positions(['tuple', 'addr'], 'SOCKET_CONNECT_X')
const ACCEPT = positions(['tuple'], 'SOCKET_ACCEPT_5_X', 'SOCKET_ACCEPT4_6_X')

const AF_NETLINK = 16
const SOCK_STREAM = 1
export const SOCK_DGRAM = 2
const SOCK_RAW = 3
/** Variants of TCP and UDP, to which rules about these apply. */
const IPPROTO_MPTCP = 262
const IPPROTO_UDPLITE = 136
const EINPROGRESS = -115

function socket(tables: Tables, event: SyscallEvent, thread: Thread): void {
  const num = event.result
  if (num < 0) return
  const fd = socketOf(num, event.uint32(SOCKET.domain), event.uint32(SOCKET.type), event.uint32(SOCKET.proto))
  fd.openFlags = event.uint32(SOCKET.flags)
  openFd(tables, event, thread, num, fd)
}

export function socketOf(num: number, domain: number, type: number, protocol: number): Fd {
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
      // The type may include SOCK_NONBLOCK and SOCK_CLOEXEC.
      const kind = type & 0xff
      return kind === SOCK_STREAM ? L4_TCP : kind === SOCK_DGRAM ? L4_UDP : L4_UNKNOWN
    }
    case 1:
      return raw ? L4_RAW : L4_ICMP
    case 6:
    case IPPROTO_MPTCP:
      return raw ? L4_RAW : L4_TCP
    case 17:
    case IPPROTO_UDPLITE:
      return raw ? L4_RAW : L4_UDP
    case 255:
      return L4_RAW
    default:
      return L4_UNKNOWN
  }
}

/** Bytes of a unix socket's ends: the family and two addresses of the kernel. The path of the server follows. */
const UNIX_ENDS = 17

/**
 * The socket that a dup or the like copies, if its event describes one (SyscallEvent.tail) and the table has none under that number. Such a
 * socket came from another process, through an io_uring, or while events were lost. An entry of another kind is out of date.
 */
export function learnSocket(tables: Tables, event: SyscallEvent, thread: Thread): void {
  if (event.fd !== null && (isInet(event.fd.type) || event.fd.type === FdKind.unixSocket)) return
  const { tail } = event
  if (tail[0] === AF_UNIX && tail.length > UNIX_ENDS) {
    const fd = socketOf(event.fdNum, AF_UNIX, 0, 0)
    fd.name = unixSocketName(tail.subarray(0, -1))
    openFd(tables, event, thread, event.fdNum, fd)
    return
  }
  const tuple = readTuple(tail)
  if (tuple === null) return
  const fd = socketOf(event.fdNum, tuple.sip.length === 4 ? AF_INET : AF_INET6, 0, tail.at(-1)!)
  if (tuple.dport !== 0) {
    setTuple(fd, tuple, true)
    fd.flags |= FD_CONNECTED
    guessRole(fd, thread, false)
    if ((fd.flags & FD_ROLE_SERVER) !== 0) swapEnds(fd)
    fd.name = socketName(fd)
  }
  openFd(tables, event, thread, event.fdNum, fd)
}

/** The same of connect, whose parameters have the ends. */
function learnConnected(tables: Tables, event: SyscallEvent, thread: Thread): void {
  const { tail } = event
  const family = event.blob(CONNECT.tuple)[0]
  if (
    tail.length === 1 &&
    (family === AF_INET || family === AF_INET6 || (family === AF_UNIX && event.fd?.type !== FdKind.unixSocket))
  )
    openFd(tables, event, thread, event.fdNum, socketOf(event.fdNum, family, 0, tail[0]!))
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

/** bind: a socket with a port is a server. */
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

function connect(tables: Tables, event: SyscallEvent, thread: Thread): void {
  const { result } = event
  if (event.fd === null || !isInet(event.fd.type)) learnConnected(tables, event, thread)
  if (event.fd === null && thread.fds.isFull && thread.fds.capacity > 0 && result >= 0) inferConnected(event)
  if (event.fd === null) return
  if (result < 0 && result !== EINPROGRESS) return
  const fd = changeFd(event, thread)
  fd.flags |= FD_CONNECTED
  const passed = tables.enter === null || tables.enter.address.length === 0 ? null : tables.enter.address
  if (!event.has(CONNECT.tuple)) {
    // TCP Fast Open: the kernel has no addresses yet.
    if (passed !== null) takeDestination(event, fd, passed)
    return
  }
  const bytes = event.blob(CONNECT.tuple)
  const tuple = readTuple(bytes)
  if (tuple !== null) {
    const real = realDestination(tuple, event.blob(CONNECT.addr), passed)
    fd.type = real.sip.length === 4 ? FdKind.ipv4Socket : FdKind.ipv6Socket
    const changed = setTuple(fd, real, true)
    if (changed && (fd.flags & FD_ROLE_SERVER) !== 0 && fd.l4proto === L4_UDP) swapEnds(fd)
    // Of an inferred socket, only the ends are known.
    nameFd(
      event,
      fd,
      fd.l4proto === L4_UNKNOWN && thread.fds.get(event.fdNum) === null ? tupleParamText(bytes) : socketName(fd),
    )
  } else {
    if (fd.type !== FdKind.unixSocket) return
    const atExit = event.has(CONNECT.addr) ? pathText(event.blob(CONNECT.addr), UNIX_PATH_IN_ADDRESS) : null
    let path = pathText(bytes, UNIX_PATH_IN_TUPLE)
    if (atExit !== null && passed !== null && atExit === path) path = pathText(passed, UNIX_PATH_IN_ADDRESS)
    nameFd(event, fd, new UnixEnds(bytes, 0, path).of())
  }
  if ((fd.flags & FD_ROLES) === 0) fd.flags |= FD_ROLE_CLIENT
}

/** The socket did not fit in the table: infers it from connect's addresses, for this event only. The protocol is unknown. */
function inferConnected(event: SyscallEvent): void {
  const tuple = readTuple(event.blob(CONNECT.tuple))
  if (tuple === null) return
  const fd = new Fd(event.fdNum, tuple.sip.length === 4 ? FdKind.ipv4Socket : FdKind.ipv6Socket)
  event.fd = fd
}

/**
 * Returns the tuple with the actual destination. If the exit event's tuple holds the kernel's own destination, it is right.
 * If it repeats what the program passed, another thread may have changed that in the meantime, so the enter event's address
 * is used.
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

/** accept, accept4: an incoming connection. */
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

export const SOCKET_EFFECTS: Effects = {
  SOCKET_SOCKET_X: socket,
  SOCKET_SOCKETPAIR_X: socketpair,
  SOCKET_BIND_X: bind,
  SOCKET_CONNECT_X: connect,
  SOCKET_ACCEPT_5_X: accept,
  SOCKET_ACCEPT4_6_X: accept,
}
