/**
 * Where the paths of calls that return no file start from: the probe adds it to a call that succeeded (RESOLVED_EVENTS). A descriptor of
 * a directory may have come from elsewhere; the working directory and the root may be other than those of the main thread, or have
 * changed by a call that does not say so (setns).
 */
import type { SyscallEvent } from '../event.ts'
import { PPME } from '../events/ids.ts'
import { type EventCode, positions } from '../events/positions.ts'
import { Fd, FdKind } from '../model/fd.ts'
import type { Thread } from '../model/thread.ts'
import { AT_FDCWD, moveTo } from './directories.ts'
import type { Effect, Effects } from './effects.ts'
import { objectOf } from './objects.ts'
import { isSamePlace, knownAs } from './opened-path.ts'
import { concatenatePaths } from './paths.ts'
import type { Tables } from './tables.ts'

/** By event, what its start (of the first path) and its second one are of: `path`, or `dirfd path`. */
const STARTS: Readonly<Partial<Record<EventCode, readonly string[]>>> = {
  SYSCALL_MKDIR_2_X: ['path'],
  SYSCALL_RMDIR_2_X: ['path'],
  SYSCALL_UNLINK_2_X: ['path'],
  SYSCALL_RENAME_X: ['oldpath', 'newpath'],
  SYSCALL_LINK_2_X: ['oldpath', 'newpath'],
  SYSCALL_SYMLINK_X: ['linkpath'],
  SYSCALL_CHMOD_X: ['filename'],
  SYSCALL_CHOWN_X: ['path'],
  SYSCALL_LCHOWN_X: ['path'],
  SYSCALL_MKNOD_X: ['path'],
  SYSCALL_MOUNT_X: ['dir'],
  SYSCALL_UMOUNT2_X: ['name'],
  SYSCALL_MKDIRAT_X: ['dirfd path'],
  SYSCALL_UNLINKAT_2_X: ['dirfd name'],
  SYSCALL_FCHMODAT_X: ['dirfd filename'],
  SYSCALL_FCHOWNAT_X: ['dirfd pathname'],
  SYSCALL_MKNODAT_X: ['dirfd path'],
  SYSCALL_SYMLINKAT_X: ['linkdirfd linkpath'],
  SYSCALL_RENAMEAT_X: ['olddirfd oldpath', 'newdirfd newpath'],
  SYSCALL_RENAMEAT2_X: ['olddirfd oldpath', 'newdirfd newpath'],
  SYSCALL_LINKAT_2_X: ['olddir oldpath', 'newdir newpath'],
}

interface Start {
  readonly name: string
  /** Positions of the path and of its directory's descriptor; -1 = the path starts from the working directory. */
  readonly path: number
  readonly dirfd: number
}

const BY_TYPE: ReadonlyMap<number, readonly Start[]> = new Map(
  (Object.keys(STARTS) as EventCode[]).map(code => [PPME[code], STARTS[code]!.map(start => startOf(code, start))]),
)

function startOf(code: EventCode, start: string): Start {
  const names = start.split(' ')
  const at = positions(names, code)
  const name = names.at(-1)!
  return { name, path: at[name]!, dirfd: names.length > 1 ? at[names[0]!]! : -1 }
}

const started = (event: SyscallEvent, i: number): string => (i === 0 ? event.resolved : event.hostPath)

function learn(tables: Tables, event: SyscallEvent, thread: Thread): void {
  const { resolved, hostPath } = event
  if (resolved === '' && hostPath === '') return
  for (const [i, { path, dirfd }] of BY_TYPE.get(event.type)!.entries()) {
    const start = started(event, i)
    const text = event.text(path)
    // Of an empty one it is no directory, but what the call acts on.
    if (start === '' || text === '' || text.startsWith('/')) continue
    const num = dirfd < 0 ? AT_FDCWD : event.int64Number(dirfd, -1)
    if (num === AT_FDCWD) learnWorkingDirectory(tables, thread, start)
    else if (num >= 0) learnDirectory(tables, event, thread, num, start)
  }
}

/** What the table has of this directory is kept: it is the name by which rules know it. */
function learnDirectory(tables: Tables, event: SyscallEvent, thread: Thread, num: number, start: string): void {
  const before = thread.fds.get(num)
  const name = before?.type === FdKind.directory ? knownAs(before.name, start) : start
  if (before?.type === FdKind.directory && before.name === name) return
  setDirectory(tables, thread, num, name)
  if (event.fdNum === num) event.fd = thread.fds.get(num)
  // The kernel leaves out its close, too, unless it was known.
  if (before?.type !== FdKind.directory && !tables.readsDirectories) tables.closeAfter(thread, num)
}

function setDirectory(tables: Tables, thread: Thread, num: number, name: string): void {
  const fd = new Fd(num, FdKind.directory)
  fd.name = name
  if (!thread.fds.set(num, fd)) tables.droppedFds++
}

const OPENATS = positions(['dirfd'], 'SYSCALL_OPENAT_2_X', 'SYSCALL_OPENAT2_X')

/** Of openat and openat2: for this event, the directory that it starts from, if its descriptor is not known as one. */
export function learnOpensStart(tables: Tables, event: SyscallEvent, thread: Thread): void {
  const start = objectOf(event, 0)
  if (start === '') return
  const num = event.int64Number(OPENATS.dirfd, -1)
  const before = thread.fds.get(num)
  if (num < 0 || num === event.result || before?.type === FdKind.directory) return
  // Opened without O_DIRECTORY, it is known as a file.
  if (before?.type === FdKind.fileV2 && before.name !== '' && isSamePlace(before.name, start)) return
  setDirectory(tables, thread, num, start)
  if (before === null) tables.closeAfter(thread, num)
  else tables.restoreAfter(thread, num, before)
}

function learnWorkingDirectory(tables: Tables, thread: Thread, start: string): void {
  const { cwd } = thread
  if (cwd.startsWith(start) && cwd.length <= start.length + 1) return
  if (!isSamePlace(cwd.slice(0, -1), start)) moveTo(tables, thread, start)
}

const effect: Effect = learn
export const PATH_START_EFFECTS: Effects = Object.fromEntries(Object.keys(STARTS).map(code => [code, effect]))

/** Ways to elsewhere that every process has: its root, its directory, its descriptors. */
const WAY =
  /^\/(?:proc\/(?:self|thread-self|(?<pid>\d+))(?:\/task\/\d+)?\/(?:(?<place>root|cwd)|fd\/(?<fd>\d+))|dev\/fd\/(?<dev>\d+))(?=\/|$)/
/** Each way may lead to another. */
const MAX_WAYS = 8

/**
 * Of an absolute path passed as `name` whose start was recorded: the path from the root of the caller's mounts, as far as a changed root
 * and the ways through /proc and /dev/fd decide; of an empty one (AT_EMPTY_PATH), what its descriptor stands for. '' = nothing is known
 * beyond what was passed.
 */
export function passedThrough(event: SyscallEvent, name: string): string {
  const { thread } = event
  const starts = BY_TYPE.get(event.type)
  if (starts === undefined || thread === null) return ''
  const i = starts.findIndex(start => start.name === name)
  if (i < 0) return ''
  const { path: at, dirfd } = starts[i]!
  const text = event.text(at)
  const root = started(event, i)
  if (dirfd >= 0 && text === '' && event.paramLength(at) === 1)
    return root || (thread.fds.get(event.int64Number(dirfd, -1))?.name ?? '')
  if (root === '') return ''
  if (!text.startsWith('/')) return ''
  // `..` is left: behind a way it leads elsewhere than in front of it.
  let path = text.replace(/\/(?:\.?\/)+/g, '/')
  let start = root
  for (let ways = 0; ways < MAX_WAYS; ways++) {
    const way = WAY.exec(path)
    const to = way === null ? undefined : placeOf(thread, way.groups!, start)
    if (to === undefined) break
    path = concatenatePaths('', to + path.slice(way![0].length))
    start = '/'
  }
  return concatenatePaths('', start === '/' ? path : start + path)
}

function placeOf(thread: Thread, way: Readonly<Record<string, string | undefined>>, root: string): string | undefined {
  const owner = way.pid === undefined ? thread : processOf(thread, Number(way.pid))
  if (owner === null) return undefined
  if (way.place === 'root') return owner === thread ? withoutSlash(root) : withoutSlash(owner.root)
  if (way.place === 'cwd') return withoutSlash(owner.cwd)
  const name = owner.fds.get(Number(way.fd ?? way.dev))?.name
  return name?.startsWith('/') ? withoutSlash(name) : undefined
}

/** The process of a number, as the caller's pid namespace has them: in one of its own only its own number is known. */
function processOf(thread: Thread, pid: number): Thread | null {
  if (pid === thread.vpid) return thread
  return thread.vpid === thread.pid ? thread.table.get(pid) : null
}

function withoutSlash(path: string): string {
  return path.endsWith('/') ? path.slice(0, -1) : path
}
