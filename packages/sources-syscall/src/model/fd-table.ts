import { FD_SHARED, type Fd, O_CLOEXEC } from './fd.ts'

/** Numbers below this are an index into an array; the few above go to a Map. */
const DENSE = 1024

/** Sizes that libstdc++ gives a hash table which grows one by one. */
const BUCKETS: readonly number[] = [13, 29, 59, 127, 257, 541, 1109, 2357, 5087]

/** Forks of forks whose order may wait. */
const MAX_ORIGINS = 8

/** libsinsp's limit on the descriptors of one process. */
export const MAX_FDS_PER_PROCESS = 4096

/**
 * The descriptors of one process; the threads of a group share one. A fork shares the entries of both tables until
 * either side writes, so forking a process with a thousand open files costs nothing.
 */
export class FdTable {
  #low: (Fd | null)[] = []
  #high: Map<number, Fd> | null = null
  /** `low` and `high` belong to several tables. */
  #shared = false
  /**
   * For `inOrder`, beside the entries: each has a rank, `sign` times its place; `first` and `last` are the highest and the
   * lowest of the signed ranks. `room`: libsinsp's hash table grows when it holds more, which turns its order around.
   */
  #lowRanks: number[] = []
  #highRanks: Map<number, number> | null = null
  #sign = 1
  #first = 0
  #last = 0
  #room = 0
  /**
   * The parent's table as it was at the fork: the order of entries of rank `inherited` or less follows from it, and is worked
   * out when somebody asks. `origins` counts the tables that wait for one another.
   */
  #origin: FdTable | null = null
  #origins = 0
  #inherited = 0
  #copied: readonly number[] | null = null
  /** Number of open descriptors. */
  size = 0
  readonly capacity: number

  /** `capacity` 0: of a thread whose process is not known, it keeps nothing. */
  constructor(capacity: number = MAX_FDS_PER_PROCESS) {
    this.capacity = capacity
  }

  get(num: number): Fd | null {
    if (num >= 0 && num < DENSE) return num < this.#low.length ? this.#low[num] : null
    return this.#high?.get(num) ?? null
  }

  get isFull(): boolean {
    return this.size >= this.capacity
  }

  /** False when the table is full and `num` was not in it: the descriptor is then not tracked. */
  set(num: number, fd: Fd): boolean {
    const old = this.get(num)
    if (old === null) {
      if (this.isFull) return false
      this.size++
    }
    if (this.#shared) this.#detach()
    if (old === null && this.size > this.#room) this.#grow()
    if (num >= 0 && num < DENSE) {
      const low = this.#low
      while (low.length < num) {
        low.push(null)
        this.#lowRanks.push(0)
      }
      low[num] = fd
      if (old === null) this.#lowRanks[num] = this.#sign * ++this.#first
    } else {
      this.#high ??= new Map()
      this.#highRanks ??= new Map()
      this.#high.set(num, fd)
      if (old === null) this.#highRanks.set(num, this.#sign * ++this.#first)
    }
    return true
  }

  delete(num: number): void {
    if (this.get(num) === null) return
    if (this.#shared) this.#detach()
    this.size--
    if (num >= 0 && num < DENSE) this.#low[num] = null
    else {
      this.#high!.delete(num)
      this.#highRanks!.delete(num)
    }
  }

  /** The entry, made this table's own: whoever changes an Fd gets it here. */
  own(num: number): Fd | null {
    const fd = this.get(num)
    if (fd === null || (fd.flags & FD_SHARED) === 0) return fd
    const copy = fd.copy(fd.num)
    this.set(num, copy)
    return copy
  }

  /** The table as it is now, its order included. */
  snapshot(): FdTable {
    const table = new FdTable(this.capacity)
    this.#share()
    this.#copyTo(table)
    return table
  }

  /** The table of a forked child. */
  fork(): FdTable {
    const table = new FdTable(this.capacity === 0 ? MAX_FDS_PER_PROCESS : this.capacity)
    if (this.#origins >= MAX_ORIGINS) this.#settle()
    this.#share()
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

  /** Takes out all whose execve closes. */
  deleteCloseOnExec(): void {
    for (const [num, fd] of this) if ((fd.openFlags & O_CLOEXEC) !== 0) this.delete(num)
  }

  *[Symbol.iterator](): IterableIterator<[number, Fd]> {
    for (let num = 0; num < this.#low.length; num++) {
      const fd = this.#low[num]
      if (fd !== null) yield [num, fd]
    }
    if (this.#high !== null) yield* this.#high
  }

  /**
   * The entries in the order in which libsinsp goes through its hash table, which shows in fd.types: what came last comes first,
   * except that entries of one bucket stand together; all is turned around whenever the table grows or is copied.
   */
  inOrder(): Fd[] {
    return this.#numsInOrder().map(num => this.get(num)!)
  }

  /** The entries in an order in which a table that takes them one by one comes to the order that this one has. */
  forSnapshot(): [number, Fd][] {
    const left = this.#numsInOrder().reverse()
    const nums: number[] = []
    // Backwards: what came last stands last; before the entry that made the table grow, all were the other way around.
    for (let size = left.length; size > 0; size--) {
      nums.push(left.pop()!)
      if (BUCKETS.includes(size - 1)) left.reverse()
    }
    return nums.reverse().map(num => [num, this.get(num)!])
  }

  #share(): void {
    for (const fd of this.#low) if (fd !== null) fd.flags |= FD_SHARED
    if (this.#high !== null) for (const fd of this.#high.values()) fd.flags |= FD_SHARED
    this.#shared = true
  }

  #copyTo(table: FdTable): void {
    table.#low = this.#low
    table.#high = this.#high
    table.size = this.size
    table.#shared = true
    table.#lowRanks = this.#lowRanks
    table.#highRanks = this.#highRanks
    table.#sign = this.#sign
    table.#first = this.#first
    table.#last = this.#last
    table.#room = this.#room
    table.#origin = this.#origin
    table.#origins = this.#origins
    table.#inherited = this.#inherited
  }

  /** Gives the entries that were there at the fork their ranks. */
  #settle(): void {
    const origin = this.#origin
    if (origin === null) return
    this.#origin = null
    this.#origins = 0
    const nums = origin.#orderOfCopy()
    const low = this.#lowRanks.slice()
    const high = this.#highRanks === null ? null : new Map(this.#highRanks)
    for (const [i, num] of nums.entries()) {
      const rank = this.#rankOf(num)
      if (rank === undefined || rank > this.#inherited) continue
      // Below all later ones, in the same order.
      if (num >= 0 && num < DENSE) low[num] = this.#inherited - i
      else high!.set(num, this.#inherited - i)
    }
    this.#last = this.#inherited - nums.length
    this.#lowRanks = low
    this.#highRanks = high
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
    if (this.get(num) === null) return undefined
    return (num >= 0 && num < DENSE ? this.#lowRanks[num]! : this.#highRanks!.get(num)!) * this.#sign
  }

  #numsInOrder(): number[] {
    this.#settle()
    const entries = [...this].map(([num]) => {
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
    if (this.#low.length <= this.#room && this.#high === null) {
      const first = this.#first
      this.#sign = -this.#sign
      this.#first = -this.#last
      this.#last = -first
      return
    }
    // Some share a bucket: ranks alone do not tell the order.
    const nums = this.#numsInOrder()
    const low = this.#lowRanks.slice()
    const high = this.#highRanks === null ? null : new Map(this.#highRanks)
    for (const [i, num] of nums.entries()) {
      if (num >= 0 && num < DENSE) low[num] = i + 1
      else high!.set(num, i + 1)
    }
    this.#lowRanks = low
    this.#highRanks = high
    this.#sign = 1
    this.#first = nums.length
    this.#last = 1
  }

  #detach(): void {
    this.#low = this.#low.slice()
    this.#lowRanks = this.#lowRanks.slice()
    if (this.#high !== null) this.#high = new Map(this.#high)
    if (this.#highRanks !== null) this.#highRanks = new Map(this.#highRanks)
    this.#shared = false
  }
}
