import type { SyscallEvent } from '../event.ts'
import type { Fd } from '../model/fd.ts'
import type { Thread } from '../model/thread.ts'
import type { Tables } from './tables.ts'

/**
 * Puts a new descriptor in the thread's table and makes it the one that the event is about. When the table is full, the event has
 * its descriptor all the same; later events that use it have it as long as the table keeps it aside.
 */
export function openFd(tables: Tables, event: SyscallEvent, thread: Thread, num: number, fd: Fd): void {
  fd.num = num
  if (fd.name !== '') fd.renamedAt = event.num
  duplicateFd(tables, event, thread, num, fd)
}

/** As openFd, for a copy: its name is not new. */
export function duplicateFd(tables: Tables, event: SyscallEvent, thread: Thread, num: number, fd: Fd): void {
  event.fdNum = num
  event.fd = fd
  if (!thread.fds.set(num, fd)) tables.droppedFds++
}

/** The event's descriptor, made ready to be changed: the thread's own, with nothing remembered. The event must have one. */
export function changeFd(event: SyscallEvent, thread: Thread): Fd {
  let fd = event.fd!
  if (!thread.fds.owns(fd)) {
    fd = thread.fds.own(event.fdNum) ?? fd.copy(fd.num)
    event.fd = fd
  }
  fd.memo = null
  return fd
}

/** Gives the descriptor another name. */
export function nameFd(event: SyscallEvent, fd: Fd, name: string): void {
  if (name === fd.name) return
  fd.name = name
  fd.renamedAt = event.num
}
