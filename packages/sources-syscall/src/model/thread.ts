import type { Memo, MemoHolder } from '@falc/engine'
import type { Cgroups } from './cgroups.ts'
import { CL_CHILD_IN_PIDNS, CL_IS_MAIN_THREAD } from './clone-flags.ts'
import type { Container } from './container.ts'
import type { EnterEvent } from './enter-event.ts'
import type { Family } from './family.ts'
import type { FdTable } from './fd-table.ts'
import { EMPTY_LIST, type StringList, splitStrings } from './string-list.ts'
import type { ThreadGroup } from './thread-group.ts'
import type { ThreadIndex } from './thread-index.ts'
import { WorkingDirectory } from './working-directory.ts'

/** Value of a uid, gid or loginuid that is not set. */
export const NO_ID = 0xffffffff

/**
 * Maximum number of ancestors that fields visit; real machines have a few dozen at most. Without a limit, a process with a
 * hundred thousand ancestors would make every event expensive. Truncated walks are counted.
 */
export const MAX_ANCESTORS = 512

/** Bits of `Thread.marks`. */
const ARGS_TRUNCATED = 1
const EXE_WRITABLE = 2
const EXE_UPPER_LAYER = 4
const EXE_LOWER_LAYER = 8
const EXE_FROM_MEMFD = 16
const DEAD = 32

/**
 * One thread of the recorded machine (libsinsp's threadinfo). The constructor sets every property, so that all threads have
 * the same shape. `fresh().memo` is invalidated by any change to something that a field of scope `thread` may read. These are properties of
 * the thread, its group, its ancestors, its session and process group leaders, its container, and the user tables. It survives changes to
 * counters (vm*, pf*, the descriptors): fields that read those have scope `event`.
 */
export class Thread implements MemoHolder {
  memo: Memo | null = null
  /** The table's epoch at the time `memo` was created. */
  epoch = 0
  readonly tid: number
  pid: number
  sid = -1
  vpgid = -1
  pgid = -1
  vtid = -1
  vpid = -1
  comm = ''
  /** argv[0] */
  exe = ''
  exepath = ''
  /** argv[1..] */
  argv: StringList = EMPTY_LIST
  /** The process's environment as NAME=VALUE strings; read it through `env`. */
  ownEnv: StringList = EMPTY_LIST
  /** null for a thread that shares the main thread's directory. Read it through `directory` or `cwd`. */
  ownDirectory: WorkingDirectory | null = null
  root = '/'
  cgroupSet: Cgroups | null = null
  /** PPM_CL_* */
  flags = 0
  fdlimit = -1
  /** Signed, since V8 keeps numbers from 2^31 on as objects: read them through `uid`, `gid`, `loginuid`. */
  ownUid = -1
  ownGid = -1
  ownLoginuid = -1
  capPermitted = 0n
  capEffective = 0n
  capInheritable = 0n
  vmSize = 0
  vmRss = 0
  vmSwap = 0
  pfMajor = 0
  pfMinor = 0
  /** Nanoseconds since 1970; 0n = not known. */
  cloneTs = 0n
  lastExecTs = 0n
  pidnsInitStartTs = 0n
  exeIno = 0n
  exeCtime = 0n
  exeMtime = 0n
  /**
   * Time from the last change of the executable to clone, and from the start of the pid namespace to that change;
   * nanoseconds, 0n = not known.
   */
  exeCtimeToStart = 0n
  exeCtimeFromPidns = 0n
  /** ARGS_TRUNCATED | …: read them through the properties of the same names. */
  marks = 0
  tty = 0
  container: Container
  /** The descriptor table of the process; shared by the threads of a group. */
  fds: FdTable
  group: ThreadGroup<Thread> | null = null
  /** Links of the group's list. */
  previous: Thread | null = null
  next: Thread | null = null
  /** The threads with the same parent; null = the parent is not in the table. Set only by the thread table. */
  siblings: Family<Thread> | null = null
  /** The threads whose parent this one is; null = none so far. */
  children: Family<Thread> | null = null
  readonly table: ThreadIndex<Thread>
  /**
   * The last enter event of a call whose arguments are taken as user space passed them (open, connect, execve …), kept until
   * its exit.
   */
  enter: EnterEvent | null = null
  #line: string | null = null
  #ptid: number

  constructor(table: ThreadIndex<Thread>, tid: number, pid: number, ptid: number, fds: FdTable, container: Container) {
    this.table = table
    this.tid = tid
    this.pid = pid
    this.#ptid = ptid
    this.fds = fds
    this.container = container
  }

  /** Thread id of the parent; 0 when the parent is not known, -1 for an unknown thread. */
  get ptid(): number {
    return this.siblings === null ? this.#ptid : this.siblings.parent
  }

  /** Only for use before the thread is linked to its parent; later, only the thread table changes it. */
  set ptid(tid: number) {
    this.#ptid = tid
  }

  get uid(): number {
    return this.ownUid >>> 0
  }

  set uid(id: number) {
    this.ownUid = id | 0
  }

  get gid(): number {
    return this.ownGid >>> 0
  }

  set gid(id: number) {
    this.ownGid = id | 0
  }

  get loginuid(): number {
    return this.ownLoginuid >>> 0
  }

  set loginuid(id: number) {
    this.ownLoginuid = id | 0
  }

  /** There were more arguments than recorders capture. */
  get argsTruncated(): boolean {
    return (this.marks & ARGS_TRUNCATED) !== 0
  }

  set argsTruncated(on: boolean) {
    this.marks = on ? this.marks | ARGS_TRUNCATED : this.marks & ~ARGS_TRUNCATED
  }

  get exeWritable(): boolean {
    return (this.marks & EXE_WRITABLE) !== 0
  }

  set exeWritable(on: boolean) {
    this.marks = on ? this.marks | EXE_WRITABLE : this.marks & ~EXE_WRITABLE
  }

  get exeUpperLayer(): boolean {
    return (this.marks & EXE_UPPER_LAYER) !== 0
  }

  set exeUpperLayer(on: boolean) {
    this.marks = on ? this.marks | EXE_UPPER_LAYER : this.marks & ~EXE_UPPER_LAYER
  }

  get exeLowerLayer(): boolean {
    return (this.marks & EXE_LOWER_LAYER) !== 0
  }

  set exeLowerLayer(on: boolean) {
    this.marks = on ? this.marks | EXE_LOWER_LAYER : this.marks & ~EXE_LOWER_LAYER
  }

  get exeFromMemfd(): boolean {
    return (this.marks & EXE_FROM_MEMFD) !== 0
  }

  set exeFromMemfd(on: boolean) {
    this.marks = on ? this.marks | EXE_FROM_MEMFD : this.marks & ~EXE_FROM_MEMFD
  }

  /** True for a main thread that exited before the other threads of its group. */
  get dead(): boolean {
    return (this.marks & DEAD) !== 0
  }

  set dead(on: boolean) {
    this.marks = on ? this.marks | DEAD : this.marks & ~DEAD
  }

  get hasChildren(): boolean {
    return this.children !== null && this.children.members.size > 0
  }

  /** Returns this thread after dropping its memo if that is out of date. Call it before reading `memo`. */
  fresh(): this {
    const { epoch } = this.table
    if (this.epoch !== epoch) {
      this.epoch = epoch
      this.memo = null
    }
    return this
  }

  /** argv[1..] */
  get args(): readonly string[] {
    return this.argv.items
  }

  /** comm and argv[1..], joined by spaces (proc.cmdline). */
  get cmdline(): string {
    this.#line ??= this.argv.items.length === 0 ? this.comm : `${this.comm} ${this.argv.text}`
    return this.#line
  }

  /** True for a placeholder for an unknown thread: comm and exe are "<NA>", pid and ptid -1. */
  get isFake(): boolean {
    return this.pid < 0
  }

  get isMain(): boolean {
    return this.tid === this.pid || (this.flags & CL_IS_MAIN_THREAD) !== 0
  }

  get isInvalid(): boolean {
    return this.tid < 0 || this.pid < 0 || this.ptid < 0
  }

  /** The main thread of the group, which may be this thread; null when it is not known. */
  get leader(): Thread | null {
    if (this.isMain) return this
    return this.group?.main ?? null
  }

  /** The thread whose id is `ptid`; null when it is not in the table. For proc.p*: `leader?.parent?.leader`. */
  get parent(): Thread | null {
    return this.ptid < 0 ? null : this.table.get(this.ptid)
  }

  /** The process's environment, as NAME=VALUE strings. */
  get env(): readonly string[] {
    return this.leader?.ownEnv.items ?? []
  }

  /** The same, joined by spaces. Processes that inherited it share the text. */
  get envText(): string {
    return this.leader?.ownEnv.text ?? ''
  }

  /** The thread's working directory; null if it shares the main thread's and the main thread is not known. */
  get directory(): WorkingDirectory | null {
    const { leader } = this
    if (leader === null) return null
    leader.ownDirectory ??= new WorkingDirectory('')
    return leader.ownDirectory
  }

  /** Path of the working directory, ending with "/"; "./" when the main thread is not known. */
  get cwd(): string {
    return this.directory?.path ?? './'
  }

  /** [subsystem, path] pairs. */
  get cgroups(): readonly (readonly [string, string])[] {
    return this.cgroupSet?.pairs ?? []
  }

  /** `subsystem=path` strings, as recorded. */
  get cgroupTexts(): readonly string[] {
    return this.cgroupSet === null ? [] : splitStrings(this.cgroupSet.bytes)
  }

  /** '' = the host. */
  get containerId(): string {
    return this.container.id
  }

  get inPidNamespace(): boolean {
    return (this.flags & CL_CHILD_IN_PIDNS) !== 0 || (this.vtid >= 0 && this.tid !== this.vtid)
  }

  rename(comm: string, exe: string, argv: StringList): void {
    this.comm = comm
    this.exe = exe
    this.argv = argv
    this.#line = null
  }
}
