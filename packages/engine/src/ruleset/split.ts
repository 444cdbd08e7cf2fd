import type { Node } from '../bytecode/tree.ts'
import type { ResolvedField } from '../fields/table.ts'
import { TYPES } from '../fields/types.ts'
import { TRUE } from './fold.ts'

/** A condition as a conjunction of one part per scope, one part per key field, and the rest. */
export interface Split {
  /** By scope: the part whose truth belongs to that scope's object. */
  readonly parts: ReadonlyMap<string, Node>
  /** By field as written: the part that only compares this field with constants. */
  readonly keyed: ReadonlyMap<string, Node>
  /** The rest; the constant true when there is none. */
  readonly rest: Node
}

/**
 * Groups the conjuncts of a condition, in the order written.
 * @param memoised the scopes whose objects keep results
 * @param isKey whether the part of a field is looked up by value
 */
export function split(node: Node, memoised: ReadonlySet<string>, isKey: (field: string) => boolean): Split {
  const parts = new Map<string, Node[]>()
  const keyed = new Map<string, Node[]>()
  const rest: Node[] = []
  const add = (groups: Map<string, Node[]>, name: string, conjunct: Node) => {
    if (groups.has(name)) groups.get(name)!.push(conjunct)
    else groups.set(name, [conjunct])
  }
  for (const conjunct of conjuncts(node)) {
    const scope = scopeOf(conjunct)
    const field = keyOf(conjunct)?.text
    if (scope !== undefined && scope !== MIXED && memoised.has(scope)) add(parts, scope, conjunct)
    else if (field !== undefined && isKey(field)) add(keyed, field, conjunct)
    else rest.push(conjunct)
  }
  const joined = (groups: Map<string, Node[]>) => new Map([...groups].map(([name, nodes]) => [name, all(nodes)]))
  return { parts: joined(parts), keyed: joined(keyed), rest: all(rest) }
}

/** The fields whose value alone decides a conjunct of the condition, each once. */
export function keysOf(node: Node): ReadonlyMap<string, ResolvedField> {
  const keys = new Map<string, ResolvedField>()
  for (const conjunct of conjuncts(node)) {
    const field = keyOf(conjunct)
    if (field) keys.set(field.text, field)
  }
  return keys
}

/** The field of the event that decides a tree by equality with constants, if there is just one. */
export function keyOf(node: Node): ResolvedField | undefined {
  switch (node.kind) {
    case 'const':
      return undefined
    case 'clause': {
      const { left, op, modifier, right, scope } = node.clause
      const compares = op === '=' || op === '!=' || op === 'in' || op === 'exists'
      if (!compares || modifier !== undefined || right !== undefined || scope !== MIXED) return undefined
      if (left.kind !== 'field' || left.list || left.anyOf) return undefined
      const { kind } = TYPES[left.type]
      return kind === 'text' || kind === 'bool' ? left.field : undefined
    }
    case 'not':
      return keyOf(node.child)
    default: {
      const first = keyOf(node.children[0]!)
      return node.children.every(child => keyOf(child) === first) ? first : undefined
    }
  }
}

const MIXED = 'event'

export function all(nodes: readonly Node[]): Node {
  return nodes.length === 0 ? TRUE : nodes.length === 1 ? nodes[0]! : { kind: 'and', children: nodes }
}

/** The conjuncts of a condition. `not (a or b)`, the form of exceptions, counts as `not a` and `not b`. */
export function conjuncts(node: Node): Node[] {
  if (node.kind === 'and') return node.children.flatMap(conjuncts)
  if (node.kind === 'not') {
    if (node.child.kind === 'not') return conjuncts(node.child.child)
    if (node.child.kind === 'or')
      return node.child.children.flatMap(child => conjuncts({ kind: 'not', child, written: node.written }))
  }
  return node.kind === 'const' && node.value ? [] : [node]
}

/** The scope of all clauses; `event` when they differ, undefined for a constant. */
export function scopeOf(node: Node): string | undefined {
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
