import type { SyscallEvent } from '../event.ts'
import { PPME } from '../events/ids.ts'
import { EVENTS } from '../events/table.ts'
import { directoryOf } from '../state/directories.ts'
import { concatenatePaths } from '../state/paths.ts'
import type { Thread } from '../state/thread.ts'
import { argumentByName } from './arguments.ts'
import type { Field, Fields } from './table.ts'

/** Which parameter holds a path: by name, `fd` for the descriptor's own name. */
interface Paths {
  readonly name?: string
  readonly source?: string
  readonly target?: string
  /** The first parameter is a descriptor: any but -1 counts as success, so that other errors pass too, as in Falco. */
  readonly opens?: boolean
}

/** Calls on paths. In links the new name is the source and what it leads to the target, as Falco has it. */
const PATHS: ReadonlyMap<number, Paths> = new Map<number, Paths>([
  [PPME.SYSCALL_MKDIR_2_X, { name: 'path' }],
  [PPME.SYSCALL_MKDIRAT_X, { name: 'path' }],
  [PPME.SYSCALL_RMDIR_2_X, { name: 'path' }],
  [PPME.SYSCALL_UNLINK_2_X, { name: 'path' }],
  [PPME.SYSCALL_UNLINKAT_2_X, { name: 'name' }],
  [PPME.SYSCALL_OPEN_X, { name: 'name', opens: true }],
  [PPME.SYSCALL_OPENAT_2_X, { name: 'name', opens: true }],
  [PPME.SYSCALL_OPENAT2_X, { name: 'name', opens: true }],
  [PPME.SYSCALL_FCHMODAT_X, { name: 'filename' }],
  [PPME.SYSCALL_CHMOD_X, { name: 'filename' }],
  [PPME.SYSCALL_FCHMOD_X, { name: 'fd' }],
  [PPME.SYSCALL_CHOWN_X, { name: 'path' }],
  [PPME.SYSCALL_LCHOWN_X, { name: 'path' }],
  [PPME.SYSCALL_FCHOWN_X, { name: 'fd' }],
  [PPME.SYSCALL_FCHOWNAT_X, { name: 'pathname' }],
  [PPME.SYSCALL_QUOTACTL_X, { name: 'special' }],
  [PPME.SYSCALL_UMOUNT_X, { name: 'name' }],
  [PPME.SYSCALL_UMOUNT_1_X, { name: 'name' }],
  [PPME.SYSCALL_UMOUNT2_X, { name: 'name' }],
  [PPME.SYSCALL_RENAME_X, { source: 'oldpath', target: 'newpath' }],
  [PPME.SYSCALL_RENAMEAT_X, { source: 'oldpath', target: 'newpath' }],
  [PPME.SYSCALL_RENAMEAT2_X, { source: 'oldpath', target: 'newpath' }],
  [PPME.SYSCALL_LINK_2_X, { source: 'newpath', target: 'oldpath' }],
  [PPME.SYSCALL_LINKAT_2_X, { source: 'newpath', target: 'oldpath' }],
  [PPME.SYSCALL_SYMLINK_X, { source: 'linkpath', target: 'target' }],
  [PPME.SYSCALL_SYMLINKAT_X, { source: 'linkpath', target: 'target' }],
  [PPME.SYSCALL_MOUNT_X, { source: 'dev', target: 'dir' }],
])

type Role = 'name' | 'source' | 'target'

/** A path of a call that has succeeded; absent for any other event. */
function path(event: SyscallEvent, role: Role, raw: boolean): string | undefined {
  const paths = PATHS.get(event.type)
  const param = paths?.[role]
  if (paths === undefined || param === undefined || !succeeded(event, paths)) return undefined
  if (param === 'fd') return event.fd?.name
  const index = argumentByName(param).of(event)
  if (index < 0 || !event.has(index)) return undefined
  const text = event.text(index)
  if (raw || text.startsWith('/')) return text
  return event.thread === null ? undefined : concatenatePaths(base(event, event.thread, index), text)
}

function succeeded(event: SyscallEvent, paths: Paths): boolean {
  return event.has(0) && (paths.opens === true ? event.int64Number(0) !== -1 : event.int64Number(0) === 0)
}

function base(event: SyscallEvent, thread: Thread, index: number): string {
  const info = EVENTS[event.type]!.params[index]!
  return info.type === 'relpath' && info.dirfd >= 0
    ? directoryOf(thread, '', event.int64Number(info.dirfd))
    : thread.cwd
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
