import { SyscallEvent } from '../event.ts'
import { Thread, ThreadGroup, type ThreadIndex } from '../model/thread.ts'

/** Ancestors that are kept with an event; rules look at a handful. */
const MAX_ANCESTORS = 32

/**
 * An event as it is now, to be looked at later: its bytes, its thread with its ancestors, and its descriptors are copied, so
 * that what happens meanwhile (an exec, an exit, a close) does not change what fields say of it. The container, the
 * users and what lies beyond (leaders of sessions and groups that are no ancestors) are read as they are then.
 */
export function keep(event: SyscallEvent): SyscallEvent {
  const copy = new SyscallEvent()
  const bytes = event.bytes.slice(event.start, event.end)
  copy.attach(bytes, new DataView(bytes.buffer), 0, bytes.length)
  copy.num = event.num
  copy.cpu = event.cpu
  copy.blockFlags = event.blockFlags
  copy.fdNum = event.fdNum
  copy.fd = event.fd === null ? null : event.fd.copy(event.fd.num)
  copy.thread = event.thread === null ? null : new Past(event.thread.table).keep(event.thread)
  const machine = event.tables
  if (machine !== null) copy.tables = machine
  return copy
}

/** Threads as they were, in front of those that are. */
class Past implements ThreadIndex {
  readonly #threads = new Map<number, Thread>()
  readonly #present: ThreadIndex

  constructor(present: ThreadIndex) {
    this.#present = present
  }

  get(tid: number): Thread | null {
    return this.#threads.get(tid) ?? this.#present.get(tid)
  }

  keep(thread: Thread): Thread {
    const copy = this.#copy(thread)
    copy.fds = thread.fds.fork()
    let next = thread.leader?.parent ?? null
    for (let i = 0; i < MAX_ANCESTORS && next !== null && !this.#threads.has(next.tid); i++) {
      this.#copy(next)
      next = next.leader?.parent ?? null
    }
    return copy
  }

  /** Copies a thread and, if it is another, the main thread of its process. */
  #copy(thread: Thread): Thread {
    const known = this.#threads.get(thread.tid)
    if (known !== undefined) return known
    const copy = new Thread(this, thread.tid, thread.pid, thread.ptid, thread.fds, thread.container)
    this.#threads.set(thread.tid, copy)
    Object.assign(copy, thread, { table: this, memo: null, group: null })
    if (thread.group !== null) {
      const leader = thread.leader
      const group = new ThreadGroup(thread.group.pid, thread.group.reaper)
      const main = leader === null || leader === thread ? null : this.#copy(leader)
      copy.group = Object.assign(group, { alive: thread.group.alive })
      for (const member of thread.group.threads) {
        group.threads.push(member === thread ? copy : member === leader && main !== null ? main : member)
      }
    }
    return copy
  }
}
