import { absenceOf, describeClause } from '../bytecode/evaluate-tree.ts'
import type { Node } from '../bytecode/tree.ts'
import type { Condition } from '../condition/ast.ts'
import { printCondition } from '../condition/print.ts'
import type { Value } from '../fields/field.ts'
import { jsonValue } from '../fields/print.ts'
import type { Place } from '../text/span.ts'

/** A node of a rule's condition with its result for an event. Plain data: JSON.stringify prints it, except for a bigint. */
export interface ExplainedNode {
  readonly kind: 'and' | 'or' | 'not' | 'check'
  readonly truth: boolean
  /** Of a check: its canonical text. */
  readonly text?: string
  /** Of a check: the value of its left side as an output prints it; `<NA>` = absent. */
  readonly valueText?: string
  /** The same, typed; null = absent. */
  readonly value?: Value | null
  /** Of a check: why its left side is absent, if the source knows. */
  readonly absence?: string
  /** Of a check: why one of its fields could not be read and is absent. */
  readonly error?: string
  /** The node has the same truth for every event. */
  readonly constant?: true
  /** The macro whose body the node is. */
  readonly macro?: string
  /** Where it was written. */
  readonly place?: Place
  readonly children?: readonly ExplainedNode[]
}

/** The smallest set of checks whose opposite result would make the rule match. */
export interface NearestMiss {
  readonly changes: readonly ExplainedNode[]
}

export interface Explanation {
  readonly rule: string
  readonly source: string
  /** The condition holds. */
  readonly matches: boolean
  /** The rule raises an alert: the condition holds, the rule is enabled, and with rule_matching `first` no earlier rule matches. */
  readonly alerts: boolean
  /** Why there is no alert. */
  readonly stoppedBy?:
    | { readonly kind: 'disabled' }
    | { readonly kind: 'priority' }
    | { readonly kind: 'earlier rule'; readonly rule: string }
    | { readonly kind: 'exception'; readonly exception: string; readonly place: Place }
    | { readonly kind: 'condition' }
  readonly condition: ExplainedNode
  /** Only when the condition does not hold. */
  readonly nearestMiss?: NearestMiss
}

/** Evaluates every node of a tree, including nodes that short-circuit evaluation would skip. */
export function explainNode(node: Node, event: unknown): ExplainedNode {
  const { written } = node
  const common = {
    ...(written?.macro === undefined ? {} : { macro: written.macro }),
    ...(written?.place === undefined ? {} : { place: written.place }),
  }
  switch (node.kind) {
    case 'const':
      return { kind: 'check', truth: node.value, text: textOf(written, node.value), constant: true, ...common }
    case 'clause': {
      const { truth, left, leftText, failure } = describeClause(node.clause, event)
      const { type, list } = node.clause.left
      const print = node.clause.left.kind === 'field' ? node.clause.left.field.print : undefined
      const value = jsonValue(left, { type, list, print })
      const text = written ? textOf(written, truth) : node.clause.key
      const error = failure && { error: `${failure.field} could not be read: ${String(failure.error)}` }
      const why = left === undefined && !failure ? absenceOf(node.clause.left, event) : undefined
      const absence = why === undefined ? {} : { absence: why }
      return { kind: 'check', truth, text, valueText: leftText, value, ...absence, ...error, ...common }
    }
    case 'not': {
      const child = explainNode(node.child, event)
      return { kind: 'not', truth: !child.truth, ...common, children: [child] }
    }
    default: {
      const children = node.children.map(child => explainNode(child, event))
      const truth = node.kind === 'and' ? children.every(c => c.truth) : children.some(c => c.truth)
      return { kind: node.kind, truth, ...common, children }
    }
  }
}

function textOf(written: Condition | undefined, truth: boolean): string {
  return written === undefined ? String(truth) : printCondition(written)
}

/** All checks of a condition, in the order written. */
export function checksOf(node: ExplainedNode): ExplainedNode[] {
  return node.kind === 'check' ? [node] : (node.children ?? []).flatMap(checksOf)
}

/** The smallest set of checks to negate so that `node` becomes `wanted`; undefined when a constant prevents it. */
export function nearestMiss(node: ExplainedNode, wanted = true): readonly ExplainedNode[] | undefined {
  if (node.truth === wanted) return []
  if (node.kind === 'check') return node.constant ? undefined : [node]
  const children = node.children ?? []
  if (node.kind === 'not') return nearestMiss(children[0]!, !wanted)
  const options = children.map(child => nearestMiss(child, wanted))
  if ((node.kind === 'and') === wanted) {
    // All children must become `wanted`. Equal checks have the same result.
    const all = new Map<string, ExplainedNode>()
    for (const option of options) {
      if (option === undefined) return undefined
      for (const check of option) all.set(check.text!, check)
    }
    return [...all.values()]
  }
  let best: readonly ExplainedNode[] | undefined
  for (const option of options) if (option && (best === undefined || option.length < best.length)) best = option
  return best
}
