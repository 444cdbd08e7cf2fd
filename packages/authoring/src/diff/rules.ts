import type { EventTypes } from '@falc/engine'
import { type Clause, type CompiledRule, type Node, printCondition, scalarKey } from '@falc/engine/analysis'
import { and, formulaOf } from '../algebra/formula.ts'
import { Solver } from '../algebra/solve.ts'

/** How the events that a rule matches change. `other`: some come and some go, or it is not known. */
export type Effect = 'same' | 'fewer' | 'more' | 'other'

/** A check whose list has other items. */
export interface ListChange {
  /** `proc.name in (…)` */
  readonly check: string
  readonly gone: readonly string[]
  readonly come: readonly string[]
}

/** What differs between two versions of a rule. */
export interface RuleChange {
  readonly rule: string
  readonly kind: 'added' | 'removed' | 'changed'
  /** Of a changed condition. */
  readonly effect?: Effect
  /** Checks of the condition with its macros and lists. */
  readonly checksGone: readonly string[]
  readonly checksCome: readonly string[]
  /** Checks of which only the list changed. */
  readonly lists: readonly ListChange[]
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
  const whole = (rule: string, kind: RuleChange['kind']) => ({
    rule,
    kind,
    checksGone: [],
    checksCome: [],
    lists: [],
    keys: [],
  })
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
  const [before, after] = [checksOf(old.node), checksOf(now.node)]
  const { gone, come, lists } = paired(
    [...before.keys()].filter(check => !after.has(check)),
    [...after.keys()].filter(check => !before.has(check)),
    new Map([...before, ...after]),
  )
  return [
    {
      rule: old.rule.name,
      kind: 'changed',
      ...(condition && { effect: effectOf(old.node, now.node, new Solver(types)) }),
      checksGone: gone,
      checksCome: come,
      lists,
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
  capture: ({ rule }) => String(rule.capture),
  capture_duration: ({ rule }) => String(rule.captureDuration),
  warn_evttypes: ({ rule }) => String(rule.warnEvttypes),
}

function effectOf(old: Node, now: Node, solver: Solver): Effect {
  const fewer = solver.isImpossible(and([formulaOf(now), formulaOf(old, false)]), LIMIT)
  const more = solver.isImpossible(and([formulaOf(old), formulaOf(now, false)]), LIMIT)
  return fewer && more ? 'same' : fewer ? 'fewer' : more ? 'more' : 'other'
}

/** Each check once, negations in it, with the clause that it is. */
function checksOf(node: Node, negated = false, into = new Map<string, Clause>()): Map<string, Clause> {
  if (node.kind === 'clause') into.set(negated ? `not ${node.clause.key}` : node.clause.key, node.clause)
  else if (node.kind === 'not') checksOf(node.child, !negated, into)
  else if (node.kind !== 'const') for (const child of node.children) checksOf(child, negated, into)
  return into
}

/** Checks that are gone and come, and those of them that differ in their lists only: two of one operand and operator. */
function paired(gone: readonly string[], come: readonly string[], clauses: ReadonlyMap<string, Clause>) {
  const headOf = (check: string) => {
    const { left, op, modifier, right } = clauses.get(check)!
    // A list of one item is `=`.
    if (right || modifier || (op !== '=' && op !== 'in')) return undefined
    return `${check.startsWith('not ') ? 'not ' : ''}${left.key} in (…)`
  }
  const only = (checks: readonly string[], head: string) => {
    const found = checks.filter(check => headOf(check) === head)
    return found.length === 1 ? found[0] : undefined
  }
  const lists: ListChange[] = []
  const used = new Set<string>()
  for (const before of gone) {
    const check = headOf(before)
    const after = check === undefined || only(gone, check) === undefined ? undefined : only(come, check)
    if (check === undefined || after === undefined) continue
    const [left, right] = [before, after].map(one => clauses.get(one)!.values.map(scalarKey))
    const change = { check, gone: left!.filter(x => !right!.includes(x)), come: right!.filter(x => !left!.includes(x)) }
    // Two lists without a common item are two checks.
    if (change.gone.length === left!.length) continue
    lists.push(change)
    used.add(before).add(after)
  }
  const rest = (checks: readonly string[]) => checks.filter(check => !used.has(check))
  return { gone: rest(gone), come: rest(come), lists }
}
