/** Directories whose descriptors came from elsewhere (over a socket, from open_tree, before the start), learned when a call uses them. */
import type { SyscallEvent } from '../event.ts'
import { positions } from '../events/positions.ts'
import { Fd, FdKind } from '../model/fd.ts'
import type { Thread } from '../model/thread.ts'
import type { Effects } from './effects.ts'
import type { Tables } from './tables.ts'

const ONE = positions(
  ['dirfd'],
  'SYSCALL_MKDIRAT_X',
  'SYSCALL_UNLINKAT_2_X',
  'SYSCALL_FCHMODAT_X',
  'SYSCALL_FCHOWNAT_X',
  'SYSCALL_MKNODAT_X',
)
const LINK = positions(['linkdirfd'], 'SYSCALL_SYMLINKAT_X')
const RENAME = positions(['olddirfd', 'newdirfd'], 'SYSCALL_RENAMEAT_X', 'SYSCALL_RENAMEAT2_X')
const LINKS = positions(['olddir', 'newdir'], 'SYSCALL_LINKAT_2_X')

/** A directory that the table has is kept: it has the name by which rules know it. An entry of another kind is out of date. */
function learn(tables: Tables, event: SyscallEvent, thread: Thread, dirfd: number, path: string): void {
  if (path === '') return
  const num = event.int64Number(dirfd, -1)
  if (num < 0 || thread.fds.get(num)?.type === FdKind.directory) return
  const fd = new Fd(num, FdKind.directory)
  fd.name = path
  if (!thread.fds.set(num, fd)) tables.droppedFds++
  if (event.fdNum === num) event.fd = fd
}

const learnsOne = (dirfd: number) => (tables: Tables, event: SyscallEvent, thread: Thread) =>
  learn(tables, event, thread, dirfd, event.resolved)

const learnsTwo = (from: number, to: number) => (tables: Tables, event: SyscallEvent, thread: Thread) => {
  learn(tables, event, thread, from, event.resolved)
  learn(tables, event, thread, to, event.hostPath)
}

export const FOREIGN_DIRECTORY_EFFECTS: Effects = {
  SYSCALL_MKDIRAT_X: learnsOne(ONE.dirfd),
  SYSCALL_UNLINKAT_2_X: learnsOne(ONE.dirfd),
  SYSCALL_FCHMODAT_X: learnsOne(ONE.dirfd),
  SYSCALL_FCHOWNAT_X: learnsOne(ONE.dirfd),
  SYSCALL_MKNODAT_X: learnsOne(ONE.dirfd),
  SYSCALL_SYMLINKAT_X: learnsOne(LINK.linkdirfd),
  SYSCALL_RENAMEAT_X: learnsTwo(RENAME.olddirfd, RENAME.newdirfd),
  SYSCALL_RENAMEAT2_X: learnsTwo(RENAME.olddirfd, RENAME.newdirfd),
  SYSCALL_LINKAT_2_X: learnsTwo(LINKS.olddir, LINKS.newdir),
}
