import { Thread, ThreadGroup, type ThreadIndex, WorkingDirectory } from './thread.ts'

/** Ancestors that are copied with a thread; rules look at a handful. */
const MAX_ANCESTORS = 32

/**
 * A thread as it is now, with its ancestors and the descriptors of its process, for an event that is looked at later. Look-ups find
 * the copies first, then the threads of the table as they are by then.
 */
export class ThreadSnapshot implements ThreadIndex {
  /** What is remembered about a copy stays true: it does not change. */
  readonly epoch = 0
  ancestorsCut = 0
  readonly #threads = new Map<number, Thread>()
  readonly #table: ThreadIndex

  constructor(table: ThreadIndex) {
    this.#table = table
  }

  get(tid: number): Thread | null {
    return this.#threads.get(tid) ?? this.#table.get(tid)
  }

  /** Copies a thread, its main thread and its ancestors, up to a limit. */
  take(thread: Thread): Thread {
    const copy = this.#copy(thread)
    copy.fds = thread.fds.snapshot()
    const { leader } = copy
    if (leader !== null) leader.fds = leader.fds === thread.fds ? copy.fds : leader.fds.snapshot()
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
    Object.assign(copy, thread, {
      ...{ table: this, memo: null, epoch: 0, group: null, previous: null, next: null, siblings: null },
      ownDirectory: thread.ownDirectory === null ? null : new WorkingDirectory(thread.ownDirectory.path),
    })
    if (thread.group !== null) {
      const leader = thread.leader
      const group = new ThreadGroup(thread.group.pid, thread.group.reaper)
      const main = leader === null || leader === thread ? null : this.#copy(leader)
      copy.group = Object.assign(group, { alive: thread.group.alive })
      // Fields ask a group for its main thread and its size, not for the others.
      group.main = leader === thread ? copy : main
    }
    return copy
  }
}
