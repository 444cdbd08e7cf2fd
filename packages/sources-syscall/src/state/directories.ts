import type { SyscallEvent } from '../event.ts'
import { positions } from '../events/positions.ts'
import type { Thread } from '../model/thread.ts'
import type { Effects } from './effects.ts'
import { knownAs } from './opened-path.ts'
import { concatenatePaths } from './paths.ts'
import type { Tables } from './tables.ts'

const CHDIR = positions(['path'], 'SYSCALL_CHDIR_X', 'SYSCALL_GETCWD_X')
const CHROOT = positions(['path'], 'SYSCALL_CHROOT_X')

export const AT_FDCWD = -100
/** Base for paths relative to an unknown descriptor; joined without a slash, as in Falco. */
export const UNKNOWN_DIRECTORY = '<UNKNOWN>'

/** The directory that `name`, passed with `dirfd`, is relative to, ending with "/"; "." for an absolute name. */
export function directoryOf(thread: Thread, name: string, dirfd: number): string {
  if (name.charCodeAt(0) === 0x2f) return '.'
  if (dirfd === AT_FDCWD) return thread.cwd
  const fd = thread.fds.get(dirfd)
  if (fd === null) return UNKNOWN_DIRECTORY
  return fd.name === '' || fd.name.endsWith('/') ? fd.name : `${fd.name}/`
}

/**
 * Makes `path`, relative to the current directory, the working directory of the thread and of all that share it. `resolved`:
 * the path as resolved by the kernel, '' = not recorded.
 */
function changeDirectory(tables: Tables, thread: Thread, path: string, resolved: string): void {
  const directory = thread.directory
  if (directory === null) return
  let cwd = concatenatePaths(directory.path, path)
  if (resolved !== '') cwd = knownAs(cwd, resolved)
  moveTo(tables, thread, cwd)
}

/** Makes an absolute path the working directory of the thread and of all that share it. */
export function moveTo(tables: Tables, thread: Thread, path: string): void {
  const directory = thread.directory
  const cwd = path.endsWith('/') ? path : `${path}/`
  if (directory === null || cwd === directory.path) return
  directory.path = cwd
  if (directory.shared) tables.threads.forgetAll()
  else tables.threads.processChanged(thread)
}

/** chdir, and getcwd, which returns it. */
function chdir(tables: Tables, event: SyscallEvent, thread: Thread): void {
  if (event.result >= 0) changeDirectory(tables, thread, event.text(CHDIR.path), event.resolved)
}

/** With an unknown descriptor, the directory changes only if the kernel's path was recorded. */
function fchdir(tables: Tables, event: SyscallEvent, thread: Thread): void {
  if (event.result < 0) return
  const { resolved } = event
  if (event.fd !== null || resolved !== '') changeDirectory(tables, thread, event.fd?.name || resolved, resolved)
}

/** chroot: sets the thread's root to the resolved path. */
function chroot(tables: Tables, event: SyscallEvent, thread: Thread): void {
  if (event.result < 0) return
  if (event.result === 0) {
    const path = event.text(CHROOT.path)
    thread.root = event.resolved || (path.startsWith('/') ? path : concatenatePaths(thread.cwd, path))
    thread.memo = null
  }
  tables.resolveContainer(thread)
}

export const DIRECTORY_EFFECTS: Effects = {
  SYSCALL_CHDIR_X: chdir,
  SYSCALL_GETCWD_X: chdir,
  SYSCALL_FCHDIR_X: fchdir,
  SYSCALL_CHROOT_X: chroot,
}
