import type { SyscallEvent } from '../event.ts'
import { PPME } from '../events/ids.ts'
import { positions } from '../events/positions.ts'
import { EVENTS } from '../events/table.ts'
import { Fd, FdKind } from '../model/fd.ts'
import type { Thread } from '../model/thread.ts'
import { AT_FDCWD, directoryOf } from '../state/directories.ts'
import { concatenatePaths } from '../state/paths.ts'
import { singleSlashes } from './directory.ts'
import { argumentText } from './formats/param.ts'

/**
 * Descriptors that are not there: mostly the call that should have made them failed, and fd.* tell what it tried, from its
 * arguments.
 */

const OPEN = positions(['name'], 'SYSCALL_OPEN_X', 'SYSCALL_CREAT_X')
const OPENAT = positions(['dirfd', 'name'], 'SYSCALL_OPENAT_2_X', 'SYSCALL_OPENAT2_X')
const OPEN_BY_HANDLE = positions(['path'], 'SYSCALL_OPEN_BY_HANDLE_AT_X')
const PEER = positions(['tuple'], 'SOCKET_ACCEPT_5_X', 'SOCKET_ACCEPT4_6_X', 'SOCKET_CONNECT_X')
const CONNECT = positions(['res'], 'SOCKET_CONNECT_X')

/** A connect that failed or is still in progress: the socket exists, but only the event has its peer. */
export function failedConnect(event: SyscallEvent): boolean {
  return event.type === PPME.SOCKET_CONNECT_X && event.int64Number(CONNECT.res) < 0
}

/** fd.name; '' for calls without a path or address. */
export function lostName(event: SyscallEvent): string | undefined {
  switch (event.type) {
    case PPME.SYSCALL_OPEN_X:
    case PPME.SYSCALL_CREAT_X:
      return argumentText(event, OPEN.name)
    case PPME.SOCKET_ACCEPT_5_X:
    case PPME.SOCKET_ACCEPT4_6_X:
    case PPME.SOCKET_CONNECT_X:
      return event.has(PEER.tuple) ? argumentText(event, PEER.tuple) : ''
    case PPME.SYSCALL_OPENAT_2_X:
    case PPME.SYSCALL_OPENAT2_X:
      return belowDirectory(event.thread, event.text(OPENAT.name), event.int64Number(OPENAT.dirfd, AT_FDCWD))
    case PPME.SYSCALL_OPEN_BY_HANDLE_AT_X:
      return event.text(OPEN_BY_HANDLE.path)
    default:
      return isExit(event) ? '' : undefined
  }
}

/** fd.nameraw: the same, but not made absolute, with double slashes collapsed. */
export function lostNameRaw(event: SyscallEvent): string | undefined {
  switch (event.type) {
    case PPME.SYSCALL_OPENAT_2_X:
    case PPME.SYSCALL_OPENAT2_X:
      return singleSlashes(event.text(OPENAT.name))
    default:
      return lostName(event)?.replace(/\/{2,}/g, '/')
  }
}

/** fd.typechar: the type that the call would have created. As in Falco, open is not covered and sockets count as IPv4. */
export function lostTypeChar(event: SyscallEvent): string {
  switch (event.type) {
    case PPME.SYSCALL_OPENAT_2_X:
    case PPME.SYSCALL_OPENAT2_X:
    case PPME.SYSCALL_CREAT_X:
      return 'f'
    case PPME.SOCKET_SOCKET_X:
    case PPME.SOCKET_ACCEPT_5_X:
    case PPME.SOCKET_ACCEPT4_6_X:
      return '4'
    case PPME.SYSCALL_PIPE_X:
    case PPME.SYSCALL_PIPE2_X:
      return 'p'
    case PPME.SYSCALL_EVENTFD_X:
    case PPME.SYSCALL_EVENTFD2_X:
      return 'e'
    case PPME.SYSCALL_SIGNALFD_X:
    case PPME.SYSCALL_SIGNALFD4_X:
      return 's'
    case PPME.SYSCALL_TIMERFD_CREATE_X:
      return 't'
    case PPME.SYSCALL_INOTIFY_INIT_X:
    case PPME.SYSCALL_INOTIFY_INIT1_X:
      return 'i'
    default:
      return 'o'
  }
}

/** Types whose events tell by their arguments what they tried. */
const TELLING: ReadonlySet<number> = new Set([
  PPME.SYSCALL_OPEN_X,
  PPME.SYSCALL_CREAT_X,
  PPME.SOCKET_ACCEPT_5_X,
  PPME.SOCKET_ACCEPT4_6_X,
  PPME.SOCKET_CONNECT_X,
  PPME.SYSCALL_OPENAT_2_X,
  PPME.SYSCALL_OPENAT2_X,
  PPME.SYSCALL_OPEN_BY_HANDLE_AT_X,
])
/** By event type: see lostFd. */
const LOST: readonly (Fd | undefined)[] = EVENTS.map(({ id }) =>
  TELLING.has(id) ? undefined : new Fd(-1, FdKind.unknown),
)

/** Represents the missing descriptor of events of a type, where fd.* are the same for all of them; it caches the results of rules. */
export function lostFd(event: SyscallEvent): Fd | undefined {
  return event.thread === null || event.fdUnknown ? undefined : LOST[event.type]
}

function isExit(event: SyscallEvent): boolean {
  return (event.type & 1) === 1
}

function belowDirectory(thread: Thread | null, name: string, dirfd: number): string {
  return thread === null ? name : concatenatePaths(directoryOf(thread, name, dirfd), name)
}
