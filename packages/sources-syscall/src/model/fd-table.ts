import { type Fd, O_CLOEXEC } from './fd.ts'
import { BUCKETS, orderInBuckets } from './fd-buckets.ts'
import { ANY, CLOSED_ON_EXEC, isOfKind, KEPT_ON_EXEC } from './fd-node.ts'
import { FdTree } from './fd-tree.ts'
import { noteSocket } from './socket-numbers.ts'

/** Number of fork generations whose order may be left unresolved. */
const MAX_ORIGINS = 8
/** After MAX_ORIGINS forks, tables larger than this drop their inherited order, so that a fork never pays for a sort. */
const MAX_SETTLED = 256

/** libsinsp's limit on the descriptors of one process. */
export const MAX_FDS_PER_PROCESS = 4096
/** Descriptors kept beyond the limit; newer ones evict older ones. */
const MAX_OVERFLOW = 64

/**
 * The descriptors of one process, shared by the threads of a group. After a fork, both tables share their entries until
 * either side writes. The cost of a call does not depend on the size of the table, except for calls that return all entries.
 *
 * `inOrder` returns the entries in the iteration order of libsinsp's hash table, which is visible in fd.types. The most recent insertion
 * comes first, except that entries in the same bucket are adjacent. The whole order is reversed whenever the table grows or is copied. To
 * reproduce this, each entry has a rank: `sign` times its position.
 */
export class FdTable {
  private tree = new FdTree()
  /** Greater than every number that has ever been in the table. */
  private limit = 0
  private sign = 1
  /** The highest and the lowest of the signed ranks. */
  private firstRank = 0
  private lastRank = 0
  /** Number of entries at which libsinsp's hash table grows. */
  private room = 0
  /**
   * The parent's table at the time of the fork. It determines the order of entries with rank `inherited` or less, which is
   * computed on demand. `origins` is the length of the chain of tables with unresolved order.
   */
  private origin: FdTable | null = null
  private origins = 0
  private inherited = 0
  private copied: readonly number[] | null = null
  /** Descriptors that did not fit: the newest ones, by number. */
  private overflow: Map<number, Fd> | null = null
  /** Number of open descriptors. */
  size = 0
  readonly capacity: number

  /** With `capacity` 0, the table stores nothing: for threads whose process is not known. */
  constructor(capacity: number = MAX_FDS_PER_PROCESS) {
    this.capacity = capacity
  }

  get(num: number): Fd | null {
    return this.tree.get(num) ?? (this.overflow === null ? null : (this.overflow.get(num) ?? null))
  }

  get isFull(): boolean {
    return this.size >= this.capacity
  }

  /**
   * Returns false when the table is full and `num` is not in it. The descriptor is then kept only temporarily, until newer
   * ones that do not fit either evict it.
   */
  set(num: number, fd: Fd): boolean {
    noteSocket(num, fd)
    if (this.tree.get(num) !== null) {
      this.tree.put(num, fd, this.tree.hasRanks ? this.tree.rankOf(num) : 0)
      return true
    }
    if (this.isFull) {
      this.putAside(num, fd)
      return false
    }
    this.overflow?.delete(num)
    this.size++
    this.tree.put(num, fd, this.tree.hasRanks ? this.nextRank() : 0)
    if (num >= this.limit) this.limit = num + 1
    return true
  }

  private nextRank(): number {
    if (this.size > this.room) this.grow()
    return this.sign * ++this.firstRank
  }

  /** From now on, the order of the entries is not kept, neither here nor in tables forked from this one: it is that of their numbers. */
  forgetOrder(): void {
    this.origin = null
    this.tree.forgetRanks()
  }

  delete(num: number): void {
    if (this.tree.get(num) === null) {
      this.overflow?.delete(num)
      return
    }
    this.size--
    this.tree.delete(num)
  }

  /** Returns the entry, unshared from other tables. Call this before changing an Fd. */
  own(num: number): Fd | null {
    const fd = this.get(num)
    if (fd === null || this.tree.owns(fd)) return fd
    const copy = fd.copy(fd.num)
    this.set(num, copy)
    return copy
  }

  /** True if the descriptor, which this table holds under `num`, may be modified in place. */
  owns(fd: Fd): boolean {
    return this.tree.owns(fd)
  }

  /** Sets whether execve closes the descriptor. */
  setCloseOnExec(num: number, on: boolean): Fd | null {
    const fd = this.get(num)
    if (fd === null || ((fd.openFlags & O_CLOEXEC) !== 0) === on) return fd
    const own = this.tree.owns(fd) ? fd : fd.copy(fd.num)
    own.openFlags ^= O_CLOEXEC
    own.memo = null
    this.set(num, own)
    return own
  }

  /** A snapshot of the table, including its order. */
  snapshot(): FdTable {
    const table = new FdTable(this.capacity)
    this.copyTo(table)
    return table
  }

  /** The table of a forked child. */
  fork(): FdTable {
    const table = new FdTable(this.capacity === 0 ? MAX_FDS_PER_PROCESS : this.capacity)
    if (this.origins >= MAX_ORIGINS) this.cutOrigins()
    this.copyTo(table)
    if (!this.tree.hasRanks) return table
    const origin = new FdTable(0)
    this.copyTo(origin)
    table.origin = origin
    table.origins = this.origins + 1
    table.inherited = Math.max(Math.abs(this.firstRank), Math.abs(this.lastRank))
    table.sign = 1
    table.firstRank = table.inherited
    table.lastRank = 0
    table.room = BUCKETS.find(count => count >= this.size) ?? Number.POSITIVE_INFINITY
    return table
  }

  /** Removes all descriptors that execve closes. */
  deleteCloseOnExec(): void {
    for (const num of this.nums(Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY, CLOSED_ON_EXEC)) this.delete(num)
  }

  /** close_range: closes the descriptors from `first` to `last`, or marks them as close-on-exec. */
  closeRange(first: number, last: number, onExec: boolean): void {
    for (const num of this.nums(first, last, onExec ? KEPT_ON_EXEC : ANY)) {
      if (onExec) this.setCloseOnExec(num, true)
      else this.delete(num)
    }
  }

  /** In ascending order. */
  *[Symbol.iterator](): IterableIterator<[number, Fd]> {
    for (const num of this.tree.all()) yield [num, this.get(num)!]
  }

  /** The first `count` entries. */
  first(count: number): Fd[] {
    return this.tree.lowest(count).map(num => this.get(num)!)
  }

  /** See the class. */
  inOrder(): Fd[] {
    return this.numsInOrder().map(num => this.get(num)!)
  }

  /** The entries, ordered so that inserting them one by one into a new table reproduces this table's order. */
  forSnapshot(): [number, Fd][] {
    const left = this.numsInOrder().reverse()
    const nums: number[] = []
    // Backwards: the last insertion goes last; before the entry that made the table grow, the order was reversed.
    for (let size = left.length; size > 0; size--) {
      nums.push(left.pop()!)
      if (BUCKETS.includes(size - 1)) left.reverse()
    }
    return nums.reverse().map(num => [num, this.get(num)!])
  }

  private nums(first: number, last: number, kind: typeof ANY | typeof KEPT_ON_EXEC | typeof CLOSED_ON_EXEC): number[] {
    const nums = this.tree.nums(first, last, kind)
    if (this.overflow !== null) {
      for (const [num, fd] of this.overflow) if (num >= first && num <= last && isOfKind(fd, kind)) nums.push(num)
    }
    return nums
  }

  private putAside(num: number, fd: Fd): void {
    if (this.capacity === 0) return
    this.tree.claim(fd)
    this.overflow ??= new Map()
    this.overflow.delete(num)
    if (this.overflow.size >= MAX_OVERFLOW) {
      const [oldest] = this.overflow.keys()
      this.overflow.delete(oldest!)
    }
    this.overflow.set(num, fd)
  }

  private copyTo(table: FdTable): void {
    table.tree = this.tree.fork()
    table.overflow = this.overflow === null ? null : new Map(this.overflow)
    table.limit = this.limit
    table.size = this.size
    table.sign = this.sign
    table.firstRank = this.firstRank
    table.lastRank = this.lastRank
    table.room = this.room
    table.origin = this.origin
    table.origins = this.origins
    table.inherited = this.inherited
  }

  private cutOrigins(): void {
    if (this.size <= MAX_SETTLED) this.settle()
    else {
      this.origin = null
      this.origins = 0
    }
  }

  /** Assigns ranks to the entries inherited at the fork. */
  private settle(): void {
    const origin = this.origin
    if (origin === null) return
    this.origin = null
    this.origins = 0
    const nums = origin.orderOfCopy()
    for (const [i, num] of nums.entries()) {
      const rank = this.rankOf(num)
      // Below all later entries, in the same order.
      if (rank !== undefined && rank <= this.inherited) this.setRank(num, this.inherited - i)
    }
    this.lastRank = this.inherited - nums.length
  }

  /** Called on an origin, which several tables may share. */
  private orderOfCopy(): readonly number[] {
    if (this.copied === null) {
      // libsinsp inserts the entries into the child's table one by one, in the parent's order.
      this.turn()
      this.room = BUCKETS[0]!
      while (this.room < this.size) this.grow()
      this.copied = this.numsInOrder()
    }
    return this.copied
  }

  private rankOf(num: number): number | undefined {
    return this.tree.get(num) === null ? undefined : this.tree.rankOf(num) * this.sign
  }

  private setRank(num: number, rank: number): void {
    this.tree.setRank(num, rank)
  }

  private numsInOrder(): number[] {
    if (!this.tree.hasRanks) return this.tree.all()
    this.settle()
    const entries = this.tree.all().map(num => [num, this.rankOf(num)!] as const)
    const ranked = entries.sort(([, a], [, b]) => a - b).map(([num]) => num)
    return orderInBuckets(ranked, this.room)
  }

  private grow(): void {
    if (this.room > 0) this.turn()
    this.room = BUCKETS.find(count => count > this.room) ?? Number.POSITIVE_INFINITY
  }

  /** Models the rehash into another or a larger table: entries are moved in order, so the first becomes the last. */
  private turn(): void {
    this.settle()
    if (this.limit <= this.room) {
      const first = this.firstRank
      this.sign = -this.sign
      this.firstRank = -this.lastRank
      this.lastRank = -first
      return
    }
    // Some entries share a bucket, so ranks alone do not determine the order.
    const nums = this.numsInOrder()
    for (const [i, num] of nums.entries()) this.setRank(num, i + 1)
    this.sign = 1
    this.firstRank = nums.length
    this.lastRank = 1
  }
}
