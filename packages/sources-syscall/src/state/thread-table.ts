import { CL_CLONE_FILES, Family, type Thread, ThreadGroup, type ThreadIndex } from '../model/thread.ts'
import { FollowerIndex } from './followers.ts'

const PAGE_BITS = 10
const PAGE_SIZE = 1 << PAGE_BITS
/** Linux gives no thread id above this (PID_MAX_LIMIT); others, from broken captures, go to a Map. */
const MAX_PAGED = 1 << 22

/** When more threads than this would have to forget something, all do: see ThreadIndex.epoch. */
const FORGET_BUDGET = 64

/** Ancestors that are asked whether they take over orphans. */
const MAX_DEPTH = 4096

/** Every page without a thread is this one; it is never written to. */
const EMPTY_PAGE: (Thread | null)[] = new Array<Thread | null>(PAGE_SIZE).fill(null)

/** What everyone but the state engine sees of `Threads`: look-up. */
export type { ThreadIndex as ThreadTable } from '../model/thread.ts'

/** Falco's falco_libs.thread_table_size. */
export const DEFAULT_THREAD_TABLE_SIZE = 262144

/**
 * All threads of the recorded machine by thread id, their groups, and who is whose parent. Pages of 1024 slots: a look-up,
 * done for every event, is two array loads. Also the one place that knows whose memo falls when a thread changes.
 */
export class Threads implements ThreadIndex {
  readonly #pages: (Thread | null)[][] = []
  readonly #beyond = new Map<number, Thread>()
  readonly #groups = new Map<number, ThreadGroup>()
  readonly #followers = new FollowerIndex()
  readonly capacity: number
  epoch = 0
  ancestorsCut = 0
  size = 0
  /** Threads put in and taken out since the start. */
  added = 0
  removed = 0
  /** Threads left out because the table was full. */
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
   * Puts a thread in, in place of one with the same id. False when the table is full: the thread is then not tracked, and
   * counted. `link` joins it to its group and its parent; after the initial tables that is done when all threads are in.
   */
  add(thread: Thread, link = true): boolean {
    const old = this.get(thread.tid)
    if (old !== null) this.#erase(old)
    if (this.isFull) {
      this.dropped++
      return false
    }
    // Children of the one before, whose exit was lost, know their parent by its id: they are this one's now.
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

  /** Joins a thread to its group and its parent. A parent that is not in the table makes ptid 0. */
  link(thread: Thread): void {
    if (thread.isInvalid || thread.group !== null) return
    let group = this.#groups.get(thread.pid)
    if (group === undefined) {
      group = new ThreadGroup(thread.pid, thread.pid === 1 || thread.vpid === 1)
      this.#groups.set(thread.pid, group)
    }
    group.add(thread)
    thread.group = group
    shareDescriptors(thread, group)
    // Others of the group see a difference only when their main thread comes.
    if (thread.isMain) this.#forgetTree(thread)
    thread.memo = null
    this.#forgetFollowers(thread)
    this.#adopt(thread, this.get(thread.ptid))
  }

  /**
   * Takes a thread out as its exit does: its children go to the thread `reaper` (null = to none), the group ends with its last
   * thread. A main thread stays while others of its group live.
   */
  remove(thread: Thread, reaper: Thread | null): void {
    const group = thread.group
    if (group === null) {
      this.#erase(thread)
      return
    }
    if (!thread.dead) {
      thread.dead = true
      group.alive--
    }
    if (thread.hasChildren) this.#reparent(thread, reaper)
    if (group.alive === 0) {
      const main = this.get(group.pid)
      this.#groups.delete(group.pid)
      if (main !== null && main.group === group) {
        // A dead main thread may have been given children since.
        this.#reparent(main, null)
        this.#erase(main)
      }
    }
    if (!thread.isMain) this.#erase(thread)
  }

  /**
   * Who takes over the children of a thread, as the kernel decides it: another thread of its group, else the nearest ancestor
   * process that is a reaper, as long as all are on the same side of a pid namespace's border.
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

  /** Forgets what was remembered about a thread, about the rest of its group, its descendants and those it leads as session or process group. */
  changed(thread: Thread): void {
    this.#forgetTree(thread)
    this.#forgetFollowers(thread)
  }

  /** Forgets what was remembered about the threads of a process, after a change that those below it cannot see. */
  processChanged(thread: Thread): void {
    thread.memo = null
    const { group } = thread
    if (group === null) return
    if (group.size > FORGET_BUDGET) this.epoch++
    else for (const member of group) member.memo = null
  }

  /** Sets the ids by which a thread finds its session's and process groups' leaders. To be followed by `changed`. */
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

  /** Gives the children of a thread to the reaper, all at once. */
  #reparent(thread: Thread, reaper: Thread | null): void {
    // A reaper in another process is one from now on, whether it has said so or not.
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

  /** Takes a thread out of everything that refers to it. */
  #erase(thread: Thread): void {
    if (this.get(thread.tid) !== thread) return
    if (thread.isMain) this.#forgetTree(thread)
    this.#followers.remove(thread)
    this.#forgetFollowers(thread)
    thread.siblings?.members.delete(thread)
    const group = thread.group
    if (group !== null) {
      if (!thread.dead) {
        thread.dead = true
        group.alive--
      }
      group.remove(thread)
      if (group.size === 0 && this.#groups.get(group.pid) === group) this.#groups.delete(group.pid)
    }
    this.#place(thread.tid, null)
    this.size--
    this.removed++
  }

  #forgetFollowers(leader: Thread): void {
    if (!this.#followers.forget(leader.tid, FORGET_BUDGET)) this.epoch++
  }

  /** Of the thread, its group and its descendants. */
  #forgetTree(thread: Thread): void {
    thread.memo = null
    if (!thread.hasChildren && (thread.group === null || thread.group.size <= 1)) return
    const seen = new Set<Thread>([thread])
    // A Set is walked in the order of insertion, entries added on the way included.
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

/** Threads use the descriptors of their main thread; without one they have none that could be known. */
function shareDescriptors(thread: Thread, group: ThreadGroup): void {
  const { main } = group
  if (main === null) return
  for (const other of thread.isMain ? group : [thread]) {
    if (!other.isMain && (other.flags & CL_CLONE_FILES) !== 0) other.fds = main.fds
  }
}
