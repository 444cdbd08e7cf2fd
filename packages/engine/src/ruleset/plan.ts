import type { Node } from '../bytecode/tree.ts'
import type { EventTypes } from '../fields/field.ts'
import type { ResolvedField } from '../fields/table.ts'
import { EventTypeAnalysis } from './event-types.ts'
import { divideAlike } from './exceptions.ts'
import { type ClauseNode, clausesOf, fold } from './fold.ts'
import { type Need, planNeeds } from './needs.ts'
import { TreeNumbers } from './numbers.ts'
import { keysOf, split } from './split.ts'

/** What runs for one group of event types: the rules that can match them, split into parts that can be kept. */
export interface BucketPlan {
  /**
   * Distinct conditions: for each the rules that have it, by their position in the ruleset, in order. Conditions are in the order of
   * their first rules, and everything below is by position in this list. Two conditions of one rule never hold together.
   */
  readonly rules: readonly (readonly number[])[]
  /** The parts per scope, the scope with the most parts first. */
  readonly scopes: readonly ScopePlan[]
  /** Fields of the event that many rules compare with constants. */
  readonly keys: readonly KeyPlan[]
  /** What remains of each condition besides the parts: a root, -1 for nothing. */
  readonly rest: readonly number[]
  /** The nodes that the numbers above refer to. */
  readonly roots: readonly Node[]
  /** Per root, how it is found by the value of a field; null: it is tested in any case. Empty when all are. */
  readonly needs: readonly (Need | null)[]
}

export interface ScopePlan {
  readonly scope: string
  /** The part of each condition that belongs to the scope: a root, -1 for none. */
  readonly parts: readonly number[]
}

/** A value of a key field: a text, or the truth of a bool field. */
export type KeyValue = string | boolean

/** Which conditions the values of one field allow. */
export interface KeyPlan {
  readonly field: readonly [name: string, arg: string | null]
  /** The part of each condition that the field decides: a root, -1 for none. */
  readonly parts: readonly number[]
  /** The conditions allowed by a value that none of them names, among them every condition without a part. */
  readonly other: readonly number[]
  /** The conditions allowed when the field is absent. */
  readonly absent: readonly number[]
  /** Per value that conditions name: those whose truth differs from that in `other`. */
  readonly values: readonly (readonly [value: KeyValue, conditions: readonly number[]])[]
}

/** Buckets, and the bucket of each event type, -1 for none. Without event types there is one bucket for all events. */
export interface RulesetPlan {
  readonly buckets: readonly BucketPlan[]
  readonly bucketOf: Int32Array | 0
}

/**
 * Groups event types for which all rules are equal once what the type decides is folded, and plans a bucket for each group.
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
    const bucket = indexed
      ? planBucket(conditions, scopes, new TreeNumbers())
      : planBucket(conditions, new Set(), undefined)
    return { buckets: [bucket], bucketOf: 0 }
  }
  const numbers = new TreeNumbers()
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
        numbers,
      )
      index = bucket.rules.length === 0 ? -1 : buckets.push(bucket) - 1
      groups.set(group, index)
    }
    bucketOf[type] = index
  }
  return { buckets, bucketOf }
}

/** A field becomes a key of a bucket when this many conditions compare its value. Fewer are tested as fast one by one. */
const MANY = 6

/** @param numbers undefined: the slow twin, which tests every rule on its own and indexes none */
function planBucket(
  conditions: readonly Node[],
  scopes: ReadonlySet<string>,
  numbers: TreeNumbers | undefined,
): BucketPlan {
  const roots: Node[] = []
  const rootOf = new Map<Node | number, number>()
  const root = (node: Node): number => {
    if (node.kind === 'const' && node.value) return -1
    const key = numbers?.of(node) ?? node
    let index = rootOf.get(key)
    if (index === undefined) rootOf.set(key, (index = roots.push(node) - 1))
    return index
  }
  const distinct = new Map<number, { readonly node: Node; readonly rules: number[] }>()
  for (const [rule, node] of conditions.entries()) {
    if (node.kind === 'const' && !node.value) continue
    const key = numbers?.of(node) ?? rule
    if (distinct.has(key)) distinct.get(key)!.rules.push(rule)
    else distinct.set(key, { node, rules: [rule] })
  }
  const possible = numbers ? divideAlike([...distinct.values()], scopes, numbers) : [...distinct.values()]
  const keys = numbers ? keyFields(possible.map(({ node }) => node)) : new Map<string, ResolvedField>()
  const rest: number[] = []
  const parts = new Map<string, number[]>()
  const keyParts = new Map<string, (Node | undefined)[]>()
  const none = (count: number) => Array.from({ length: count }, () => -1)
  possible.forEach(({ node: condition }, at) => {
    const cut = split(condition, scopes, field => keys.has(field))
    for (const [scope, node] of cut.parts) {
      if (!parts.has(scope)) parts.set(scope, none(possible.length))
      parts.get(scope)![at] = root(node)
    }
    for (const [field, node] of cut.keyed) {
      if (!keyParts.has(field)) keyParts.set(field, new Array(possible.length).fill(undefined))
      keyParts.get(field)![at] = node
    }
    rest.push(root(cut.rest))
  })
  const count = (plan: { readonly parts: readonly number[] }) =>
    plan.parts.reduce((n, part) => (part < 0 ? n : n + 1), 0)
  const byCount = (a: { parts: readonly number[] }, b: { parts: readonly number[] }) => count(b) - count(a)
  return {
    rules: possible.map(({ rules }) => rules),
    scopes: [...parts].map(([scope, list]) => ({ scope, parts: list })).sort(byCount),
    keys: [...keyParts].map(([field, nodes]) => planKey(keys.get(field)!, nodes, root)).sort(byCount),
    rest,
    roots,
    needs: numbers ? planNeeds(roots) : [],
  }
}

function keyFields(conditions: readonly Node[]): Map<string, ResolvedField> {
  const counts = new Map<ResolvedField, number>()
  for (const condition of conditions)
    for (const field of keysOf(condition).values()) counts.set(field, (counts.get(field) ?? 0) + 1)
  const many = [...counts].filter(([, uses]) => uses >= MANY)
  return new Map(many.map(([field]) => [field.text, field]))
}

/** Computes for which values of a field each condition's part holds. */
function planKey(field: ResolvedField, nodes: readonly (Node | undefined)[], root: (node: Node) => number): KeyPlan {
  const other: number[] = []
  const absent: number[] = []
  const toggled = new Map<KeyValue, number[]>()
  nodes.forEach((node, at) => {
    const unnamed = node === undefined || holdsFor(node, UNNAMED)
    if (unnamed) other.push(at)
    if (node === undefined || holdsFor(node, undefined)) absent.push(at)
    const values = new Set(
      [...(node ? clausesOf(node).values() : [])].flatMap(({ clause }) => clause.values as KeyValue[]),
    )
    for (const value of values) {
      if (holdsFor(node!, value) === unnamed) continue
      if (toggled.has(value)) toggled.get(value)!.push(at)
      else toggled.set(value, [at])
    }
  })
  return {
    field: [field.name, field.argText ?? null],
    parts: nodes.map(node => (node ? root(node) : -1)),
    other,
    absent,
    values: [...toggled],
  }
}

/** Represents a value that equals no constant. */
const UNNAMED = Symbol('unnamed')

/** The truth of a part that compares one field with constants, for a value of that field; undefined = absent. */
function holdsFor(node: Node, value: KeyValue | typeof UNNAMED | undefined): boolean {
  switch (node.kind) {
    case 'const':
      return node.value
    case 'not':
      return !holdsFor(node.child, value)
    case 'and':
      return node.children.every(child => holdsFor(child, value))
    case 'or':
      return node.children.some(child => holdsFor(child, value))
    case 'clause': {
      const { op, values } = node.clause
      if (value === undefined) return false
      if (op === 'exists') return true
      const equal = typeof value !== 'symbol' && values.includes(value)
      return op === '!=' ? !equal : equal
    }
  }
}
