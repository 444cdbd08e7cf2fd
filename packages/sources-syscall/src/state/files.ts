import type { SyscallEvent } from '../event.ts'
import { PPME } from '../events/ids.ts'
import { uint32 } from '../events/integers.ts'
import { positions } from '../events/positions.ts'
import { Fd, FdKind, O_CLOEXEC } from '../model/fd.ts'
import type { Thread } from '../model/thread.ts'
import { dup, fcntl, setCloseOnExec } from './copies.ts'
import { duplicateFd, openFd } from './descriptors.ts'
import { directoryOf } from './directories.ts'
import type { Effect, Effects } from './effects.ts'
import { creatFlags, openFlags } from './open-flags.ts'
import { knownAs, knownThroughMount } from './opened-path.ts'
import { learnOpensStart } from './path-starts.ts'
import { concatenatePaths } from './paths.ts'
import type { Tables } from './tables.ts'

const SLASH = 0x2f
const AT_FDCWD = -100
/** The name has no known base and is used unchanged. */
const NO_BASE = -101

/** PPM_RESOLVE_IN_ROOT */
const RESOLVE_IN_ROOT = 2
const CLOSE_RANGE_CLOEXEC = 4
const MFD_CLOEXEC = 1
const EPOLL_CLOEXEC = 1

const OPEN = positions(['name', 'flags', 'dev', 'ino'], 'SYSCALL_OPEN_X')
const CREAT = positions(['name', 'creat_flags', 'dev', 'ino'], 'SYSCALL_CREAT_X')
const OPENATS = positions(['dirfd', 'name', 'flags'], 'SYSCALL_OPENAT_2_X', 'SYSCALL_OPENAT2_X')
const OPENAT = positions(['dev', 'ino'], 'SYSCALL_OPENAT_2_X')
const OPENAT2 = positions(['resolve', 'dev', 'ino'], 'SYSCALL_OPENAT2_X')
const BY_HANDLE = positions(['flags', 'path', 'dev', 'ino'], 'SYSCALL_OPEN_BY_HANDLE_AT_X')
const CLOSE_RANGE = positions(['first', 'last', 'flags'], 'SYSCALL_CLOSE_RANGE_X')
const PIPE = positions(['fd1', 'fd2', 'ino'], 'SYSCALL_PIPE_X', 'SYSCALL_PIPE2_X')
const PIPE2 = positions(['flags'], 'SYSCALL_PIPE2_X')
const EPOLL = positions(['flags'], 'SYSCALL_EPOLL_CREATE1_X')
const MEMFD = positions(['name', 'flags'], 'SYSCALL_MEMFD_CREATE_X')
const PIDFD_OPEN = positions(['pid', 'flags'], 'SYSCALL_PIDFD_OPEN_X')
const PIDFD_GETFD = positions(['pid_fd', 'target_fd'], 'SYSCALL_PIDFD_GETFD_X')
/** Events whose flags apply to the new descriptor. */
const KIND_FLAGS = positions(
  ['flags'],
  'SYSCALL_EVENTFD2_X',
  'SYSCALL_SIGNALFD4_X',
  'SYSCALL_INOTIFY_INIT1_X',
  'SYSCALL_USERFAULTFD_X',
)

/** The path from the enter event, if it was recorded; takes precedence over the exit event's. */
function passedPath(tables: Tables): string | null {
  const { enter } = tables
  return enter === null || enter.name === '' || enter.name === '<NA>' ? null : enter.name
}

function open(tables: Tables, event: SyscallEvent, thread: Thread): void {
  const num = event.result
  if (num < 0) return
  const passed = passedPath(tables)
  const flags = openFlags(event.uint32(OPEN.flags), passed === null ? undefined : tables.enter!.flags)
  openFile(tables, event, thread, num, passed ?? event.text(OPEN.name), AT_FDCWD, flags, OPEN.dev, OPEN.ino)
}

function creat(tables: Tables, event: SyscallEvent, thread: Thread): void {
  const num = event.result
  if (num < 0) return
  const name = passedPath(tables) ?? event.text(CREAT.name)
  const flags = creatFlags(event.uint16(CREAT.creat_flags))
  openFile(tables, event, thread, num, name, AT_FDCWD, flags, CREAT.dev, CREAT.ino)
}

function openByHandle(tables: Tables, event: SyscallEvent, thread: Thread): void {
  const num = event.result
  if (num < 0) return
  const { path, flags, dev, ino } = BY_HANDLE
  openFile(tables, event, thread, num, event.text(path), NO_BASE, event.uint32(flags), dev, ino)
}

/** The most frequent event of all that change something: SyscallState.apply calls it directly. */
export function openat(tables: Tables, event: SyscallEvent, thread: Thread): void {
  const repeated = tables.enter === null ? tables.repeatedOpens : null
  const { bytes, view, start, end } = event
  const known = repeated === null ? null : repeated.find(bytes, view, start, end)
  if (known === null) {
    openRelative(tables, event, thread, OPENAT.dev, OPENAT.ino)
    const kept = repeated === null ? null : repeated.keep(bytes, view, start, end, event.fd)
    if (event.fd === null) event.tried = kept
  } else if (event.result < 0) event.tried = known
  else openFd(tables, event, thread, event.result, known)
}

function openat2(tables: Tables, event: SyscallEvent, thread: Thread): void {
  openRelative(tables, event, thread, OPENAT2.dev, OPENAT2.ino)
}

function openRelative(tables: Tables, event: SyscallEvent, thread: Thread, dev: number, ino: number): void {
  learnOpensStart(tables, event, thread)
  const num = event.result
  if (num < 0) return
  const passed = passedPath(tables)
  const name = passed ?? (event.has(OPENATS.name) ? event.text(OPENATS.name) : '<NA>')
  const flags = openFlags(event.uint32(OPENATS.flags), passed === null ? undefined : tables.enter!.flags)
  let dirfd = NO_BASE
  if (passed !== null) dirfd = tables.enter!.dirfd
  else if (name.charCodeAt(0) !== SLASH && event.has(OPENATS.dirfd)) dirfd = event.int64Number(OPENATS.dirfd)
  openFile(tables, event, thread, num, name, dirfd, flags, dev, ino)
}

/**
 * Records a file or directory opened as `num`. `dirfd`: the base for a relative name, or NO_BASE. `dev` and `ino` are positions
 * of parameters.
 */
function openFile(
  tables: Tables,
  event: SyscallEvent,
  thread: Thread,
  num: number,
  name: string,
  dirfd: number,
  flags: number,
  dev: number,
  ino: number,
): void {
  let path: string | null = null
  if (name.charCodeAt(0) !== SLASH)
    path = concatenatePaths(dirfd === NO_BASE ? '' : directoryOf(thread, name, dirfd), name)
  let { resolved } = event
  if (resolved !== '') path = isOffRoot(event) ? resolved : knownAs(path ?? concatenatePaths('', name), resolved)
  const host = event.hostPath
  if (host !== '') {
    const known = path ?? concatenatePaths('', name)
    path = knownThroughMount(known, host)
    if (path !== known) resolved = host
  }
  const { openFiles } = tables
  const fd = openFiles.of(path, name, resolved, flags, event.uint32(dev), low32(event, ino), high32(event, ino))
  openFd(tables, event, thread, num, fd)
}

/** openat2 with RESOLVE_IN_ROOT: an absolute path is resolved from the descriptor's directory. */
function isOffRoot(event: SyscallEvent): boolean {
  return event.type === PPME.SYSCALL_OPENAT2_X && (event.uint32(OPENAT2.resolve) & RESOLVE_IN_ROOT) !== 0
}

/** Halves of a 64-bit parameter; the lower is signed. */
function low32(event: SyscallEvent, i: number): number {
  return event.paramLength(i) === 8 ? event.view.getInt32(event.paramOffset(i), true) : 0
}

function high32(event: SyscallEvent, i: number): number {
  return event.paramLength(i) === 8 ? uint32(event.view, event.paramOffset(i) + 4) : 0
}

/** close: the descriptor is removed before the next event. Called directly, as openat. */
export function close(tables: Tables, event: SyscallEvent, thread: Thread): void {
  if (event.fd !== null && event.result >= 0) tables.closeAfter(thread, event.fdNum)
}

function closeRange(_tables: Tables, event: SyscallEvent, thread: Thread): void {
  if (event.result < 0) return
  const first = event.uint32(CLOSE_RANGE.first)
  const last = event.uint32(CLOSE_RANGE.last)
  const onExec = (event.uint32(CLOSE_RANGE.flags) & CLOSE_RANGE_CLOEXEC) !== 0
  thread.fds.closeRange(first, last, onExec)
}

function pipe(tables: Tables, event: SyscallEvent, thread: Thread): void {
  if (event.result < 0) return
  for (const end of [PIPE.fd1, PIPE.fd2]) {
    const num = event.int64Number(end, -1)
    const fd = new Fd(num, FdKind.fifo)
    fd.inoLow = low32(event, PIPE.ino)
    fd.inoHigh = high32(event, PIPE.ino)
    if (event.type === PPME.SYSCALL_PIPE2_X) fd.openFlags = event.uint32(PIPE2.flags)
    openFd(tables, event, thread, num, fd)
  }
}

/** Opens a descriptor of the given kind, without a name. */
function opens(kind: number, flags: (event: SyscallEvent) => number = () => 0): Effect {
  return (tables, event, thread) => {
    const num = event.result
    if (num < 0) return
    const fd = new Fd(num, kind)
    fd.openFlags = flags(event)
    openFd(tables, event, thread, num, fd)
  }
}

const flags16 = (event: SyscallEvent) => event.uint16(KIND_FLAGS.flags)
const flags32 = (event: SyscallEvent) => event.uint32(KIND_FLAGS.flags)
const epollFlags = (event: SyscallEvent) => ((event.uint32(EPOLL.flags) & EPOLL_CLOEXEC) !== 0 ? O_CLOEXEC : 0)

/** memfd_create. If it fails, an entry of unknown kind is added under the error number, as in Falco. */
function memfd(tables: Tables, event: SyscallEvent, thread: Thread): void {
  const num = event.result
  const fd = new Fd(num, num >= 0 ? FdKind.memfd : FdKind.unknown)
  if (num >= 0) {
    fd.name = event.text(MEMFD.name)
    fd.openFlags = event.uint32(MEMFD.flags)
    setCloseOnExec(fd, (fd.openFlags & MFD_CLOEXEC) !== 0)
  }
  openFd(tables, event, thread, num, fd)
}

function pidfdOpen(tables: Tables, event: SyscallEvent, thread: Thread): void {
  const num = event.result
  if (num < 0) return
  const fd = new Fd(num, FdKind.pidfd)
  fd.pid = event.int64Number(PIDFD_OPEN.pid)
  fd.name = `/proc/${fd.pid}`
  fd.openFlags = event.uint32(PIDFD_OPEN.flags)
  openFd(tables, event, thread, num, fd)
}

/** pidfd_getfd: a copy of another process's descriptor. */
function pidfdGetfd(tables: Tables, event: SyscallEvent, thread: Thread): void {
  const num = event.result
  if (num < 0) return
  const pidfd = thread.fds.get(event.int64Number(PIDFD_GETFD.pid_fd, -1))
  if (pidfd === null || pidfd.type !== FdKind.pidfd) return
  const target = tables.threads.get(pidfd.pid)?.fds.get(event.int64Number(PIDFD_GETFD.target_fd, -1))
  if (target) duplicateFd(tables, event, thread, num, target.copy(num))
}

export const FILE_EFFECTS: Effects = {
  SYSCALL_OPEN_X: open,
  SYSCALL_CREAT_X: creat,
  SYSCALL_OPENAT_2_X: openat,
  SYSCALL_OPENAT2_X: openat2,
  SYSCALL_OPEN_BY_HANDLE_AT_X: openByHandle,
  SYSCALL_CLOSE_X: close,
  SYSCALL_CLOSE_RANGE_X: closeRange,
  SYSCALL_DUP_1_X: dup,
  SYSCALL_DUP2_X: dup,
  SYSCALL_DUP3_X: dup,
  SYSCALL_FCNTL_X: fcntl,
  SYSCALL_PIPE_X: pipe,
  SYSCALL_PIPE2_X: pipe,
  SYSCALL_EVENTFD_X: opens(FdKind.event),
  SYSCALL_EVENTFD2_X: opens(FdKind.event, flags16),
  SYSCALL_SIGNALFD_X: opens(FdKind.signalfd),
  SYSCALL_SIGNALFD4_X: opens(FdKind.signalfd, flags16),
  SYSCALL_TIMERFD_CREATE_X: opens(FdKind.timerfd),
  SYSCALL_INOTIFY_INIT_X: opens(FdKind.inotify),
  SYSCALL_INOTIFY_INIT1_X: opens(FdKind.inotify, flags16),
  SYSCALL_BPF_2_X: opens(FdKind.bpf),
  SYSCALL_USERFAULTFD_X: opens(FdKind.userfaultfd, flags32),
  SYSCALL_IO_URING_SETUP_X: opens(FdKind.ioUring),
  SYSCALL_EPOLL_CREATE_X: opens(FdKind.eventpoll),
  SYSCALL_EPOLL_CREATE1_X: opens(FdKind.eventpoll, epollFlags),
  SYSCALL_MEMFD_CREATE_X: memfd,
  SYSCALL_PIDFD_OPEN_X: pidfdOpen,
  SYSCALL_PIDFD_GETFD_X: pidfdGetfd,
}
