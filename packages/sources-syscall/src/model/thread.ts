import type { Memo, MemoHolder } from '@falc/engine'
import type { Cgroups } from './cgroups.ts'
import type { Container } from './container.ts'
import type { EnterEvent } from './enter-event.ts'
import type { FdTable } from './fd-table.ts'
import { EMPTY_LIST, type StringList, splitStrings } from './string-list.ts'

/** PPM_CL_* bits of `Thread.flags`: how a thread was made and what has become of it. */
export const CL_CLONE_FILES = 1
export const CL_CLONE_FS = 2
export const CL_CLONE_NEWNS = 1 << 5
export const CL_CLONE_NEWPID = 1 << 6
export const CL_CLONE_PARENT = 1 << 8
export const CL_CLONE_THREAD = 1 << 13
export const CL_CLONE_INVERTED = 1 << 16
export const CL_NAME_CHANGED = 1 << 17
export const CL_ACTIVE = 1 << 19
export const CL_CLONE_NEWUSER = 1 << 20
export const CL_PIPE_SRC = 1 << 21
export const CL_PIPE_DST = 1 << 22
export const CL_CLONE_VFORK = 1 << 27
export const CL_CHILD_IN_PIDNS = 1 << 29
export const CL_IS_MAIN_THREAD = 1 << 30

/** uid, gid or loginuid that is not set. */
export const NO_ID = 0xffffffff

/**
 * Ancestors that fields look at, of which real machines have a few dozen at most. Without a limit, a process below a hundred
 * thousand others would make every event expensive. What is cut is counted.
 */
export const MAX_ANCESTORS = 512

/** Where a thread finds others: the thread table. */
export interface ThreadIndex {
  /** null = not known. */
  get(tid: number): Thread | null
  /** Times that a walk along the ancestors was cut because there were too many (MAX_ANCESTORS). */
  ancestorsCut: number
  /** Goes up when what threads remember becomes void without a visit to each: see Thread.fresh. */
  readonly epoch: number
}

/**
 * One thread of the recorded machine (libsinsp's threadinfo). Every field is set in the constructor, so that all
 * threads have one shape. What `fresh().memo` remembers is void whenever something that a field of scope `thread` may read has
 * changed: the thread's own fields, its group's, its ancestors', those of its session's and process groups' leaders, its
 * container and the user tables. It stays when counters change (vm*, pf*, the descriptors): fields that read those are of
 * scope `event`.
 */
export class Thread implements MemoHolder {
  memo: Memo | null = null
  /** Epoch of the table that `memo` is of. */
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
  /** There were more arguments than recorders take. */
  argsTruncated = false
  /** NAME=VALUE of the process: read it through `env`. */
  ownEnv: StringList = EMPTY_LIST
  /** Of a thread that shares the main thread's: null. To be read through `directory` or `cwd`. */
  ownDirectory: WorkingDirectory | null = null
  root = '/'
  cgroupSet: Cgroups | null = null
  /** PPM_CL_* */
  flags = 0
  fdlimit = -1
  uid = NO_ID
  gid = NO_ID
  loginuid = NO_ID
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
  /** clone to change of the executable, and start of the pid namespace to that change; nanoseconds, 0n = not known. */
  exeCtimeToStart = 0n
  exeCtimeFromPidns = 0n
  exeWritable = false
  exeUpperLayer = false
  exeLowerLayer = false
  exeFromMemfd = false
  tty = 0
  container: Container
  /** A main thread that has exited before the other threads of its group. */
  dead = false
  /** The descriptor table of the process; shared by the threads of a group. */
  fds: FdTable
  group: ThreadGroup | null = null
  /** Neighbours in the group's list. */
  previous: Thread | null = null
  next: Thread | null = null
  /** The threads that have the same parent; null = the parent is not in the table. Set by the thread table alone. */
  siblings: Family | null = null
  /** The threads whose parent this one is; null = none so far. */
  children: Family | null = null
  readonly table: ThreadIndex
  /** The last enter event of a call that is to be seen through user space's eyes (open, connect, execve …), until its exit. */
  enter: EnterEvent | null = null
  #line: string | null = null
  #ptid: number

  constructor(table: ThreadIndex, tid: number, pid: number, ptid: number, fds: FdTable, container: Container) {
    this.table = table
    this.tid = tid
    this.pid = pid
    this.#ptid = ptid
    this.fds = fds
    this.container = container
  }

  /** Thread id of the parent; 0 when the parent is not known, -1 of an unknown thread. */
  get ptid(): number {
    return this.siblings === null ? this.#ptid : this.siblings.parent
  }

  /** Before the thread is linked to its parent; the thread table alone changes it later. */
  set ptid(tid: number) {
    this.#ptid = tid
  }

  get hasChildren(): boolean {
    return this.children !== null && this.children.members.size > 0
  }

  /** The thread, with nothing remembered if that became void since. To be called before `memo` is read. */
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

  /** comm and argv[1..] with spaces between (proc.cmdline). */
  get cmdline(): string {
    this.#line ??= this.argv.items.length === 0 ? this.comm : `${this.comm} ${this.argv.text}`
    return this.#line
  }

  /** An entry made up for a thread that nothing is known of: comm and exe are "<NA>", pid and ptid -1. */
  get isFake(): boolean {
    return this.pid < 0
  }

  get isMain(): boolean {
    return this.tid === this.pid || (this.flags & CL_IS_MAIN_THREAD) !== 0
  }

  get isInvalid(): boolean {
    return this.tid < 0 || this.pid < 0 || this.ptid < 0
  }

  /** The main thread of the group: itself if it is main; null when the main thread is not known. */
  get leader(): Thread | null {
    if (this.isMain) return this
    return this.group?.main ?? null
  }

  /** The thread whose id is `ptid`; null when it is not in the table. For proc.p*: `leader?.parent?.leader`. */
  get parent(): Thread | null {
    return this.ptid < 0 ? null : this.table.get(this.ptid)
  }

  /** The process's environment, NAME=VALUE each. */
  get env(): readonly string[] {
    return this.leader?.ownEnv.items ?? []
  }

  /** The thread's working directory; null when the main thread, which it shares it with, is not known. */
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

  /** `subsystem=path` each, as recorded. */
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

/** A working directory: of the threads of a process, and of other processes made with CLONE_FS. */
export class WorkingDirectory {
  /** Ends with "/"; '' = not known. */
  path: string
  /** Several processes have it. */
  shared = false

  constructor(path: string) {
    this.path = path
  }
}

/** Threads that have the same parent. It changes hands as a whole when the parent exits, however many they are. */
export class Family {
  readonly members = new Set<Thread>()
  /** Thread id of the parent; 0 = it is gone. */
  parent: number

  constructor(parent: number) {
    this.parent = parent
  }

  add(thread: Thread): void {
    this.members.add(thread)
    thread.siblings = this
  }

  /** Merges the smaller family into the larger, so that a thread moves only when its family at least doubles. Returns the larger. */
  join(other: Family): Family {
    const [large, small] = this.members.size < other.members.size ? [other, this] : [this, other]
    for (const thread of small.members) large.add(thread)
    small.members.clear()
    return large
  }
}

/** The threads of one process: the main thread, if it is known, and a list of the others. */
export class ThreadGroup {
  readonly pid: number
  main: Thread | null = null
  /** Threads that have not exited (proc.nthreads). */
  alive = 0
  /** Threads in the list, and the main thread. */
  size = 0
  /** Orphans below it are given to it: pid 1 of a namespace, or PR_SET_CHILD_SUBREAPER. */
  reaper: boolean
  #head: Thread | null = null
  #tail: Thread | null = null

  constructor(pid: number, reaper: boolean) {
    this.pid = pid
    this.reaper = reaper
  }

  add(thread: Thread): void {
    this.alive++
    this.size++
    if (thread.isMain && this.main === null) {
      this.main = thread
      return
    }
    thread.previous = this.#tail
    thread.next = null
    if (this.#tail === null) this.#head = thread
    else this.#tail.next = thread
    this.#tail = thread
  }

  remove(thread: Thread): void {
    this.size--
    if (this.main === thread) {
      this.main = null
      return
    }
    if (thread.previous === null) this.#head = thread.next
    else thread.previous.next = thread.next
    if (thread.next === null) this.#tail = thread.previous
    else thread.next.previous = thread.previous
    thread.previous = null
    thread.next = null
  }

  /** The first that has not exited, other than `except`. Threads leave the list when they exit, so the first two decide. */
  firstAlive(except: Thread | null): Thread | null {
    for (const thread of this) if (!thread.dead && thread !== except) return thread
    return null
  }

  /** The main thread first. */
  *[Symbol.iterator](): IterableIterator<Thread> {
    if (this.main !== null) yield this.main
    for (let thread = this.#head; thread !== null; ) {
      const { next } = thread
      yield thread
      thread = next
    }
  }
}
