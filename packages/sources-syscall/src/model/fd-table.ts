import { type Fd, O_CLOEXEC } from './fd.ts'
import { ANY, CLOSED_ON_EXEC, FdTree, isOfKind, KEPT_ON_EXEC } from './fd-tree.ts'

/** Sizes that libstdc++ gives a hash table which grows one by one. */
const BUCKETS: readonly number[] = [13, 29, 59, 127, 257, 541, 1109, 2357, 5087]

/** Generations of forks whose order may remain to be worked out. */
const MAX_ORIGINS = 8
/** After MAX_ORIGINS forks, a larger table loses the order that it inherited: a fork must not cost a sort. */
const MAX_SETTLED = 256

/** libsinsp's limit on the descriptors of one process. */
export const MAX_FDS_PER_PROCESS = 4096
/** The newest descriptors beyond the limit, which are kept until newer ones come. */
const MAX_OVERFLOW = 64

/**
 * The descriptors of one process; the threads of a group share one. A fork shares the entries of both tables until
 * either side writes. No call costs more for a larger table, except those that return all entries.
 *
 * `inOrder` gives the entries in the order in which libsinsp goes through its hash table, which shows in fd.types: what came last
 * comes first, except that entries of one bucket are neighbours; the whole order is reversed whenever the table grows or is
 * copied. For this, each entry has a rank: `sign` times its place.
 */
export class FdTable {
  #tree = new FdTree()
  /** Above all numbers that have ever been in the table. */
  #limit = 0
  #sign = 1
  /** The highest and the lowest of the signed ranks. */
  #first = 0
  #last = 0
  /** Entries that libsinsp's hash table holds before it grows. */
  #room = 0
  /**
   * The parent's table as it was at the fork: the order of entries of rank `inherited` or less follows from it, and is worked
   * out when it is needed. `origins` counts the tables that wait for one another.
   */
  #origin: FdTable | null = null
  #origins = 0
  #inherited = 0
  #copied: readonly number[] | null = null
  /** Descriptors for which there was no room: the newest ones, by number. */
  #overflow: Map<number, Fd> | null = null
  /** Number of open descriptors. */
  size = 0
  readonly capacity: number

  /** `capacity` 0: of a thread whose process is not known, it keeps nothing. */
  constructor(capacity: number = MAX_FDS_PER_PROCESS) {
    this.capacity = capacity
  }

  get(num: number): Fd | null {
    return this.#tree.get(num) ?? (this.#overflow === null ? null : (this.#overflow.get(num) ?? null))
  }

  get isFull(): boolean {
    return this.size >= this.capacity
  }

  /**
   * False when the table is full and `num` was not in it. The descriptor is then kept for a while only: until some newer ones
   * have come for which there is no room either.
   */
  set(num: number, fd: Fd): boolean {
    if (this.#tree.get(num) !== null) {
      this.#tree.put(num, fd, this.#tree.rankOf(num))
      return true
    }
    if (this.isFull) {
      this.#putAside(num, fd)
      return false
    }
    this.#overflow?.delete(num)
    this.size++
    if (this.size > this.#room) this.#grow()
    this.#tree.put(num, fd, this.#sign * ++this.#first)
    if (num >= this.#limit) this.#limit = num + 1
    return true
  }

  delete(num: number): void {
    if (this.#tree.get(num) === null) {
      this.#overflow?.delete(num)
      return
    }
    this.size--
    this.#tree.delete(num)
  }

  /** The entry, made this table's own: whoever changes an Fd gets it here. */
  own(num: number): Fd | null {
    const fd = this.get(num)
    if (fd === null || this.#tree.owns(fd)) return fd
    const copy = fd.copy(fd.num)
    this.set(num, copy)
    return copy
  }

  /** The descriptor, which this table holds under `num`, may be changed where it is. */
  owns(fd: Fd): boolean {
    return this.#tree.owns(fd)
  }

  /** execve closes the descriptor, or keeps it. */
  setCloseOnExec(num: number, on: boolean): Fd | null {
    const fd = this.get(num)
    if (fd === null || ((fd.openFlags & O_CLOEXEC) !== 0) === on) return fd
    const own = this.#tree.owns(fd) ? fd : fd.copy(fd.num)
    own.openFlags ^= O_CLOEXEC
    own.memo = null
    this.set(num, own)
    return own
  }

  /** The table as it is now, its order included. */
  snapshot(): FdTable {
    const table = new FdTable(this.capacity)
    this.#copyTo(table)
    return table
  }

  /** The table of a forked child. */
  fork(): FdTable {
    const table = new FdTable(this.capacity === 0 ? MAX_FDS_PER_PROCESS : this.capacity)
    if (this.#origins >= MAX_ORIGINS) this.#cutOrigins()
    this.#copyTo(table)
    const origin = new FdTable(0)
    this.#copyTo(origin)
    table.#origin = origin
    table.#origins = this.#origins + 1
    table.#inherited = Math.max(Math.abs(this.#first), Math.abs(this.#last))
    table.#sign = 1
    table.#first = table.#inherited
    table.#last = 0
    table.#room = BUCKETS.find(count => count >= this.size) ?? Number.POSITIVE_INFINITY
    return table
  }

  /** Takes out all that execve closes. */
  deleteCloseOnExec(): void {
    for (const num of this.#nums(Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY, CLOSED_ON_EXEC)) this.delete(num)
  }

  /** close_range: closes the descriptors from `first` to `last`, or marks those that execve would keep. */
  closeRange(first: number, last: number, onExec: boolean): void {
    for (const num of this.#nums(first, last, onExec ? KEPT_ON_EXEC : ANY)) {
      if (onExec) this.setCloseOnExec(num, true)
      else this.delete(num)
    }
  }

  /** In ascending order. */
  *[Symbol.iterator](): IterableIterator<[number, Fd]> {
    for (const num of this.#tree.all()) yield [num, this.get(num)!]
  }

  /** The first `count` entries. */
  first(count: number): Fd[] {
    return this.#tree.lowest(count).map(num => this.get(num)!)
  }

  /** See the class. */
  inOrder(): Fd[] {
    return this.#numsInOrder().map(num => this.get(num)!)
  }

  /** The entries in an order in which a table that takes them one by one comes to the order that this one has. */
  forSnapshot(): [number, Fd][] {
    const left = this.#numsInOrder().reverse()
    const nums: number[] = []
    // Backwards: what came last is last; before the entry that made the table grow, the order was the reverse.
    for (let size = left.length; size > 0; size--) {
      nums.push(left.pop()!)
      if (BUCKETS.includes(size - 1)) left.reverse()
    }
    return nums.reverse().map(num => [num, this.get(num)!])
  }

  #nums(first: number, last: number, kind: typeof ANY | typeof KEPT_ON_EXEC | typeof CLOSED_ON_EXEC): number[] {
    const nums = this.#tree.nums(first, last, kind)
    if (this.#overflow !== null) {
      for (const [num, fd] of this.#overflow) if (num >= first && num <= last && isOfKind(fd, kind)) nums.push(num)
    }
    return nums
  }

  #putAside(num: number, fd: Fd): void {
    if (this.capacity === 0) return
    this.#tree.claim(fd)
    this.#overflow ??= new Map()
    this.#overflow.delete(num)
    if (this.#overflow.size >= MAX_OVERFLOW) {
      const [oldest] = this.#overflow.keys()
      this.#overflow.delete(oldest!)
    }
    this.#overflow.set(num, fd)
  }

  #copyTo(table: FdTable): void {
    table.#tree = this.#tree.fork()
    table.#overflow = this.#overflow === null ? null : new Map(this.#overflow)
    table.#limit = this.#limit
    table.size = this.size
    table.#sign = this.#sign
    table.#first = this.#first
    table.#last = this.#last
    table.#room = this.#room
    table.#origin = this.#origin
    table.#origins = this.#origins
    table.#inherited = this.#inherited
  }

  #cutOrigins(): void {
    if (this.size <= MAX_SETTLED) this.#settle()
    else {
      this.#origin = null
      this.#origins = 0
    }
  }

  /** Gives the entries that were there at the fork their ranks. */
  #settle(): void {
    const origin = this.#origin
    if (origin === null) return
    this.#origin = null
    this.#origins = 0
    const nums = origin.#orderOfCopy()
    for (const [i, num] of nums.entries()) {
      const rank = this.#rankOf(num)
      // Below all later ones, in the same order.
      if (rank !== undefined && rank <= this.#inherited) this.#setRank(num, this.#inherited - i)
    }
    this.#last = this.#inherited - nums.length
  }

  /** Of an origin, which may be that of several tables. */
  #orderOfCopy(): readonly number[] {
    if (this.#copied === null) {
      // libsinsp puts the entries into the child's table one by one, in the order of the parent's.
      this.#turn()
      this.#room = BUCKETS[0]!
      while (this.#room < this.size) this.#grow()
      this.#copied = this.#numsInOrder()
    }
    return this.#copied
  }

  #rankOf(num: number): number | undefined {
    return this.#tree.get(num) === null ? undefined : this.#tree.rankOf(num) * this.#sign
  }

  #setRank(num: number, rank: number): void {
    this.#tree.setRank(num, rank)
  }

  #numsInOrder(): number[] {
    this.#settle()
    const entries = this.#tree.all().map(num => {
      return { num, rank: this.#rankOf(num)! }
    })
    const buckets = new Map<number, number[]>()
    for (const { num } of entries.sort((a, b) => a.rank - b.rank)) {
      const bucket = num % this.#room
      const others = buckets.get(bucket)
      if (others === undefined) buckets.set(bucket, [num])
      else others.push(num)
    }
    return [...buckets.values()].flat().reverse()
  }

  #grow(): void {
    if (this.#room > 0) this.#turn()
    this.#room = BUCKETS.find(count => count > this.#room) ?? Number.POSITIVE_INFINITY
  }

  /** The entries are put into another table, or a larger one, in their order: the first is then the last. */
  #turn(): void {
    this.#settle()
    if (this.#limit <= this.#room) {
      const first = this.#first
      this.#sign = -this.#sign
      this.#first = -this.#last
      this.#last = -first
      return
    }
    // Some share a bucket: ranks alone do not say the order.
    const nums = this.#numsInOrder()
    for (const [i, num] of nums.entries()) this.#setRank(num, i + 1)
    this.#sign = 1
    this.#first = nums.length
    this.#last = 1
  }
}
