import type { CaptureVisitor, FdEntry, GroupEntry, MachineInfo, ProcessEntry, UserEntry } from '../capture/visitor.ts'
import type { SyscallEvent } from '../event.ts'
import { PPME } from '../events/ids.ts'
import { type Fd, FdKind, isInet } from '../model/fd.ts'
import type { InterfaceEntry } from '../model/interfaces.ts'
import type { Thread } from '../model/thread.ts'
import { BIRTH_EFFECTS } from './clone.ts'
import { DIRECTORY_EFFECTS } from './directories.ts'
import { effectsByType } from './effects.ts'
import { belongsTo, ENTER_EFFECTS } from './enter.ts'
import { PROGRAM_EFFECTS } from './execve.ts'
import { close, FILE_EFFECTS, openat } from './files.ts'
import { COUNTER_EFFECTS, IDENTITY_EFFECTS } from './identity.ts'
import { assignRoles, readFd, readProcess } from './initial-tables.ts'
import { LOOKUP_CREATE, LOOKUP_FIND, LOOKUPS } from './lookup.ts'
import { META_EFFECTS } from './meta.ts'
import { type Part, partsByType } from './parts.ts'
import { PATH_START_EFFECTS } from './path-starts.ts'
import { SOCKET_EFFECTS } from './sockets.ts'
import { type StateOptions, Tables } from './tables.ts'
import { MESSAGE_EFFECTS, TRANSFER_EFFECTS } from './transfers.ts'

export type { StateOptions } from './tables.ts'

/** What is imported is a variable to V8, what a module keeps to itself a constant: hence the second names. */
const LOOKUP = LOOKUPS
const OPENAT = PPME.SYSCALL_OPENAT_2_X
const CLOSE = PPME.SYSCALL_CLOSE_X

/** Bit of a block's flags: the event only updates the tables. */
const STATE_ONLY = 1

const EFFECTS = effectsByType(
  TRANSFER_EFFECTS,
  FILE_EFFECTS,
  COUNTER_EFFECTS,
  SOCKET_EFFECTS,
  MESSAGE_EFFECTS,
  BIRTH_EFFECTS,
  PROGRAM_EFFECTS,
  DIRECTORY_EFFECTS,
  PATH_START_EFFECTS,
  IDENTITY_EFFECTS,
  ENTER_EFFECTS,
)
const THREADLESS_EFFECTS = effectsByType(BIRTH_EFFECTS, META_EFFECTS)
const ENTERS = effectsByType(ENTER_EFFECTS)

/** The part of the state that events of each type change; null = none. */
export const PART_OF: readonly (Part | null)[] = partsByType([EFFECTS, THREADLESS_EFFECTS])

/**
 * The state engine (libsinsp's parsers). As a visitor, it loads the initial tables of a capture or of /proc; `apply`
 * processes each event before rules see it: it updates the tables and sets the event's thread, fd and fdNum.
 */
export class SyscallState implements CaptureVisitor {
  readonly tables: Tables

  constructor(options: StateOptions = {}) {
    this.tables = new Tables(options)
  }

  /** Applies an event. Returns false if rules must not see it: it was recorded for the tables only, or only its exit counts. */
  apply(event: SyscallEvent): boolean {
    const { tables } = this
    if (tables.unsettled) tables.settle()
    const { type } = event
    const lookup = LOOKUP[type]!
    let thread: Thread | null = null
    if ((lookup & 3) === LOOKUP_CREATE) thread = tables.threads.get(event.tid) ?? tables.threadOf(event.tid)
    else if ((lookup & 3) === LOOKUP_FIND) thread = tables.threads.get(event.tid)
    event.thread = thread
    const visible = (event.blockFlags & STATE_ONLY) === 0
    if (thread === null) {
      tables.enter = null
      THREADLESS_EFFECTS[type]?.(tables, event)
      return visible
    }
    const { enter } = thread
    if (enter !== null) {
      thread.enter = null
      tables.awaiting.delete(thread.tid)
      tables.enter = belongsTo(enter, type) ? enter : null
    } else if (tables.enter !== null) tables.enter = null
    if (lookup > 3) {
      const num = tables.enter !== null && tables.enter.fd >= 0 ? tables.enter.fd : event.int64Number(lookup >> 2, -1)
      event.fdNum = num
      event.fd = thread.fds.get(num)
    }
    // Four of five events that change the tables: V8 inlines these calls, but none that it finds in a table.
    if (type === OPENAT) openat(tables, event, thread)
    else if (type === CLOSE) close(tables, event, thread)
    else {
      const effect = EFFECTS[type]!
      if (effect === null) return visible
      effect(tables, event, thread)
      return visible && ENTERS[type] === null
    }
    return visible
  }

  onSection(): void {
    this.tables.clear()
  }

  onMachine(machine: MachineInfo): void {
    this.tables.machine = machine
  }

  onProcess(entry: ProcessEntry): void {
    this.tables.threads.add(readProcess(this.tables, entry), false)
  }

  onFd(tid: number, entry: FdEntry): void {
    const { tables } = this
    const thread = tables.threads.get(tid)
    if (thread === null) tables.orphanFds++
    else if (tables.keeps(entry)) thread.fds.set(entry.fd, this.#readFd(entry))
  }

  #readFd(entry: FdEntry): Fd {
    const { tables } = this
    const fd = readFd(tables, entry)
    return tables.repeatedOpens === null || isInet(fd.type) || fd.type === FdKind.unixSocket
      ? fd
      : tables.openFiles.ofTable(fd)
  }

  onInterfaces(interfaces: readonly InterfaceEntry[]): void {
    this.tables.interfaces.replace(interfaces)
  }

  onUsers(users: readonly UserEntry[], groups: readonly GroupEntry[]): void {
    const { tables } = this
    tables.users.clear()
    for (const user of users) tables.users.setUser('', user)
    for (const group of groups) tables.users.setGroup('', group)
    tables.threads.forgetAll()
  }

  /** All threads have been read: assigns groups, parents and the roles of connections. */
  onTablesEnd(): void {
    const { tables } = this
    const { threads } = tables
    tables.openFiles.endTables()
    for (const thread of threads) threads.link(thread)
    assignRoles(threads)
    for (const thread of threads) {
      tables.learnUser(thread.container, thread.uid, thread)
      tables.learnGroup(thread.container, thread.gid, thread)
    }
  }
}
