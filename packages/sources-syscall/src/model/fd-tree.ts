import { FD_SHARED, type Fd, O_CLOEXEC } from './fd.ts'
import { ANY, BITS, type CLOSED_ON_EXEC, collect, isOfKind, type KEPT_ON_EXEC, mark, Node, WIDTH } from './fd-node.ts'

/** A second name, as what is imported is a variable to V8. */
const SHARED = FD_SHARED

/** Higher and negative numbers go to a Map; they occur only in broken captures and for failed calls. */
const MAX_NUM = 2 ** 30 - 1

/** Leaves below this number are kept when empty, because the next descriptor will likely go there. */
const EMPTY_LEAVES = WIDTH * WIDTH

const NO_LOW: null[] = []
const RANKED = 2
/** Free slots with and without ranks, for this many elements at a time. */
const LOW_STEP = 8
const FREE: (null | number)[] = Array.from({ length: WIDTH }, () => [null, 0]).flat()
const FREE_UNRANKED: null[] = new Array(WIDTH).fill(null)

/** Generation ids: they determine which tree may write to a node or a descriptor. */
let generations = 0

/**
 * Descriptors by number, each with a rank assigned by the owner. Forked processes share the entries until one of them writes. Numbers below
 * 32, which most are, lie in a small array that is copied whole; the others in a radix tree whose nodes are copied one by one. A fork takes
 * constant time. A look-up above 31 takes a step for each five bits. Descriptors in a range, or those that execve closes, are found without
 * visiting more than 32 others.
 */
export class FdTree {
  /** By number: the descriptor, followed by its rank if there are ranks. */
  private low: (Fd | number | null)[] = NO_LOW
  /** Elements of `low` for each number. */
  private step = RANKED
  /** Other trees have the same array. */
  private lowShared = true
  private generation = ++generations
  private root: Node | null = null
  private shift = BITS
  private odd: Map<number, { fd: Fd; rank: number }> | null = null
  private oddShared = false

  get(num: number): Fd | null {
    if (num >= 0 && num < WIDTH)
      return num * this.step < this.low.length ? (this.low[num * this.step] as Fd | null) : null
    return this.getHigh(num)
  }

  private getHigh(num: number): Fd | null {
    if (!isTreeNumber(num)) return this.odd?.get(num)?.fd ?? null
    if (num >>> this.shift >= WIDTH) return null
    let node = this.root
    for (let shift = this.shift; shift > 0 && node !== null; shift -= BITS)
      node = node.nodes[(num >>> shift) & (WIDTH - 1)]!
    if (node === null) return null
    const slot = num & (WIDTH - 1)
    return slot < node.fds.length ? node.fds[slot]! : null
  }

  /** False after `forgetRanks`, also of trees forked from this one. */
  get hasRanks(): boolean {
    return this.step === RANKED
  }

  forgetRanks(): void {
    if (!this.hasRanks) return
    this.low = this.low.filter((_, i) => i % RANKED === 0)
    this.step = 1
  }

  /** The rank of a descriptor, which must exist and have one. */
  rankOf(num: number): number {
    if (num >= 0 && num < WIDTH) return this.low[num * 2 + 1] as number
    if (!isTreeNumber(num)) return this.odd!.get(num)!.rank
    let node = this.root!
    for (let shift = this.shift; shift > 0; shift -= BITS) node = node.nodes[(num >>> shift) & (WIDTH - 1)]!
    return node.ranks[num & (WIDTH - 1)]!
  }

  /** Inserts or replaces a descriptor. */
  put(num: number, fd: Fd, rank: number): void {
    this.claim(fd)
    if (num >= 0 && num < WIDTH) this.placeLow(num, fd, rank)
    else this.placeHigh(num, fd, rank)
  }

  /** Changes only the rank; the descriptor's owner stays the same. */
  setRank(num: number, rank: number): void {
    if (num >= 0 && num < WIDTH) this.placeLow(num, this.get(num)!, rank)
    else this.placeHigh(num, this.get(num)!, rank)
  }

  private placeLow(num: number, fd: Fd, rank: number): void {
    const at = num * this.step
    if (this.lowShared || at >= this.low.length) this.copyLow(at)
    this.low[at] = fd
    if (this.step === RANKED) this.low[at + 1] = rank
  }

  /** Makes the array its own, with room for what belongs at `at`. Arrays that V8 lets grow would be half empty. */
  private copyLow(at: number): void {
    const missing = at - this.low.length
    const free = this.step === RANKED ? FREE : FREE_UNRANKED
    this.low = missing < 0 ? this.low.slice() : this.low.concat(free.slice(0, (missing & -LOW_STEP) + LOW_STEP))
    this.lowShared = false
  }

  private placeHigh(num: number, fd: Fd, rank: number): void {
    if (!isTreeNumber(num)) {
      this.writableOdd().set(num, { fd, rank })
      return
    }
    while (num >>> this.shift >= WIDTH) this.raise()
    if (!this.writeInPlace(num, fd, rank)) this.root = this.write(this.root, this.shift, num, fd, rank)
  }

  /** Makes this tree the owner of the descriptor, unless it is FD_SHARED. */
  claim(fd: Fd): void {
    if ((fd.flags & SHARED) === 0) fd.generation = this.generation
  }

  delete(num: number): void {
    if (num >= 0 && num < WIDTH) {
      if (this.lowShared) this.copyLow(num * this.step)
      this.low[num * this.step] = null
    } else if (!isTreeNumber(num)) this.writableOdd().delete(num)
    else if (!this.writeInPlace(num, null, 0)) this.root = this.write(this.root, this.shift, num, null, 0)
  }

  /** True if this tree alone owns the descriptor, so that it may be modified in place. */
  owns(fd: Fd): boolean {
    return (fd.flags & SHARED) === 0 && fd.generation === this.generation
  }

  /** Returns a tree with the same descriptors, which neither tree owns from then on. */
  fork(): FdTree {
    const tree = new FdTree()
    this.generation = ++generations
    tree.low = this.low
    tree.step = this.step
    tree.lowShared = this.lowShared = true
    tree.root = this.root
    tree.shift = this.shift
    tree.odd = this.odd
    tree.oddShared = this.oddShared = this.odd !== null
    return tree
  }

  /**
   * Numbers from `first` to `last`, in ascending order. Time is proportional to the size of the result plus the height of
   * the tree.
   */
  nums(first: number, last: number, kind: typeof ANY | typeof KEPT_ON_EXEC | typeof CLOSED_ON_EXEC): number[] {
    const found: number[] = []
    for (let num = Math.max(first, 0); num <= last && num * this.step < this.low.length; num++) {
      const fd = this.low[num * this.step] as Fd | null
      if (fd !== null && isOfKind(fd, kind)) found.push(num)
    }
    if (this.root !== null) collect(this.root, this.shift, 0, Math.max(first, 0), last, kind, found)
    if (this.odd !== null) {
      for (const [num, { fd }] of this.odd) if (num >= first && num <= last && isOfKind(fd, kind)) found.push(num)
    }
    return found
  }

  /** All numbers in ascending order, except that those kept in the Map come last. */
  all(): number[] {
    return this.nums(Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY, ANY)
  }

  /** The `count` lowest numbers, or all if there are fewer. */
  lowest(count: number): number[] {
    const found = this.nums(0, WIDTH - 1, ANY).slice(0, count)
    if (this.root !== null) collect(this.root, this.shift, 0, WIDTH, Number.POSITIVE_INFINITY, ANY, found, count)
    return found
  }

  private raise(): void {
    const old = this.root
    this.shift += BITS
    if (old === null) return
    const root = new Node(this.generation, false, null)
    root.nodes[0] = old
    mark(root, 0, old.kept !== 0, old.closed !== 0)
    this.root = root
  }

  /**
   * Fast path of `write`. Returns false, without a change, if the tree does not own the leaf or if more must change than the
   * leaf and its parent's masks.
   */
  private writeInPlace(num: number, fd: Fd | null, rank: number): boolean {
    let leaf = this.root
    let parent: Node | null = null
    for (let shift = this.shift; shift > 0 && leaf !== null; shift -= BITS) {
      parent = leaf
      leaf = leaf.nodes[(num >>> shift) & (WIDTH - 1)]!
    }
    if (leaf === null || leaf.generation !== this.generation) return false
    const slot = num & (WIDTH - 1)
    if (slot >= leaf.fds.length) return false
    const bit = 1 << slot
    let kept = leaf.kept & ~bit
    let closed = leaf.closed & ~bit
    if (fd !== null) {
      if ((fd.openFlags & O_CLOEXEC) === 0) kept |= bit
      else closed |= bit
    }
    if (parent !== null && ((kept === 0) !== (leaf.kept === 0) || (closed === 0) !== (leaf.closed === 0))) {
      if (this.shift > BITS) return false
      mark(parent, num >>> BITS, kept !== 0, closed !== 0)
    }
    leaf.kept = kept
    leaf.closed = closed
    leaf.fds[slot] = fd
    leaf.ranks[slot] = rank
    return true
  }

  /** If `fd` is null, removes the descriptor. Returns the replacement for `node`. */
  private write(node: Node | null, shift: number, num: number, fd: Fd | null, rank: number): Node {
    const own = node?.generation === this.generation ? node : new Node(this.generation, shift === 0, node)
    const slot = (num >>> shift) & (WIDTH - 1)
    if (shift > 0) {
      const child = this.write(own.nodes[slot]!, shift - BITS, num, fd, rank)
      own.nodes[slot] = (child.kept | child.closed) === 0 && num >= EMPTY_LEAVES ? null : child
      mark(own, slot, child.kept !== 0, child.closed !== 0)
      return own
    }
    while (own.fds.length <= slot) {
      own.fds.push(null)
      own.ranks.push(0)
    }
    own.fds[slot] = fd
    own.ranks[slot] = rank
    const closes = fd !== null && (fd.openFlags & O_CLOEXEC) !== 0
    mark(own, slot, fd !== null && !closes, closes)
    return own
  }

  private writableOdd(): Map<number, { fd: Fd; rank: number }> {
    if (this.odd === null || this.oddShared) this.odd = new Map(this.odd)
    this.oddShared = false
    return this.odd
  }
}

function isTreeNumber(num: number): boolean {
  return num >= 0 && num <= MAX_NUM
}
