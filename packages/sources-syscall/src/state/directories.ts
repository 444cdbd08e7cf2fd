import type { SyscallEvent } from '../event.ts'
import type { Machine } from './machine.ts'
import { concatenatePaths } from './paths.ts'
import type { Thread } from './thread.ts'

const AT_FDCWD = -100
/** Base of a path relative to a descriptor that is not known; joined without a slash, as in Falco. */
export const UNKNOWN_DIRECTORY = '<UNKNOWN>'

/** The directory that `name` is relative to when it was passed with `dirfd`, ending with "/"; "." for an absolute name. */
export function directoryOf(thread: Thread, name: string, dirfd: number): string {
  if (name.charCodeAt(0) === 0x2f) return '.'
  if (dirfd === AT_FDCWD) return thread.cwd
  const fd = thread.fds.get(dirfd)
  if (fd === null) return UNKNOWN_DIRECTORY
  return fd.name === '' || fd.name.endsWith('/') ? fd.name : `${fd.name}/`
}

/** Makes `path`, seen from the present one, the process's working directory. */
export function changeDirectory(machine: Machine, thread: Thread, path: string): void {
  const leader = thread.leader
  if (leader === null) return
  let cwd = concatenatePaths(leader.ownCwd, path)
  if (!cwd.endsWith('/')) cwd += '/'
  if (cwd === leader.ownCwd) return
  leader.ownCwd = cwd
  machine.threads.processChanged(leader)
}

/** chroot: the thread's root is the path, resolved. */
export function changeRoot(event: SyscallEvent, thread: Thread): void {
  if (event.int64Number(0, -1) !== 0) return
  const path = event.text(1)
  thread.root = path.startsWith('/') ? path : concatenatePaths(thread.cwd, path)
  thread.memo = null
}
