import type { Node } from '../bytecode/tree.ts'

/**
 * Visits the parts of a condition that decide: if such a part alone had the opposite result, so would the whole.
 * @param holds the truth of a part for the event at hand
 */
export function visitDeciding(node: Node, holds: (node: Node) => boolean, see: (node: Node) => void): void {
  see(node)
  if (node.kind === 'not') visitDeciding(node.child, holds, see)
  if (node.kind !== 'and' && node.kind !== 'or') return
  const settling = settlingOf(node.children, node.kind === 'or', holds)
  if (settling === undefined) return
  for (const child of settling.length === 0 ? node.children : settling) visitDeciding(child, holds, see)
}

/** The children that settle a conjunction (by being false) or a disjunction (true): none or one; undefined = several, so none decides. */
function settlingOf(
  children: readonly Node[],
  by: boolean,
  holds: (node: Node) => boolean,
): readonly Node[] | undefined {
  const settling: Node[] = []
  for (const child of children) {
    if (holds(child) !== by) continue
    settling.push(child)
    if (settling.length > 1) return undefined
  }
  return settling
}
