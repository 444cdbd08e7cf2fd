import type { SyscallEvent } from '../event.ts'
import { PPME } from '../events/ids.ts'
import { FdKind } from '../model/fd.ts'
import type { Thread } from '../model/thread.ts'
import { AT_FDCWD, directoryOf, UNKNOWN_DIRECTORY } from '../state/directories.ts'
import { concatenatePaths } from '../state/paths.ts'
import { actedOn } from './acted-on.ts'
import { argumentByName } from './arguments.ts'
import { RESULT } from './results.ts'
import type { Field, Fields } from './table.ts'

/** The parameters that hold the paths, by name; `fd` means the descriptor's name. */
interface Paths {
  readonly name?: string
  readonly source?: string
  readonly target?: string
  /** The first parameter is a descriptor: any value but -1 counts as success, so other errors pass too, as in Falco. */
  readonly opens?: boolean
  /** The parameter with the directory descriptor for a relative path; of two paths, for the source. */
  readonly dirfd?: string
  /** That for a relative target; '' = relative targets are not resolved, as in Falco. */
  readonly targetDirfd?: string
}

/** Calls on paths. For links, the new name is the source and the file it links to is the target, as in Falco. */
const PATHS: ReadonlyMap<number, Paths> = new Map<number, Paths>([
  [PPME.SYSCALL_MKDIR_2_X, { name: 'path' }],
  [PPME.SYSCALL_MKDIRAT_X, { name: 'path', dirfd: 'dirfd' }],
  [PPME.SYSCALL_RMDIR_2_X, { name: 'path' }],
  [PPME.SYSCALL_UNLINK_2_X, { name: 'path' }],
  [PPME.SYSCALL_UNLINKAT_2_X, { name: 'name', dirfd: 'dirfd' }],
  [PPME.SYSCALL_OPEN_X, { name: 'name', opens: true }],
  [PPME.SYSCALL_OPENAT_2_X, { name: 'name', opens: true }],
  [PPME.SYSCALL_OPENAT2_X, { name: 'name', opens: true }],
  [PPME.SYSCALL_FCHMODAT_X, { name: 'filename', dirfd: 'dirfd' }],
  [PPME.SYSCALL_CHMOD_X, { name: 'filename' }],
  [PPME.SYSCALL_FCHMOD_X, { name: 'fd' }],
  [PPME.SYSCALL_CHOWN_X, { name: 'path' }],
  [PPME.SYSCALL_LCHOWN_X, { name: 'path' }],
  [PPME.SYSCALL_FCHOWN_X, { name: 'fd' }],
  [PPME.SYSCALL_FCHOWNAT_X, { name: 'pathname', dirfd: 'dirfd' }],
  [PPME.SYSCALL_QUOTACTL_X, { name: 'special' }],
  [PPME.SYSCALL_UMOUNT_X, { name: 'name' }],
  [PPME.SYSCALL_UMOUNT_1_X, { name: 'name' }],
  [PPME.SYSCALL_UMOUNT2_X, { name: 'name' }],
  [PPME.SYSCALL_RENAME_X, { source: 'oldpath', target: 'newpath' }],
  [PPME.SYSCALL_RENAMEAT_X, { source: 'oldpath', target: 'newpath', dirfd: 'olddirfd', targetDirfd: 'newdirfd' }],
  [PPME.SYSCALL_RENAMEAT2_X, { source: 'oldpath', target: 'newpath', dirfd: 'olddirfd', targetDirfd: 'newdirfd' }],
  [PPME.SYSCALL_LINK_2_X, { source: 'newpath', target: 'oldpath' }],
  [PPME.SYSCALL_LINKAT_2_X, { source: 'newpath', target: 'oldpath', dirfd: 'newdir', targetDirfd: 'olddir' }],
  [PPME.SYSCALL_SYMLINK_X, { source: 'linkpath', target: 'target' }],
  [PPME.SYSCALL_SYMLINKAT_X, { source: 'linkpath', target: 'target', dirfd: 'linkdirfd', targetDirfd: '' }],
  [PPME.SYSCALL_MOUNT_X, { source: 'dev', target: 'dir' }],
])

type Role = 'name' | 'source' | 'target'

/** A path of a successful call; absent for other events. */
function path(event: SyscallEvent, role: Role, raw: boolean): string | undefined {
  const paths = PATHS.get(event.type)
  const param = paths?.[role]
  if (paths === undefined || param === undefined || !succeeded(event, paths)) return undefined
  if (param === 'fd') return event.fd?.name
  const index = argumentByName(param).of(event)
  if (index < 0 || !event.has(index)) return undefined
  const text = event.text(index)
  if (raw) return text
  if (event.thread === null) return undefined
  if (paths.opens === true && event.fd !== null && event.fd.resolved !== '') return event.fd.name
  const asked = text.startsWith('/')
    ? concatenatePaths('', text)
    : resolve(event, event.thread, role === 'target' ? paths.targetDirfd : paths.dirfd, text)
  return actedOn(event, param, asked)
}

function succeeded(event: SyscallEvent, paths: Paths): boolean {
  if (!event.has(RESULT)) return false
  const result = event.int64Number(RESULT)
  return paths.opens === true ? result !== -1 : result === 0
}

/**
 * Makes a relative path absolute, as Falco does. Opened files already have their path; a directory descriptor must have been opened
 * as a directory.
 */
function resolve(event: SyscallEvent, thread: Thread, dirfd: string | undefined, text: string): string {
  if (event.type === PPME.SYSCALL_OPENAT_2_X || event.type === PPME.SYSCALL_OPENAT2_X) {
    return event.fd?.name ?? UNKNOWN_DIRECTORY
  }
  if (dirfd === undefined) return concatenatePaths(thread.cwd, text)
  const num = dirfd === '' ? -1 : event.int64Number(argumentByName(dirfd).of(event), -1)
  if (num === AT_FDCWD) return concatenatePaths(thread.cwd, text)
  const fd = thread.fds.get(num)
  return fd?.type === FdKind.directory
    ? concatenatePaths(directoryOf(thread, text, num), text)
    : UNKNOWN_DIRECTORY + text
}

function field(doc: string, role: Role, raw: boolean): Field {
  return { type: 'string', doc, extract: event => path(event, role, raw) }
}

/** Paths of calls that act on files by name: unlink, rename, chmod, mount… */
export const FS_PATH_FIELDS: Fields = {
  'fs.path.name': field('Path that a successful call acts on, made absolute.', 'name', false),
  'fs.path.nameraw': field('Path that a successful call acts on, as it was passed.', 'name', true),
  'fs.path.source': field(
    'First path of a call that takes two (the new name of a link), made absolute.',
    'source',
    false,
  ),
  'fs.path.sourceraw': field(
    'First path of a call that takes two (the new name of a link), as it was passed.',
    'source',
    true,
  ),
  'fs.path.target': field(
    'Second path of a call that takes two (what a link leads to), made absolute.',
    'target',
    false,
  ),
  'fs.path.targetraw': field(
    'Second path of a call that takes two (what a link leads to), as it was passed.',
    'target',
    true,
  ),
}
