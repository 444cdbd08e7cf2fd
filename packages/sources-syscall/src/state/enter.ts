import type { SyscallEvent } from '../event.ts'
import { PPME } from '../events/ids.ts'
import { positions } from '../events/positions.ts'
import { EnterEvent } from '../model/enter-event.ts'
import type { Thread } from '../model/thread.ts'
import type { Effect, Effects } from './effects.ts'
import type { Tables } from './tables.ts'

const NO_BYTES = new Uint8Array(0)
const AT_FDCWD = -100
const NO_FD = -1

const OPEN = positions(['name', 'flags'], 'SYSCALL_OPEN_E')
const CREAT = positions(['name'], 'SYSCALL_CREAT_E')
const EXECVE = positions(['filename'], 'SYSCALL_EXECVE_19_E')
const OPENAT = positions(['dirfd', 'name', 'flags'], 'SYSCALL_OPENAT_2_E', 'SYSCALL_OPENAT2_E')
const EXECVEAT = positions(['dirfd', 'pathname', 'flags'], 'SYSCALL_EXECVEAT_E')
const CONNECT = positions(['fd', 'addr'], 'SOCKET_CONNECT_E')

/** Reads the call's enter event; returns null when it was recorded empty. */
type Reader = (event: SyscallEvent) => EnterEvent | null

/** Keeps the enter event on the thread until the exit event. Rules never see it. */
function keeps(read: Reader): Effect {
  return (tables, event, thread) => {
    thread.enter = read(event)
    if (thread.enter !== null) tables.awaiting.add(thread.tid)
  }
}

function connect(tables: Tables, event: SyscallEvent, thread: Thread): void {
  const fd = event.int64Number(CONNECT.fd, -1)
  thread.enter = new EnterEvent(event.type, '', 0, NO_FD, fd, event.blob(CONNECT.addr).slice())
  tables.awaiting.add(thread.tid)
  event.fdNum = fd
  event.fd = thread.fds.get(fd)
}

function readPath(path: number): Reader {
  return event => (event.has(path) ? enterOf(event, event.text(path), 0, NO_FD) : null)
}

function enterOf(event: SyscallEvent, name: string, flags: number, dirfd: number): EnterEvent {
  return new EnterEvent(event.type, name, flags, dirfd, NO_FD, NO_BYTES)
}

const openat: Reader = event =>
  event.has(OPENAT.dirfd)
    ? enterOf(event, event.text(OPENAT.name), event.uint32(OPENAT.flags), event.int64Number(OPENAT.dirfd))
    : null

export const ENTER_EFFECTS: Effects = {
  SYSCALL_OPEN_E: keeps(event =>
    event.has(OPEN.name) ? enterOf(event, event.text(OPEN.name), event.uint32(OPEN.flags), AT_FDCWD) : null,
  ),
  SYSCALL_CREAT_E: keeps(readPath(CREAT.name)),
  SYSCALL_EXECVE_19_E: keeps(readPath(EXECVE.filename)),
  SYSCALL_OPENAT_2_E: keeps(openat),
  SYSCALL_OPENAT2_E: keeps(openat),
  SYSCALL_EXECVEAT_E: keeps(event =>
    enterOf(event, event.text(EXECVEAT.pathname), event.uint32(EXECVEAT.flags), event.int64Number(EXECVEAT.dirfd)),
  ),
  SOCKET_CONNECT_E: connect,
}

/** True if the enter event matches the exit event: the exit's id is one higher, except that execveat may return as execve. */
export function belongsTo(enter: EnterEvent, exit: number): boolean {
  return enter.type + 1 === exit || (enter.type === PPME.SYSCALL_EXECVEAT_E && exit === PPME.SYSCALL_EXECVE_19_X)
}
