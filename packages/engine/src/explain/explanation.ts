import { describeClause } from '../bytecode/evaluate-tree.ts'
import type { Node } from '../bytecode/tree.ts'
import type { Condition } from '../condition/ast.ts'
import { printCondition } from '../condition/print.ts'
import type { Value } from '../fields/field.ts'
import { jsonValue } from '../fields/print.ts'
import type { Place } from '../text/span.ts'

/** A node of a rule's condition with what an event made of it. Plain data: JSON.stringify prints it (a bigint apart). */
export interface ExplainedNode {
  readonly kind: 'and' | 'or' | 'not' | 'check'
  readonly truth: boolean
  /** The check as canonical text; of the others, nothing. */
  readonly text?: string
  /** Of a check: what its left side was, as an output prints it; `<NA>` = absent. */
  readonly valueText?: string
  /** The same, typed; null = absent. */
  readonly value?: Value | null
  /** Of a check: why a field of it could not be read and therefore is absent. */
  readonly error?: string
  /** Whether it was evaluated for this event, or has the same truth for all. */
  readonly constant?: true
  /** The macro that the node is the body of. */
  readonly macro?: string
  /** Where it was written. */
  readonly place?: Place
  readonly children?: readonly ExplainedNode[]
}

/** The fewest checks that would have to turn out otherwise for the rule to match. */
export interface NearestMiss {
  readonly changes: readonly ExplainedNode[]
}

export interface Explanation {
  readonly rule: string
  readonly source: string
  /** The condition holds. */
  readonly matches: boolean
  /** An alert was given: it holds, the rule is enabled and no earlier rule took the event. */
  readonly alerts: boolean
  /** Why there was no alert although (or besides that) the condition holds. */
  readonly stoppedBy?:
    | { readonly kind: 'disabled' }
    | { readonly kind: 'priority' }
    | { readonly kind: 'earlier rule'; readonly rule: string }
    | { readonly kind: 'exception'; readonly exception: string; readonly place: Place }
    | { readonly kind: 'condition' }
  readonly condition: ExplainedNode
  /** When the condition does not hold. */
  readonly nearestMiss?: NearestMiss
}

/** Evaluates every node of a tree, also those that evaluation would not reach. */
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
      return { kind: 'check', truth, text, valueText: leftText, value, ...error, ...common }
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

/** The fewest checks to turn so that `node` becomes `wanted`; undefined when only constants stand in the way. */
export function nearestMiss(node: ExplainedNode, wanted = true): readonly ExplainedNode[] | undefined {
  if (node.truth === wanted) return []
  if (node.kind === 'check') return node.constant ? undefined : [node]
  const children = node.children ?? []
  if (node.kind === 'not') return nearestMiss(children[0]!, !wanted)
  const options = children.map(child => nearestMiss(child, wanted))
  if ((node.kind === 'and') === wanted) {
    // All children must come out as wanted; equal checks turn together.
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
