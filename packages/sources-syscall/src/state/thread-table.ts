import { CL_CLONE_FILES } from '../model/clone-flags.ts'
import { Family } from '../model/family.ts'
import type { Thread } from '../model/thread.ts'
import { ThreadGroup } from '../model/thread-group.ts'
import type { ThreadIndex } from '../model/thread-index.ts'
import { FollowerIndex } from './followers.ts'
import { LivingThreads } from './living.ts'

const PAGE_BITS = 10
const PAGE_SIZE = 1 << PAGE_BITS
/** Linux assigns no thread id above this (PID_MAX_LIMIT); larger ids, from broken captures, go to a Map. */
const MAX_PAGED = 1 << 22

/** If a change would invalidate the memos of more threads than this, all memos are invalidated: see ThreadIndex.epoch. */
const FORGET_BUDGET = 64

/** Maximum number of ancestors checked for adopting orphans. */
const MAX_DEPTH = 4096

/** Shared by all pages without threads; never written to. */
const EMPTY_PAGE: (Thread | null)[] = new Array<Thread | null>(PAGE_SIZE).fill(null)

/** The look-up interface of `Threads`, for everyone but the state engine. */
export type ThreadTable = ThreadIndex<Thread>

/** Falco's falco_libs.thread_table_size. */
export const DEFAULT_THREAD_TABLE_SIZE = 262144

/**
 * All threads of the recorded machine by thread id, with their groups and parent links. Pages of 1024 slots: a look-up, done
 * for every event, is two array loads. Also the only place that decides which memos a change to a thread invalidates.
 */
export class Threads implements ThreadIndex<Thread> {
  readonly #pages: (Thread | null)[][] = []
  readonly #beyond = new Map<number, Thread>()
  readonly #groups = new Map<number, ThreadGroup<Thread>>()
  readonly #followers = new FollowerIndex()
  readonly capacity: number
  readonly living = new LivingThreads()
  epoch = 0
  ancestorsCut = 0
  size = 0
  /** Threads added and removed since the start. */
  added = 0
  removed = 0
  /** Threads dropped because the table was full. */
  dropped = 0

  constructor(capacity: number = DEFAULT_THREAD_TABLE_SIZE) {
    this.capacity = capacity
  }

  get isFull(): boolean {
    return this.size >= this.capacity
  }

  get(tid: number): Thread | null {
    if (tid >= 0 && tid < MAX_PAGED) {
      const page = tid >>> PAGE_BITS
      return page < this.#pages.length ? this.#pages[page]![tid & (PAGE_SIZE - 1)]! : null
    }
    return this.#beyond.size === 0 ? null : (this.#beyond.get(tid) ?? null)
  }

  /**
   * Adds a thread, replacing one with the same id. Returns false when the table is full: the thread is then not tracked, and
   * counted. `link` joins it to its group and parent; for the initial tables, that happens after all threads are added.
   */
  add(thread: Thread, link = true): boolean {
    const old = this.get(thread.tid)
    if (old !== null) this.#erase(old)
    if (this.isFull) {
      this.dropped++
      return false
    }
    // Children of the previous thread, whose exit was lost, refer to their parent by id: they now belong to this one.
    if (old !== null) {
      thread.children = old.children
      old.children = null
    }
    this.#place(thread.tid, thread)
    this.size++
    this.added++
    if (link) this.link(thread)
    this.#followers.add(thread)
    this.#forgetFollowers(thread)
    return true
  }

  /** Marks a thread as exited: it stays in the table until it is removed. */
  exited(thread: Thread): void {
    if (!thread.dead && thread.group !== null) thread.group.alive--
    thread.dead = true
    this.living.forget(thread.tid)
  }

  /** Links a thread to its group and its parent. If the parent is not in the table, ptid becomes 0. */
  link(thread: Thread): void {
    if (thread.isInvalid || thread.group !== null) return
    let group = this.#groups.get(thread.pid)
    if (group === undefined) {
      group = new ThreadGroup<Thread>(thread.pid, thread.pid === 1 || thread.vpid === 1)
      this.#groups.set(thread.pid, group)
    }
    group.add(thread)
    thread.group = group
    shareDescriptors(thread, group)
    // Other threads of the group are affected only when their main thread appears.
    if (thread.isMain) this.#forgetTree(thread)
    thread.memo = null
    this.#forgetFollowers(thread)
    this.#adopt(thread, this.get(thread.ptid))
  }

  /**
   * Removes a thread as on its exit: its children go to the thread `reaper` (null = to none), and the group ends with its
   * last thread. A main thread stays while other threads of its group are alive.
   */
  remove(thread: Thread, reaper: Thread | null): void {
    const group = thread.group
    if (group === null) {
      this.#erase(thread)
      return
    }
    this.exited(thread)
    if (thread.hasChildren) this.#reparent(thread, reaper)
    if (group.alive === 0) {
      const main = this.get(group.pid)
      this.#groups.delete(group.pid)
      if (main !== null && main.group === group) {
        // A dead main thread may have adopted children in the meantime.
        this.#reparent(main, null)
        this.#erase(main)
      }
    }
    if (!thread.isMain) this.#erase(thread)
  }

  /**
   * Returns the thread that adopts the children of `thread`, by the kernel's rules: another thread of its group, else the
   * nearest ancestor process that is a reaper, without crossing a pid namespace boundary.
   */
  findReaper(thread: Thread): Thread | null {
    const sibling = thread.group?.firstAlive(thread)
    if (sibling) return sibling
    let next = thread.parent
    for (let n = 0; next !== null && n < MAX_DEPTH; n++, next = next.parent) {
      if (next === thread || next.inPidNamespace !== thread.inPidNamespace) return null
      if (next.group?.reaper) {
        const found = next.group.firstAlive(null)
        if (found !== null) return found
      }
    }
    return null
  }

  /**
   * Invalidates the memos of a thread, of the rest of its group, of its descendants, and of the threads it leads as session
   * or process group.
   */
  changed(thread: Thread): void {
    this.#forgetTree(thread)
    this.#forgetFollowers(thread)
  }

  /** Invalidates the memos of the threads of a process, after a change that its descendants cannot see. */
  processChanged(thread: Thread): void {
    thread.memo = null
    const { group } = thread
    if (group === null) return
    if (group.size > FORGET_BUDGET) this.epoch++
    else for (const member of group) member.memo = null
  }

  /** Sets the ids of the thread's session and process group leaders. Call `changed` afterwards. */
  setLeaders(thread: Thread, sid: number, vpgid: number, pgid: number): void {
    if (sid === thread.sid && vpgid === thread.vpgid && pgid === thread.pgid) return
    this.#followers.remove(thread)
    thread.sid = sid
    thread.vpgid = vpgid
    thread.pgid = pgid
    this.#followers.add(thread)
  }

  forgetAll(): void {
    this.epoch++
  }

  clear(): void {
    this.#pages.length = 0
    this.#beyond.clear()
    this.#groups.clear()
    this.#followers.clear()
    this.living.clear()
    this.size = 0
  }

  *[Symbol.iterator](): IterableIterator<Thread> {
    for (const page of this.#pages) {
      if (page === EMPTY_PAGE) continue
      for (const thread of page) if (thread !== null) yield thread
    }
    yield* this.#beyond.values()
  }

  /** Makes `parent` the parent of `thread`; null = unknown: ptid becomes 0. */
  #adopt(thread: Thread, parent: Thread | null): void {
    if (parent === null || parent.isInvalid || parent === thread) {
      thread.siblings = null
      thread.ptid = 0
      return
    }
    parent.children ??= new Family(parent.tid)
    parent.children.add(thread)
  }

  /** Moves all children of a thread to the reaper at once. */
  #reparent(thread: Thread, reaper: Thread | null): void {
    // A process that adopts orphans counts as a reaper from then on, even if it never declared itself one.
    if (reaper !== null && reaper.group !== null && reaper.pid !== thread.pid) reaper.group.reaper = true
    const family = thread.children
    if (family === null) return
    this.#forgetTree(thread)
    thread.children = null
    if (reaper !== null && reaper.siblings === family) {
      family.members.delete(reaper)
      this.#adopt(reaper, null)
    }
    if (reaper === null || reaper.isInvalid) family.parent = 0
    else {
      reaper.children = reaper.children === null ? family : reaper.children.join(family)
      reaper.children.parent = reaper.tid
    }
  }

  /** Removes a thread from everything that refers to it. */
  #erase(thread: Thread): void {
    if (this.get(thread.tid) !== thread) return
    if (thread.isMain) this.#forgetTree(thread)
    this.#followers.remove(thread)
    this.#forgetFollowers(thread)
    thread.siblings?.members.delete(thread)
    const group = thread.group
    if (group !== null) {
      this.exited(thread)
      group.remove(thread)
      if (group.size === 0 && this.#groups.get(group.pid) === group) this.#groups.delete(group.pid)
    }
    this.#place(thread.tid, null)
    this.living.forget(thread.tid)
    this.size--
    this.removed++
  }

  #forgetFollowers(leader: Thread): void {
    if (!this.#followers.forget(leader.tid, FORGET_BUDGET)) this.epoch++
  }

  /** Invalidates the memos of the thread, its group and its descendants. */
  #forgetTree(thread: Thread): void {
    thread.memo = null
    if (!thread.hasChildren && (thread.group === null || thread.group.size <= 1)) return
    const seen = new Set<Thread>([thread])
    // A Set is iterated in insertion order, including entries added during the iteration.
    for (const next of seen) {
      next.memo = null
      const { group } = next
      const relatives = seen.size + (group?.size ?? 0) + (next.children?.members.size ?? 0)
      if (relatives > FORGET_BUDGET) {
        this.epoch++
        return
      }
      if (group !== null) for (const member of group) seen.add(member)
      if (next.children !== null) for (const child of next.children.members) seen.add(child)
    }
  }

  #place(tid: number, thread: Thread | null): void {
    if (tid >= 0 && tid < MAX_PAGED) {
      const page = tid >>> PAGE_BITS
      while (this.#pages.length <= page) this.#pages.push(EMPTY_PAGE)
      if (this.#pages[page] === EMPTY_PAGE) this.#pages[page] = EMPTY_PAGE.slice()
      this.#pages[page]![tid & (PAGE_SIZE - 1)] = thread
    } else if (thread === null) this.#beyond.delete(tid)
    else this.#beyond.set(tid, thread)
  }
}

/** Threads use the descriptors of their main thread; without one, their descriptors are unknown. */
function shareDescriptors(thread: Thread, group: ThreadGroup<Thread>): void {
  const { main } = group
  if (main === null || group.size === 1) return
  for (const other of thread.isMain ? group : [thread]) {
    if (!other.isMain && (other.flags & CL_CLONE_FILES) !== 0) other.fds = main.fds
  }
}
