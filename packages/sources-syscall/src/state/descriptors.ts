import type { SyscallEvent } from '../event.ts'
import type { Fd } from '../model/fd.ts'
import { maySocket } from '../model/socket-numbers.ts'
import type { Thread } from '../model/thread.ts'
import type { Tables } from './tables.ts'

/**
 * Adds a new descriptor to the thread's table and makes it the event's descriptor. If the table is full, the event still
 * gets the descriptor, and later events see it for as long as the table keeps it in its overflow.
 */
export function openFd(tables: Tables, event: SyscallEvent, thread: Thread, num: number, fd: Fd): void {
  fd.num = num
  if (fd.name !== '') event.renamed = fd
  duplicateFd(tables, event, thread, num, fd)
}

/** Like openFd, for a copy: its name does not count as changed. */
export function duplicateFd(tables: Tables, event: SyscallEvent, thread: Thread, num: number, fd: Fd): void {
  event.fdNum = num
  event.fd = fd
  if (!thread.fds.set(num, fd)) tables.droppedFds++
}

/** Returns the event's descriptor ready for modification: unshared, with its memo cleared. The event must have one. */
export function changeFd(event: SyscallEvent, thread: Thread): Fd {
  let fd = event.fd!
  maySocket(event.fdNum)
  if (!thread.fds.owns(fd)) {
    fd = thread.fds.own(event.fdNum) ?? fd.copy(fd.num)
    event.fd = fd
  }
  fd.memo = null
  return fd
}

/** Renames the descriptor. */
export function nameFd(event: SyscallEvent, fd: Fd, name: string): void {
  if (name === fd.name) return
  fd.name = name
  event.renamed = fd
}
