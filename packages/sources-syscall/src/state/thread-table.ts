import { FollowerIndex } from './followers.ts'
import type { Thread } from './thread.ts'
import { ThreadGroup } from './thread-group.ts'

const PAGE_BITS = 10
const PAGE_SIZE = 1 << PAGE_BITS
/** Linux gives no thread id above this (PID_MAX_LIMIT); others, from broken captures, go to a Map. */
const MAX_PAGED = 1 << 22

/** Falco's falco_libs.thread_table_size. */
export const DEFAULT_THREAD_TABLE_SIZE = 262144

/**
 * All threads of the recorded machine by thread id, their groups, and who is whose parent. Pages of 1024 slots: a look-up,
 * done for every event, is two array loads. Also the one place that knows whose memo falls when a thread changes.
 */
export class ThreadTable {
  private readonly pages: (Thread | null)[][] = []
  private readonly beyond = new Map<number, Thread>()
  private readonly groups = new Map<number, ThreadGroup>()
  private readonly followers = new FollowerIndex()
  readonly capacity: number
  size = 0
  /** Threads left out because the table was full. */
  dropped = 0

  constructor(capacity: number = DEFAULT_THREAD_TABLE_SIZE) {
    this.capacity = capacity
  }

  get(tid: number): Thread | null {
    if (tid >= 0 && tid < MAX_PAGED) {
      const page = tid >>> PAGE_BITS
      return page < this.pages.length ? this.pages[page][tid & (PAGE_SIZE - 1)] : null
    }
    return this.beyond.size === 0 ? null : (this.beyond.get(tid) ?? null)
  }

  group(pid: number): ThreadGroup | null {
    return this.groups.get(pid) ?? null
  }

  /**
   * Puts a thread in, in place of one with the same id, joins it to its group and its parent. False when the table is full:
   * the thread is then not tracked, and counted.
   */
  add(thread: Thread, reap = true): boolean {
    const old = this.get(thread.tid)
    if (old !== null) this.remove(old.tid)
    else if (this.size >= this.capacity) {
      this.dropped++
      return false
    }
    this.place(thread.tid, thread)
    this.size++
    if (reap) this.link(thread)
    this.followers.add(thread)
    this.followers.forget(thread.tid)
    return true
  }

  /** Joins a thread to its group and its parent; a parent that is not in the table makes ptid 0. */
  link(thread: Thread): void {
    if (thread.isInvalid) return
    let group = this.groups.get(thread.pid)
    if (group === undefined) {
      group = new ThreadGroup(thread.pid, thread.pid === 1 || thread.vpid === 1)
      this.groups.set(thread.pid, group)
    }
    group.add(thread)
    thread.group = group
    this.adopt(thread, thread.ptid)
  }

  /** Makes `ptid` the parent of `thread`. */
  adopt(thread: Thread, ptid: number): void {
    thread.parent?.children.delete(thread)
    const parent = this.get(ptid)
    if (parent === null || parent.isInvalid) thread.ptid = 0
    else {
      thread.ptid = ptid
      parent.children.add(thread)
    }
  }

  /** Takes a thread out. Its children go to a reaper; `reaper` is the one that the kernel chose, -1 if not known. */
  remove(tid: number, reaper = -1): void {
    const thread = this.get(tid)
    if (thread === null) return
    // State.remove implements the rules; see reap.ts.
    void reaper
    this.place(tid, null)
    this.size--
  }

  /** Forgets what was remembered about a thread, about the rest of its group, its descendants and those it leads as session or process group. */
  changed(thread: Thread): void {
    this.forgetTree(thread)
    this.followers.forget(thread.tid)
  }

  /** Sets the ids by which a thread finds its session's and process groups' leaders. */
  setLeaders(thread: Thread, sid: number, vpgid: number, pgid: number): void {
    this.followers.remove(thread)
    thread.sid = sid
    thread.vpgid = vpgid
    thread.pgid = pgid
    this.followers.add(thread)
  }

  forgetAll(): void {
    for (const thread of this) thread.memo = null
  }

  *[Symbol.iterator](): IterableIterator<Thread> {
    for (const page of this.pages) for (const thread of page) if (thread !== null) yield thread
    yield* this.beyond.values()
  }

  private forgetTree(thread: Thread): void {
    const pending = [thread]
    const seen = new Set<Thread>()
    for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
      if (seen.has(next)) continue
      seen.add(next)
      next.memo = null
      if (next.group !== null) for (const member of next.group.threads) if (!seen.has(member)) pending.push(member)
      for (const child of next.children) pending.push(child)
    }
  }

  private place(tid: number, thread: Thread | null): void {
    if (tid >= 0 && tid < MAX_PAGED) {
      const page = tid >>> PAGE_BITS
      while (this.pages.length <= page) this.pages.push(new Array<Thread | null>(PAGE_SIZE).fill(null))
      this.pages[page][tid & (PAGE_SIZE - 1)] = thread
    } else if (thread === null) this.beyond.delete(tid)
    else this.beyond.set(tid, thread)
  }
}
