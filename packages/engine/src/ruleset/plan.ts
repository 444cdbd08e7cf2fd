import type { Node } from '../bytecode/tree.ts'
import type { EventTypes } from '../fields/field.ts'
import { EventTypeAnalysis } from './event-types.ts'
import { type ClauseNode, clausesOf, fold } from './fold.ts'
import { split } from './split.ts'

/** What one group of event types has to run: the rules that can match them, cut into the parts that can be kept. */
export interface BucketPlan {
  /** Which rules, by their position in the ruleset, in order. Everything below goes by position in this list. */
  readonly rules: readonly number[]
  /** The parts per scope, the scope with the most parts first. */
  readonly scopes: readonly ScopePlan[]
  /** What is left of each rule after the parts: a root, -1 when nothing is left. */
  readonly rest: readonly number[]
  /** The nodes that the numbers above speak of. */
  readonly roots: readonly Node[]
}

export interface ScopePlan {
  readonly scope: string
  /** The part of each rule that belongs to the scope: a root, -1 for none. */
  readonly parts: readonly number[]
}

/** Buckets, and which of them each event type has: -1 for none. Without event types there is one bucket for every event. */
export interface RulesetPlan {
  readonly buckets: readonly BucketPlan[]
  readonly bucketOf: Int32Array | 0
}

/**
 * Groups event types in which all rules are the same after putting in place what the type decides, and plans a bucket
 * for each group.
 * @param scopes the scopes that have objects to keep results on
 * @param indexed false: the slow twin, one bucket of all rules with nothing decided and nothing split
 */
export function planRuleset(
  conditions: readonly Node[],
  types: EventTypes | undefined,
  scopes: ReadonlySet<string>,
  indexed: boolean,
): RulesetPlan {
  if (types === undefined || !indexed) {
    return { buckets: [planBucket(conditions, indexed ? scopes : new Set())], bucketOf: 0 }
  }
  const analysis = new EventTypeAnalysis(types)
  const clauses: Map<string, ClauseNode> = new Map()
  for (const condition of conditions) clausesOf(condition, clauses)
  const deciding = [...clauses.values()]
    .filter(node => node.written !== undefined && analysis.decides(node.written))
    .map(node => ({ key: node.clause.key, possible: analysis.possible(node.written!) }))

  const buckets: BucketPlan[] = []
  const groups = new Map<string, number>()
  const bucketOf = new Int32Array(analysis.limit).fill(-1)
  for (const type of types.all) {
    const verdicts = deciding.map(({ possible }) =>
      possible.true.has(type) ? (possible.false.has(type) ? '?' : '1') : '0',
    )
    const group = verdicts.join('')
    let index = groups.get(group)
    if (index === undefined) {
      const known = new Map<string, boolean>()
      verdicts.forEach((verdict, i) => {
        if (verdict !== '?') known.set(deciding[i]!.key, verdict === '1')
      })
      const bucket = planBucket(
        conditions.map(condition => fold(condition, clause => known.get(clause.key))),
        scopes,
      )
      index = bucket.rules.length === 0 ? -1 : buckets.push(bucket) - 1
      groups.set(group, index)
    }
    bucketOf[type] = index
  }
  return { buckets, bucketOf }
}

function planBucket(conditions: readonly Node[], scopes: ReadonlySet<string>): BucketPlan {
  const roots: Node[] = []
  const rootOf = new Map<Node, number>()
  const root = (node: Node): number => {
    if (node.kind === 'const' && node.value) return -1
    let index = rootOf.get(node)
    if (index === undefined) rootOf.set(node, (index = roots.push(node) - 1))
    return index
  }
  const rules: number[] = []
  const rest: number[] = []
  const parts = new Map<string, number[]>()
  conditions.forEach((condition, rule) => {
    if (condition.kind === 'const' && !condition.value) return
    const at = rules.push(rule) - 1
    const cut = split(condition, scope => scopes.has(scope))
    for (const [scope, node] of cut.parts) {
      if (!parts.has(scope)) parts.set(scope, [])
      const list = parts.get(scope)!
      while (list.length < at) list.push(-1)
      list.push(root(node))
    }
    rest.push(root(cut.rest))
  })
  const planned = [...parts].map(([scope, list]) => {
    while (list.length < rules.length) list.push(-1)
    return { scope, parts: list }
  })
  const count = (plan: ScopePlan) => plan.parts.reduce((n, part) => (part < 0 ? n : n + 1), 0)
  planned.sort((a, b) => count(b) - count(a))
  return { rules, scopes: planned, rest, roots }
}
