/** Calls that copy a descriptor, or say whether execve closes it. */

import type { SyscallEvent } from '../event.ts'
import { PPME } from '../events/ids.ts'
import { uint32 } from '../events/integers.ts'
import { positions } from '../events/positions.ts'
import { CL_PIPE_DST, CL_PIPE_SRC } from '../model/clone-flags.ts'
import { FD_SHARED, type Fd, O_CLOEXEC } from '../model/fd.ts'
import type { Thread } from '../model/thread.ts'
import { duplicateFd } from './descriptors.ts'
import { learnSocket } from './sockets.ts'
import type { Tables } from './tables.ts'

const F_DUPFD = 1
const F_SETFD = 3
const F_DUPFD_CLOEXEC = 26

const DUP3 = positions(['flags'], 'SYSCALL_DUP3_X')
const FCNTL = positions(['cmd', 'arg'], 'SYSCALL_FCNTL_X')

export function setCloseOnExec(fd: Fd, on: boolean): void {
  fd.openFlags = on ? fd.openFlags | O_CLOEXEC : fd.openFlags & ~O_CLOEXEC
}

/** dup, dup2, dup3: a copy under another number. */
export function dup(tables: Tables, event: SyscallEvent, thread: Thread): void {
  const num = event.result
  if (num < 0) return
  if (num === 0) thread.flags |= CL_PIPE_DST
  else if (num === 1) thread.flags |= CL_PIPE_SRC
  learnSocket(tables, event, thread)
  if (event.fd === null) {
    if (tables.unknownCopiesEnd && num !== event.fdNum) thread.fds.delete(num)
    return
  }
  const fd = event.fd.copy(num)
  setCloseOnExec(fd, event.type === PPME.SYSCALL_DUP3_X && event.uint32(DUP3.flags) !== 0)
  duplicateFd(tables, event, thread, num, fd)
}

/** Whether fcntl with this command may open a descriptor or change one. */
export function changesDescriptors(command: number): boolean {
  return command === F_DUPFD || command === F_DUPFD_CLOEXEC || command === F_SETFD
}

/**
 * What a successful fcntl with such a command does to the descriptor `num`, which the thread has. Returns what it made or changed.
 * @param argument its lowest bit: whether F_SETFD makes execve close the descriptor
 */
export function changeDescriptor(
  tables: Tables,
  thread: Thread,
  num: number,
  command: number,
  result: number,
  argument: number,
): Fd | null {
  if (command === F_SETFD) return thread.fds.setCloseOnExec(num, (argument & 1) !== 0)
  const known = thread.fds.get(num)!
  const closed = command === F_DUPFD_CLOEXEC
  // A program that walks through a tree duplicates the descriptor of each directory. A shared object is never changed, so it serves both numbers.
  const same = (known.flags & FD_SHARED) !== 0 && ((known.openFlags & O_CLOEXEC) !== 0) === closed
  const fd = same ? known : known.copy(result)
  fd.num = result
  if (!same) setCloseOnExec(fd, closed)
  if (!thread.fds.set(result, fd)) tables.droppedFds++
  return fd
}

export function fcntl(tables: Tables, event: SyscallEvent, thread: Thread): void {
  const { result } = event
  const command = event.uint8(FCNTL.cmd)
  if (result >= 0) learnSocket(tables, event, thread)
  if (result < 0 || !changesDescriptors(command)) return
  if (event.fd === null) {
    if (tables.unknownCopiesEnd && command !== F_SETFD) thread.fds.delete(result)
    return
  }
  const argument = event.paramLength(FCNTL.arg) === 8 ? uint32(event.view, event.paramOffset(FCNTL.arg)) : 0
  event.fd = changeDescriptor(tables, thread, event.fdNum, command, result, argument)
  if (command !== F_SETFD) event.fdNum = result
}
