import { FdKind } from '../capture/visitor.ts'
import type { SyscallEvent } from '../event.ts'
import { changeFd, openFd } from './descriptors.ts'
import { directoryOf } from './directories.ts'
import { Fd, O_CLOEXEC } from './fd.ts'
import type { Machine } from './machine.ts'
import { concatenatePaths } from './paths.ts'
import { CL_PIPE_DST, CL_PIPE_SRC, type Thread } from './thread.ts'

const SLASH = 0x2f
const AT_FDCWD = -100
/** Flags from here up are the kernel's findings; the exit event alone has them. */
const KERNEL_FLAGS = ~((1 << 14) - 1)
const UPPER_LAYER = 1 << 15
const LOWER_LAYER = 1 << 16
const CREAT_UPPER_LAYER = 1
const CREAT_LOWER_LAYER = 2

const F_DUPFD = 1
const F_SETFD = 3
const F_DUPFD_CLOEXEC = 26
const CLOSE_RANGE_CLOEXEC = 4
const MFD_CLOEXEC = 1
const EPOLL_CLOEXEC = 1

/** open, openat, openat2, creat, open_by_handle_at: a file or directory. */
export function open(machine: Machine, event: SyscallEvent, thread: Thread): void {
  const num = event.int64Number(0, -1)
  if (num < 0) return
  const enter =
    machine.enter !== null && machine.enter.name !== '' && machine.enter.name !== '<NA>' ? machine.enter : null
  let name: string
  /** Parameter with the device; the inode is the next. */
  let dev: number
  let flags: number
  let dirfd = AT_FDCWD
  let based = true
  switch (event.type) {
    case 3: // open
      name = enter === null ? event.text(1) : enter.name
      flags = openFlags(event.uint32(2), enter?.flags)
      dev = 4
      break
    case 59: // creat
      name = enter === null ? event.text(1) : enter.name
      flags = creatFlags(event.uint16(5))
      dev = 3
      break
    case 337: // open_by_handle_at
      name = event.text(3)
      flags = event.uint32(2)
      based = false
      dev = 4
      break
    default: // openat, openat2
      name = enter === null ? (event.has(2) ? event.text(2) : '<NA>') : enter.name
      flags = openFlags(event.uint32(3), enter?.flags)
      if (enter !== null) dirfd = enter.dirfd
      else if (event.has(1)) dirfd = event.int64Number(1)
      else based = false
      dev = event.type === 307 ? 5 : 6
  }
  const device = event.uint32(dev)
  const inoLow = low32(event, dev + 1)
  const inoHigh = high32(event, dev + 1)
  if (name.charCodeAt(0) === SLASH) {
    openFd(event, thread, num, machine.openFiles.of(null, name, flags, device, inoLow, inoHigh))
    return
  }
  const path = concatenatePaths(based ? directoryOf(thread, name, dirfd) : '', name)
  openFd(event, thread, num, machine.openFiles.of(path, name, flags, device, inoLow, inoHigh))
}

function openFlags(flags: number, passed: number | undefined): number {
  return passed === undefined ? flags : passed | (flags & KERNEL_FLAGS)
}

function creatFlags(layers: number): number {
  if ((layers & CREAT_UPPER_LAYER) !== 0) return UPPER_LAYER
  return (layers & CREAT_LOWER_LAYER) !== 0 ? LOWER_LAYER : 0
}

function setInode(fd: Fd, event: SyscallEvent, i: number): void {
  fd.inoLow = low32(event, i)
  fd.inoHigh = high32(event, i)
}

/** Halves of a 64-bit parameter. */
function low32(event: SyscallEvent, i: number): number {
  return event.paramLength(i) === 8 ? event.view.getUint32(event.paramOffset(i), true) : 0
}

function high32(event: SyscallEvent, i: number): number {
  return event.paramLength(i) === 8 ? event.view.getUint32(event.paramOffset(i) + 4, true) : 0
}

/** close: the descriptor goes when the next event comes. */
export function close(machine: Machine, event: SyscallEvent, thread: Thread): void {
  if (event.fd !== null && event.int64Number(0, -1) >= 0) machine.closeAfter(thread, event.fdNum)
}

export function closeRange(event: SyscallEvent, thread: Thread): void {
  if (event.int64Number(0, -1) < 0) return
  const first = event.uint32(1)
  const last = event.uint32(2)
  const keep = (event.uint32(3) & CLOSE_RANGE_CLOEXEC) !== 0
  for (const [num] of thread.fds) {
    if (num < first || num > last) continue
    if (keep) setCloseOnExec(thread.fds.own(num)!, true)
    else thread.fds.delete(num)
  }
}

function setCloseOnExec(fd: Fd, on: boolean): void {
  fd.openFlags = on ? fd.openFlags | O_CLOEXEC : fd.openFlags & ~O_CLOEXEC
}

/** dup, dup2, dup3: a copy under another number. */
export function dup(event: SyscallEvent, thread: Thread): void {
  const num = event.int64Number(0, -1)
  if (num < 0) return
  if (num === 0) thread.flags |= CL_PIPE_DST
  else if (num === 1) thread.flags |= CL_PIPE_SRC
  if (event.fd === null) return
  const fd = event.fd.copy(num)
  setCloseOnExec(fd, event.type === 365 && event.uint32(3) !== 0)
  duplicate(event, thread, num, fd)
}

/** As openFd, for a copy: its name is not new. */
function duplicate(event: SyscallEvent, thread: Thread, num: number, fd: Fd): void {
  event.fdNum = num
  event.fd = thread.fds.set(num, fd) ? fd : null
}

export function fcntl(event: SyscallEvent, thread: Thread): void {
  const result = event.int64Number(0, -1)
  if (result < 0 || event.fd === null) return
  const command = event.uint8(2)
  if (command === F_DUPFD || command === F_DUPFD_CLOEXEC) {
    const fd = event.fd.copy(result)
    setCloseOnExec(fd, command === F_DUPFD_CLOEXEC)
    duplicate(event, thread, result, fd)
  } else if (command === F_SETFD) {
    const on = (event.uint64Number(3) & 1) !== 0
    if (on !== ((event.fd.openFlags & O_CLOEXEC) !== 0)) setCloseOnExec(changeFd(event, thread), on)
  }
}

export function pipe(event: SyscallEvent, thread: Thread): void {
  if (event.int64Number(0, -1) < 0) return
  for (let end = 1; end <= 2; end++) {
    const num = event.int64Number(end, -1)
    const fd = new Fd(num, FdKind.fifo)
    setInode(fd, event, 3)
    if (event.type === 393) fd.openFlags = event.uint32(4)
    openFd(event, thread, num, fd)
  }
}

/** eventfd, signalfd, timerfd, inotify, bpf, userfaultfd, io_uring, epoll: a nameless descriptor of a kind. */
export function openKind(event: SyscallEvent, thread: Thread, kind: number, openFlags: number): void {
  const num = event.int64Number(0, -1)
  if (num < 0) return
  const fd = new Fd(num, kind)
  fd.openFlags = openFlags
  openFd(event, thread, num, fd)
}

export function epoll(event: SyscallEvent, thread: Thread): void {
  openKind(event, thread, FdKind.eventpoll, (event.uint32(1) & EPOLL_CLOEXEC) !== 0 ? O_CLOEXEC : 0)
}

/** memfd_create. A failed one leaves, as in Falco, an entry of unknown kind under the error's number. */
export function memfd(event: SyscallEvent, thread: Thread): void {
  const num = event.int64Number(0, -1)
  const fd = new Fd(num, num >= 0 ? FdKind.memfd : FdKind.unknown)
  if (num >= 0) {
    fd.name = event.text(1)
    fd.openFlags = event.uint32(2)
    setCloseOnExec(fd, (fd.openFlags & MFD_CLOEXEC) !== 0)
  }
  openFd(event, thread, num, fd)
}

export function pidfdOpen(event: SyscallEvent, thread: Thread): void {
  const num = event.int64Number(0, -1)
  if (num < 0) return
  const fd = new Fd(num, FdKind.pidfd)
  fd.pid = event.int64Number(1)
  fd.name = `/proc/${fd.pid}`
  fd.openFlags = event.uint32(2)
  openFd(event, thread, num, fd)
}

/** pidfd_getfd: a copy of another process's descriptor. */
export function pidfdGetfd(machine: Machine, event: SyscallEvent, thread: Thread): void {
  const num = event.int64Number(0, -1)
  if (num < 0) return
  const pidfd = thread.fds.get(event.int64Number(1, -1))
  if (pidfd === null || pidfd.type !== FdKind.pidfd) return
  const target = machine.threads.get(pidfd.pid)?.fds.get(event.int64Number(2, -1))
  if (target) duplicate(event, thread, num, target.copy(num))
}
