import type { Clause, Node } from '../bytecode/tree.ts'

export const TRUE: Node = { kind: 'const', value: true }
export const FALSE: Node = { kind: 'const', value: false }

/** Replaces clauses by their known truths and simplifies the tree. An unchanged subtree is returned as it is. */
export function fold(node: Node, truth: (clause: Clause) => boolean | undefined): Node {
  switch (node.kind) {
    case 'const':
      return node
    case 'clause': {
      const known = truth(node.clause)
      return known === undefined ? node : known ? TRUE : FALSE
    }
    case 'not': {
      const child = fold(node.child, truth)
      if (child === node.child) return node
      return child.kind === 'const' ? (child.value ? FALSE : TRUE) : { ...node, child }
    }
    case 'and':
    case 'or': {
      const decisive = node.kind === 'or'
      const children: Node[] = []
      let changed = false
      for (const child of node.children) {
        const folded = fold(child, truth)
        if (folded !== child || folded.kind === 'const') changed = true
        if (folded.kind !== 'const') children.push(folded)
        else if (folded.value === decisive) return decisive ? TRUE : FALSE
      }
      if (!changed) return node
      if (children.length === 0) return decisive ? FALSE : TRUE
      return children.length === 1 ? children[0]! : { ...node, children }
    }
  }
}

export type ClauseNode = Extract<Node, { kind: 'clause' }>

/** Every clause of a tree by key, each once, in the order written. */
export function clausesOf(node: Node, into: Map<string, ClauseNode> = new Map()): Map<string, ClauseNode> {
  switch (node.kind) {
    case 'const':
      break
    case 'clause':
      if (!into.has(node.clause.key)) into.set(node.clause.key, node)
      break
    case 'not':
      clausesOf(node.child, into)
      break
    default:
      for (const child of node.children) clausesOf(child, into)
  }
  return into
}
