import type { Clause, Node } from '../bytecode/tree.ts'
import type { EarlyFields } from '../fields/field.ts'
import { FALSE, TRUE } from './fold.ts'

/**
 * A condition that holds wherever one of the given ones does, and perhaps elsewhere: it reads nothing but fields whose values are
 * known early. A check of anything else counts as true where that lets more events through, below a `not` as false.
 */
export function sieveOf(conditions: readonly Node[], early: EarlyFields): Node {
  const bounds = new Map<Node, readonly [upper: Node, lower: Node]>()
  const bound = (node: Node): readonly [upper: Node, lower: Node] => {
    let known = bounds.get(node)
    if (!known) bounds.set(node, (known = boundsOf(node)))
    return known
  }
  const boundsOf = (node: Node): readonly [upper: Node, lower: Node] => {
    switch (node.kind) {
      case 'const':
        return [node, node]
      case 'clause':
        return boundsOfClause(node, early)
      case 'not': {
        const [upper, lower] = bound(node.child)
        return [negated(lower), negated(upper)]
      }
      default: {
        const children = node.children.map(bound)
        const side = (i: 0 | 1) =>
          joined(
            node.kind,
            children.map(pair => pair[i]),
          )
        return [side(0), side(1)]
      }
    }
  }
  return joined(
    'or',
    conditions.map(condition => bound(condition)[0]),
  )
}

function boundsOfClause(node: Extract<Node, { kind: 'clause' }>, early: EarlyFields): readonly [Node, Node] {
  const { clause } = node
  if (clause.fields.every(({ name, argText }) => early.reads(name, argText))) return [node, node]
  const decided = decidedBy(clause, early)
  return decided === undefined ? [TRUE, FALSE] : decided ? [TRUE, TRUE] : [FALSE, FALSE]
}

function decidedBy({ left, op, modifier, values, right }: Clause, early: EarlyFields): boolean | undefined {
  if (left.kind !== 'field' || modifier !== undefined || right !== undefined) return undefined
  return early.decides?.(left.field.name, op, values)
}

function negated(node: Node): Node {
  return node.kind === 'const' ? (node.value ? FALSE : TRUE) : { kind: 'not', child: node }
}

function joined(kind: 'and' | 'or', children: readonly Node[]): Node {
  const decisive = kind === 'or'
  const rest: Node[] = []
  for (const child of children) {
    if (child.kind !== 'const') rest.push(child)
    else if (child.value === decisive) return decisive ? TRUE : FALSE
  }
  if (rest.length === 0) return decisive ? FALSE : TRUE
  return rest.length === 1 ? rest[0]! : { kind, children: rest }
}
