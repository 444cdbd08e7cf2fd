import type { FdEntry, MachineInfo } from '../capture/visitor.ts'
import type { SyscallEvent } from '../event.ts'
import type { Cgroups } from '../model/cgroups.ts'
import type { Container } from '../model/container.ts'
import type { EnterEvent } from '../model/enter-event.ts'
import { type Fd, FdKind } from '../model/fd.ts'
import { FdTable } from '../model/fd-table.ts'
import { InterfaceTable } from '../model/interfaces.ts'
import { EMPTY_LIST } from '../model/string-list.ts'
import { Thread } from '../model/thread.ts'
import { UserTable } from '../model/users.ts'
import type { ContainerEngine } from './cgroup-matchers.ts'
import { ContainerTable } from './container-table.ts'
import type { StateCounts, StateLosses } from './counts.ts'
import { type MachineNames, NameSearch } from './name-search.ts'
import { OpenFiles } from './open-files.ts'
import { RecentExits } from './recent-exits.ts'
import { RepeatedOpens } from './repeated-opens.ts'
import { Threads } from './thread-table.ts'

export interface StateOptions {
  /** Maximum number of threads (falco_libs.thread_table_size); default 262144. */
  readonly threadTableSize?: number
  /**
   * Looks up users and groups that are missing from the tables. For live sources (Falco queries the local machine in replay
   * too). Default: names are not looked up.
   */
  readonly names?: MachineNames
  /**
   * Converts start times of pid namespaces, which the kernel counts from boot, to times since 1970. For live sources only:
   * in a replay, Falco leaves them unchanged, although the capture records the boot time.
   */
  readonly sinceBoot?: boolean
  /** Engines whose containers are recognized by their control groups (`engines` of the container plugin). Default: all. */
  readonly containerEngines?: ReadonlySet<ContainerEngine>
  /** Reads every event as if it were the first of its kind: the slow twin. */
  readonly readAll?: boolean
}

/** The tables of the recorded machine, and the updates shared by several families of events. */
export class Tables {
  readonly threads: Threads
  readonly users = new UserTable()
  readonly names: NameSearch
  readonly interfaces = new InterfaceTable()
  readonly containers = new ContainerTable()
  readonly exits = new RecentExits()
  readonly openFiles = new OpenFiles()
  /** null: every open is decoded (the slow twin). */
  readonly repeatedOpens: RepeatedOpens | null
  machine: MachineInfo | null = null
  readonly #sinceBoot: boolean
  /** The enter event of the exit event being applied, if it was recorded. */
  enter: EnterEvent | null = null
  /** Threads whose last event was an enter event that is kept (Thread.enter): their next event uses it up. */
  readonly awaiting = new Set<number>()
  /** Placeholders created for unknown threads. */
  unknownThreads = 0
  /** See StateLosses. */
  orphanFds = 0
  droppedFds = 0
  truncatedArgs = 0
  truncatedEnvs = 0
  /** Whether the environments of programs that start from now on are kept. */
  keepsEnvironments = true
  /** Whether what is read from /proc makes descriptors of files known, and of directories. Live, their closes may be left out: see live/calls.ts. */
  readsFiles = true
  readsDirectories = true
  /**
   * Whether a copy of a descriptor that is not known ends what its number stood for. Live it does, since files may be unknown; a
   * capture is read as Falco reads it.
   */
  unknownCopiesEnd = false

  /**
   * Something ended by the last event must be removed before the next, or put back: rules still see a thread on its exit and a descriptor
   * on its close.
   */
  unsettled = false
  #exited: Thread | null = null
  #reaper = -1
  #closedTable: FdTable | null = null
  #closedNum = -1
  /** Besides that one: a call may have two directories. */
  readonly #alsoClosed: number[] = []
  #restored: { readonly table: FdTable; readonly num: number; readonly fd: Fd } | null = null

  constructor(options: StateOptions = {}) {
    this.threads = new Threads(options.threadTableSize)
    this.containers.engines = options.containerEngines ?? null
    this.names = new NameSearch(this.users, options.names ?? null)
    this.#sinceBoot = options.sinceBoot ?? false
    this.repeatedOpens = options.readAll ? null : new RepeatedOpens()
  }

  /** Boot time of the machine, nanoseconds since 1970; 0n in a replay: see StateOptions. */
  get bootTime(): bigint {
    return this.#sinceBoot ? (this.machine?.bootTime ?? 0n) : 0n
  }

  /** Whether a descriptor as it was read from /proc is to be kept. */
  keeps({ type }: FdEntry): boolean {
    if (type === FdKind.directory) return this.readsDirectories
    return this.readsFiles || (type !== FdKind.file && type !== FdKind.fileV2)
  }

  get counts(): StateCounts {
    const { threads, containers } = this
    // Threads of a process share its table.
    const tables = new Set<FdTable>()
    for (const thread of threads) tables.add(thread.fds)
    let fds = 0
    for (const table of tables) fds += table.size
    return {
      threads: threads.size,
      fds,
      addedThreads: threads.added,
      removedThreads: threads.removed,
      unknownThreads: this.unknownThreads,
      containers: containers.size,
      losses: this.losses,
    }
  }

  get losses(): StateLosses {
    const { threads, containers } = this
    return {
      threadTableFull: threads.dropped,
      fdTableFull: this.droppedFds,
      userTableFull: this.users.dropped,
      containerTableFull: containers.evicted,
      orphanFds: this.orphanFds,
      unreadableContainers: containers.unreadable,
      truncatedArgs: this.truncatedArgs,
      truncatedEnvs: this.truncatedEnvs,
      ancestorsCut: threads.ancestorsCut,
    }
  }

  /** Returns the thread with the given id, creating a placeholder if it is unknown; null when the table is full. */
  threadOf(tid: number): Thread | null {
    const known = this.threads.get(tid)
    if (known !== null) return known
    const fake = this.newThread(tid, -1, -1, new FdTable())
    fake.comm = '<NA>'
    fake.exe = '<NA>'
    if (!this.threads.add(fake)) return null
    this.unknownThreads++
    return fake
  }

  newThread(tid: number, pid: number, ptid: number, fds: FdTable): Thread {
    return new Thread(this.threads, tid, pid, ptid, fds, this.containers.host)
  }

  /** Removes a thread immediately. `reaperTid`: the thread that adopts its children according to the kernel, -1 = not known. */
  removeThread(thread: Thread, reaperTid: number): void {
    if (thread.enter !== null) this.awaiting.delete(thread.tid)
    let reaper: Thread | null = null
    if (thread.hasChildren && thread.group !== null) {
      if (reaperTid > 0) reaper = this.threadOf(reaperTid)
      if (reaper === null || reaper === thread || reaper.isInvalid) reaper = this.threads.findReaper(thread)
    }
    this.threads.remove(thread, reaper)
  }

  /** Removes a thread before the next event. */
  removeAfter(thread: Thread, reaperTid: number): void {
    this.unsettled = true
    this.#exited = thread
    this.#reaper = reaperTid
  }

  /** Removes a descriptor before the next event. */
  closeAfter(thread: Thread, num: number): void {
    if (this.#closedTable !== null) this.#alsoClosed.push(this.#closedNum)
    this.unsettled = true
    this.#closedTable = thread.fds
    this.#closedNum = num
  }

  /** Puts back before the next event what the number has stood for before this one. */
  restoreAfter(thread: Thread, num: number, fd: Fd): void {
    this.unsettled = true
    this.#restored = { table: thread.fds, num, fd }
  }

  /** Returns the cgroups of parameter `i`, reusing `likely` if they are the same. */
  cgroupsOf(event: SyscallEvent, i: number, likely: Cgroups | null): Cgroups {
    const start = event.paramOffset(i)
    const end = start + event.paramLength(i)
    if (likely !== null && likely.bytes.length === end - start) {
      let at = 0
      while (at < likely.bytes.length && likely.bytes[at] === event.bytes[start + at]) at++
      if (at === likely.bytes.length) return likely
    }
    return this.containers.resolve(event.bytes, start, end)
  }

  /** Looks up a user that a process now runs as; `thread` is in the container. */
  learnUser(container: Container, uid: number, thread: Thread | null): void {
    if (this.names.user(container, uid, thread)) this.threads.forgetAll()
  }

  learnGroup(container: Container, gid: number, thread: Thread | null): void {
    if (this.names.group(container, gid, thread)) this.threads.forgetAll()
  }

  /** Determines the thread's container from its cgroups, when a process starts, execs or changes its root. */
  resolveContainer(thread: Thread): void {
    const container = thread.cgroupSet?.container ?? this.containers.host
    if (container === thread.container) return
    thread.container = container
    thread.memo = null
    this.names.meet(container, thread.pid)
  }

  get looksForNames(): boolean {
    return this.names.isLooking
  }

  /** Live, to be called periodically: looks up the names of users in new containers. */
  lookForNames(): void {
    if (this.names.look()) this.threads.forgetAll()
  }

  /** Live: what the kernel leaves out from now on. Returns whether something is kept that was not. */
  leaveOut({
    files,
    directories,
    environments,
  }: Readonly<Record<'files' | 'directories' | 'environments', boolean>>): boolean {
    const more =
      (!this.readsFiles && !files) ||
      (!this.readsDirectories && !directories) ||
      (!this.keepsEnvironments && !environments)
    this.readsFiles = !files
    this.readsDirectories = !directories
    this.keepsEnvironments = !environments
    return more
  }

  /** From now on, environments of programs are not kept: they are most of what the table of processes takes. */
  forgetEnvironments(): void {
    this.keepsEnvironments = false
    for (const thread of this.threads) thread.ownEnv = EMPTY_LIST
  }

  /** From now on, the order of descriptors is not kept, except in tables of processes that no known one starts. */
  forgetOrder(): void {
    for (const thread of this.threads) thread.fds.forgetOrder()
  }

  /** Removes what the last event ended, and what it alone has shown. Call it before the next event if `unsettled` is set. */
  settle(): void {
    this.unsettled = false
    const exited = this.#exited
    if (exited !== null) {
      this.#exited = null
      this.removeThread(exited, this.#reaper)
    }
    if (this.#closedTable !== null) {
      this.#closedTable.delete(this.#closedNum)
      if (this.#alsoClosed.length > 0) for (const num of this.#alsoClosed.splice(0)) this.#closedTable.delete(num)
      this.#closedTable = null
    }
    if (this.#restored !== null) {
      const { table, num, fd } = this.#restored
      this.#restored = null
      table.set(num, table.owns(fd) ? fd : fd.copy(num))
    }
  }

  /** Clears all tables. */
  clear(): void {
    this.unsettled = false
    this.#exited = null
    this.#closedTable = null
    this.#alsoClosed.length = 0
    this.#restored = null
    this.threads.clear()
    this.users.clear()
    this.interfaces.replace([])
    this.containers.clear()
    this.exits.clear()
    this.openFiles.clear()
    this.repeatedOpens?.clear()
    this.names.clear()
    this.machine = null
    this.awaiting.clear()
  }
}
