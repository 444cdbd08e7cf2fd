/** Nodes of the radix tree of descriptors: see FdTree. */
import { type Fd, O_CLOEXEC } from './fd.ts'

export const BITS = 5
export const WIDTH = 1 << BITS

const NO_NODES: (Node | null)[] = []
const NO_RANKS: number[] = []

/** Which descriptors to look for: see FdTree.nums. */
export const ANY = 0
export const KEPT_ON_EXEC = 1
export const CLOSED_ON_EXEC = 2

/** Thirty-two slots: descriptors in a leaf, child nodes higher up. Bit n of a mask describes slot n and everything below it. */
export class Node {
  /** The tree of this generation owns the node, and with it all nodes above. */
  generation: number
  /** Slots with a descriptor that execve keeps; that execve closes. A slot in neither mask is empty. */
  kept = 0
  closed = 0
  readonly nodes: (Node | null)[]
  readonly fds: (Fd | null)[]
  readonly ranks: number[]

  constructor(generation: number, leaf: boolean, from: Node | null) {
    this.generation = generation
    if (from !== null) {
      this.kept = from.kept
      this.closed = from.closed
    }
    this.nodes = leaf ? NO_NODES : from === null ? new Array(WIDTH).fill(null) : from.nodes.slice()
    this.fds = leaf && from !== null ? from.fds.slice() : []
    this.ranks = leaf ? (from === null ? [] : from.ranks.slice()) : NO_RANKS
  }
}

export function mark(node: Node, slot: number, kept: boolean, closed: boolean): void {
  const bit = 1 << slot
  node.kept = kept ? node.kept | bit : node.kept & ~bit
  node.closed = closed ? node.closed | bit : node.closed & ~bit
}

export function isOfKind(fd: Fd, kind: number): boolean {
  return kind === ANY || ((fd.openFlags & O_CLOEXEC) !== 0) === (kind === CLOSED_ON_EXEC)
}

export function collect(
  node: Node,
  shift: number,
  base: number,
  first: number,
  last: number,
  kind: number,
  found: number[],
  limit = Number.POSITIVE_INFINITY,
): void {
  let mask = kind === ANY ? node.kept | node.closed : kind === KEPT_ON_EXEC ? node.kept : node.closed
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
