import { FD_SHARED, type Fd, O_CLOEXEC } from './fd.ts'

const BITS = 5
const WIDTH = 1 << BITS
/** Higher and negative numbers go to a Map; they occur only in broken captures and for failed calls. */
const MAX_NUM = 2 ** 30 - 1

/** Leaves below this number are kept when empty, because the next descriptor will likely go there. */
const EMPTY_LEAVES = WIDTH * WIDTH

const NO_NODES: (Node | null)[] = []
const NO_RANKS: number[] = []

/** Generation ids: they determine which tree may write to a node or a descriptor. */
let generations = 0

/** Which descriptors to look for: see FdTree.nums. */
export const ANY = 0
export const KEPT_ON_EXEC = 1
export const CLOSED_ON_EXEC = 2

/** Thirty-two slots: descriptors in a leaf, child nodes higher up. Bit n of a mask describes slot n and everything below it. */
class Node {
  generation: number
  /** Not empty. */
  used = 0
  /** Slots with a descriptor that execve keeps; that execve closes. */
  kept = 0
  closed = 0
  readonly nodes: (Node | null)[]
  readonly fds: (Fd | null)[]
  readonly ranks: number[]

  constructor(generation: number, leaf: boolean, from: Node | null) {
    this.generation = generation
    if (from !== null) {
      this.used = from.used
      this.kept = from.kept
      this.closed = from.closed
    }
    this.nodes = leaf ? NO_NODES : from === null ? new Array(WIDTH).fill(null) : from.nodes.slice()
    this.fds = leaf && from !== null ? from.fds.slice() : []
    this.ranks = leaf ? (from === null ? [] : from.ranks.slice()) : NO_RANKS
  }
}

/**
 * Descriptors by number, each with a rank assigned by the owner: a radix tree whose nodes are shared between forked
 * processes until one of them writes. A fork takes constant time. A look-up takes one step for
 * numbers below 32, and one more for each further five bits. Descriptors in a range, or those that execve closes,
 * are found without visiting the others.
 */
export class FdTree {
  #generation = ++generations
  #root: Node | null = null
  #shift = 0
  #odd: Map<number, { fd: Fd; rank: number }> | null = null
  #oddShared = false

  get(num: number): Fd | null {
    if (!isTreeNumber(num)) return this.#odd?.get(num)?.fd ?? null
    if (num >>> this.#shift >= WIDTH) return null
    let node = this.#root
    for (let shift = this.#shift; shift > 0 && node !== null; shift -= BITS)
      node = node.nodes[(num >>> shift) & (WIDTH - 1)]!
    if (node === null) return null
    const slot = num & (WIDTH - 1)
    return slot < node.fds.length ? node.fds[slot]! : null
  }

  /** The rank of a descriptor, which must exist. */
  rankOf(num: number): number {
    if (!isTreeNumber(num)) return this.#odd!.get(num)!.rank
    let node = this.#root!
    for (let shift = this.#shift; shift > 0; shift -= BITS) node = node.nodes[(num >>> shift) & (WIDTH - 1)]!
    return node.ranks[num & (WIDTH - 1)]!
  }

  /** Inserts or replaces a descriptor. */
  put(num: number, fd: Fd, rank: number): void {
    this.claim(fd)
    this.#place(num, fd, rank)
  }

  /** Changes only the rank; the descriptor's owner stays the same. */
  setRank(num: number, rank: number): void {
    this.#place(num, this.get(num)!, rank)
  }

  #place(num: number, fd: Fd, rank: number): void {
    if (!isTreeNumber(num)) {
      this.#writableOdd().set(num, { fd, rank })
      return
    }
    while (num >>> this.#shift >= WIDTH) this.#raise()
    if (!this.#writeInPlace(num, fd, rank)) this.#root = this.#write(this.#root, this.#shift, num, fd, rank)
  }

  /** Makes this tree the owner of the descriptor, unless it is FD_SHARED. */
  claim(fd: Fd): void {
    if ((fd.flags & FD_SHARED) === 0) fd.generation = this.#generation
  }

  delete(num: number): void {
    if (!isTreeNumber(num)) this.#writableOdd().delete(num)
    else if (!this.#writeInPlace(num, null, 0)) this.#root = this.#write(this.#root, this.#shift, num, null, 0)
  }

  /** True if this tree alone owns the descriptor, so that it may be modified in place. */
  owns(fd: Fd): boolean {
    return (fd.flags & FD_SHARED) === 0 && fd.generation === this.#generation
  }

  /** Returns a tree with the same descriptors, which neither tree owns from then on. */
  fork(): FdTree {
    const tree = new FdTree()
    this.#generation = ++generations
    tree.#root = this.#root
    tree.#shift = this.#shift
    tree.#odd = this.#odd
    tree.#oddShared = this.#oddShared = this.#odd !== null
    return tree
  }

  /**
   * Numbers from `first` to `last`, in ascending order. Time is proportional to the size of the result plus the height of
   * the tree.
   */
  nums(first: number, last: number, kind: typeof ANY | typeof KEPT_ON_EXEC | typeof CLOSED_ON_EXEC): number[] {
    const found: number[] = []
    if (this.#root !== null) collect(this.#root, this.#shift, 0, Math.max(first, 0), last, kind, found)
    if (this.#odd !== null) {
      for (const [num, { fd }] of this.#odd) if (num >= first && num <= last && isOfKind(fd, kind)) found.push(num)
    }
    return found
  }

  /** All numbers in ascending order, except that those kept in the Map come last. */
  all(): number[] {
    return this.nums(Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY, ANY)
  }

  /** The `count` lowest numbers, or all if there are fewer. */
  lowest(count: number): number[] {
    const found: number[] = []
    if (this.#root !== null) collect(this.#root, this.#shift, 0, 0, Number.POSITIVE_INFINITY, ANY, found, count)
    return found
  }

  #raise(): void {
    const old = this.#root
    this.#shift += BITS
    if (old === null) return
    const root = new Node(this.#generation, false, null)
    root.nodes[0] = old
    sumUp(root, 0, old)
    this.#root = root
  }

  /**
   * Fast path of `#write`: the tree owns the nodes, and everything above the leaf's parent stays unchanged. Returns false if
   * that is not the case.
   */
  #writeInPlace(num: number, fd: Fd | null, rank: number): boolean {
    const generation = this.#generation
    let node = this.#root
    let parent: Node | null = null
    for (let shift = this.#shift; shift > 0; shift -= BITS) {
      if (node === null || node.generation !== generation) return false
      parent = node
      node = node.nodes[(num >>> shift) & (WIDTH - 1)]!
    }
    const slot = num & (WIDTH - 1)
    if (node === null || node.generation !== generation || slot >= node.fds.length) return false
    writeSlot(node, slot, fd, rank)
    if (parent === null) return true
    const { used, kept, closed } = parent
    sumUp(parent, (num >>> BITS) & (WIDTH - 1), node)
    if (this.#shift === BITS) return true
    if (node.used === 0 && num >= EMPTY_LEAVES) return false
    return (
      (used === 0) === (parent.used === 0) &&
      (kept === 0) === (parent.kept === 0) &&
      (closed === 0) === (parent.closed === 0)
    )
  }

  /** If `fd` is null, removes the descriptor. Returns the replacement for `node`. */
  #write(node: Node | null, shift: number, num: number, fd: Fd | null, rank: number): Node {
    const own = node?.generation === this.#generation ? node : new Node(this.#generation, shift === 0, node)
    const slot = (num >>> shift) & (WIDTH - 1)
    if (shift > 0) {
      const child = this.#write(own.nodes[slot]!, shift - BITS, num, fd, rank)
      own.nodes[slot] = child.used === 0 && num >= EMPTY_LEAVES ? null : child
      sumUp(own, slot, child)
      return own
    }
    while (own.fds.length <= slot) {
      own.fds.push(null)
      own.ranks.push(0)
    }
    writeSlot(own, slot, fd, rank)
    return own
  }

  #writableOdd(): Map<number, { fd: Fd; rank: number }> {
    if (this.#odd === null || this.#oddShared) this.#odd = new Map(this.#odd)
    this.#oddShared = false
    return this.#odd
  }
}

function writeSlot(leaf: Node, slot: number, fd: Fd | null, rank: number): void {
  const bit = 1 << slot
  leaf.fds[slot] = fd
  leaf.ranks[slot] = rank
  leaf.used &= ~bit
  leaf.kept &= ~bit
  leaf.closed &= ~bit
  if (fd === null) return
  leaf.used |= bit
  if ((fd.openFlags & O_CLOEXEC) === 0) leaf.kept |= bit
  else leaf.closed |= bit
}

function isTreeNumber(num: number): boolean {
  return num >= 0 && num <= MAX_NUM
}

function sumUp(node: Node, slot: number, child: Node): void {
  const bit = 1 << slot
  node.used = child.used !== 0 ? node.used | bit : node.used & ~bit
  node.kept = child.kept !== 0 ? node.kept | bit : node.kept & ~bit
  node.closed = child.closed !== 0 ? node.closed | bit : node.closed & ~bit
}

export function isOfKind(fd: Fd, kind: number): boolean {
  return kind === ANY || ((fd.openFlags & O_CLOEXEC) !== 0) === (kind === CLOSED_ON_EXEC)
}

function collect(
  node: Node,
  shift: number,
  base: number,
  first: number,
  last: number,
  kind: number,
  found: number[],
  limit = Number.POSITIVE_INFINITY,
): void {
  let mask = kind === ANY ? node.used : kind === KEPT_ON_EXEC ? node.kept : node.closed
  while (mask !== 0) {
    const slot = 31 - Math.clz32(mask & -mask)
    mask &= mask - 1
    const from = base + slot * 2 ** shift
    if (from > last || found.length >= limit) return
    if (from + 2 ** shift - 1 < first) continue
    if (shift === 0) found.push(from)
    else collect(node.nodes[slot]!, shift - BITS, from, first, last, kind, found, limit)
  }
}
