import type { EventTypes } from '@falc/engine'
import { type CompiledRule, type Node, printCondition } from '@falc/engine/analysis'
import { and, formulaOf } from '../algebra/formula.ts'
import { Solver } from '../algebra/solve.ts'

/** How the events that a rule matches change. `other`: some come and some go, or it is not known. */
export type Effect = 'same' | 'fewer' | 'more' | 'other'

/** What differs between two versions of a rule. */
export interface RuleChange {
  readonly rule: string
  readonly kind: 'added' | 'removed' | 'changed'
  /** Of a changed condition. */
  readonly effect?: Effect
  /** Checks of the condition with its macros and lists. */
  readonly checksGone: readonly string[]
  readonly checksCome: readonly string[]
  /** Other keys, before and after. */
  readonly keys: readonly { readonly key: string; readonly before: string; readonly after: string }[]
}

/** Steps of one comparison. */
const LIMIT = 5000

/** What differs between two sets of rules, by name, in the order of the first set; rules that are new come last. */
export function diffRules(
  before: readonly CompiledRule[],
  after: readonly CompiledRule[],
  types: ReadonlyMap<string, EventTypes | undefined>,
): RuleChange[] {
  const later = new Map(after.map(one => [one.rule.name, one]))
  const earlier = new Set(before.map(({ rule }) => rule.name))
  const whole = (rule: string, kind: RuleChange['kind']) => ({ rule, kind, checksGone: [], checksCome: [], keys: [] })
  const changes = before.flatMap((old): RuleChange[] => {
    const now = later.get(old.rule.name)
    return now ? (changeOf(old, now, types.get(old.rule.source)) ?? []) : [whole(old.rule.name, 'removed')]
  })
  const added = after.filter(({ rule }) => !earlier.has(rule.name))
  return [...changes, ...added.map(({ rule }) => whole(rule.name, 'added'))]
}

function changeOf(old: CompiledRule, now: CompiledRule, types: EventTypes | undefined): RuleChange[] | undefined {
  const keys = Object.entries(KEYS).flatMap(([key, read]) => {
    const [before, after] = [read(old), read(now)]
    return before === after ? [] : [{ key, before, after }]
  })
  const condition = printCondition(old.rule.condition) !== printCondition(now.rule.condition)
  if (!condition && keys.length === 0) return undefined
  const [gone, come] = [checksOf(old.node), checksOf(now.node)]
  return [
    {
      rule: old.rule.name,
      kind: 'changed',
      ...(condition && { effect: effectOf(old.node, now.node, new Solver(types)) }),
      checksGone: [...gone].filter(check => !come.has(check)),
      checksCome: [...come].filter(check => !gone.has(check)),
      keys,
    },
  ]
}

const KEYS: Readonly<Record<string, (rule: CompiledRule) => string>> = {
  source: ({ rule }) => rule.source,
  enabled: ({ rule }) => String(rule.enabled),
  priority: ({ rule }) => rule.priority,
  output: ({ output }) => output,
  tags: ({ rule }) => rule.tags.join(', '),
  desc: ({ rule }) => rule.desc.trim(),
}

function effectOf(old: Node, now: Node, solver: Solver): Effect {
  const fewer = solver.isImpossible(and([formulaOf(now), formulaOf(old, false)]), LIMIT)
  const more = solver.isImpossible(and([formulaOf(old), formulaOf(now, false)]), LIMIT)
  return fewer && more ? 'same' : fewer ? 'fewer' : more ? 'more' : 'other'
}

/** Each check once, negations in it. */
function checksOf(node: Node, negated = false, into = new Set<string>()): Set<string> {
  if (node.kind === 'clause') into.add(negated ? `not ${node.clause.key}` : node.clause.key)
  else if (node.kind === 'not') checksOf(node.child, !negated, into)
  else if (node.kind !== 'const') for (const child of node.children) checksOf(child, negated, into)
  return into
}
