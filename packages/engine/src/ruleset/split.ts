import type { Node } from '../bytecode/tree.ts'
import { TRUE } from './fold.ts'

/** A condition as a conjunction: one part per scope whose truth belongs to that scope's object, and the rest. */
export interface Split {
  /** By scope; a scope that the condition does not ask has no entry. */
  readonly parts: ReadonlyMap<string, Node>
  /** What no scope's object decides alone; constant true when nothing is left. */
  readonly rest: Node
}

/**
 * Groups the conjuncts of a condition by scope, in the order written. `memoised` says which scopes have objects that
 * keep results; a conjunct of another scope or of several goes to the rest.
 */
export function split(node: Node, memoised: (scope: string) => boolean): Split {
  const groups = new Map<string, Node[]>()
  const rest: Node[] = []
  for (const conjunct of conjuncts(node)) {
    const scope = scopeOf(conjunct)
    if (scope === undefined || scope === MIXED || !memoised(scope)) rest.push(conjunct)
    else if (groups.has(scope)) groups.get(scope)!.push(conjunct)
    else groups.set(scope, [conjunct])
  }
  const parts = new Map<string, Node>()
  for (const [scope, nodes] of groups) parts.set(scope, all(nodes))
  return { parts, rest: all(rest) }
}

const MIXED = 'event'

function all(nodes: readonly Node[]): Node {
  return nodes.length === 0 ? TRUE : nodes.length === 1 ? nodes[0]! : { kind: 'and', children: nodes }
}

/** The conjuncts of a condition; `not (a or b)` is `not a` and `not b`, which is how rules write their exceptions. */
function conjuncts(node: Node): Node[] {
  if (node.kind === 'and') return node.children.flatMap(conjuncts)
  if (node.kind === 'not') {
    if (node.child.kind === 'not') return conjuncts(node.child.child)
    if (node.child.kind === 'or')
      return node.child.children.flatMap(child => conjuncts({ kind: 'not', child, written: node.written }))
  }
  return node.kind === 'const' && node.value ? [] : [node]
}

/** The scope that all clauses share, `event` when they differ, undefined for a constant. */
function scopeOf(node: Node): string | undefined {
  switch (node.kind) {
    case 'const':
      return undefined
    case 'clause':
      return node.clause.scope
    case 'not':
      return scopeOf(node.child)
    default: {
      let scope: string | undefined
      for (const child of node.children) {
        const own = scopeOf(child)
        if (own === undefined) continue
        if (scope !== undefined && own !== scope) return MIXED
        scope = own
      }
      return scope
    }
  }
}
