/**
 * Translates a condition of the rule language into SQL. Every alert that satisfies `sure` satisfies the condition; every alert that
 * satisfies the condition satisfies `maybe`. The engine evaluates the alerts between the two. A negation swaps them, so no matching alert
 * is ever missed.
 */

import { type AlertData, type CompiledCondition, compileCondition, parseCondition, type Source } from '@falc/engine'
import { fieldTable, lower, type Node } from '@falc/engine/analysis'
import { planClause } from './clause.ts'
import { FALSE, type Fragment, type Plan, TRUE, UNKNOWN } from './fragment.ts'

/** A condition over alerts, ready to search with. */
export interface PlannedCondition extends Plan {
  /** The engine's word. */
  test(alert: AlertData): boolean
}

/** Checks that SQL takes over; of a longer condition the engine evaluates all. */
const MAX_CHECKS = 100

/** @throws {ConditionError} */
export function planCondition(text: string, source: Source<AlertData>): PlannedCondition {
  const compiled: CompiledCondition<AlertData> = compileCondition(text, source)
  const { node } = lower(parseCondition(text), fieldTable(source))
  const plan = checksIn(node) > MAX_CHECKS ? UNKNOWN : planNode(node)
  return { ...plan, test: alert => compiled.test(alert) }
}

function checksIn(node: Node): number {
  if (node.kind === 'not') return checksIn(node.child)
  return node.kind === 'and' || node.kind === 'or' ? node.children.reduce((sum, child) => sum + checksIn(child), 0) : 1
}

export function planNode(node: Node): Plan {
  switch (node.kind) {
    case 'const':
      return node.value ? { sure: TRUE, maybe: TRUE } : { sure: FALSE, maybe: FALSE }
    case 'clause':
      return planClause(node.clause)
    case 'not':
      return negatedPlan(planNode(node.child))
    case 'and':
    case 'or':
      return joinedPlans(node.children.map(planNode), node.kind)
  }
}

function negatedPlan({ sure, maybe }: Plan): Plan {
  return { sure: negated(maybe), maybe: negated(sure) }
}

function joinedPlans(plans: readonly Plan[], kind: 'and' | 'or'): Plan {
  const join = kind === 'and' ? ' AND ' : ' OR '
  const matches = plans.flatMap(({ match }) => match ?? [])
  const usable = matches.length > 0 && (kind === 'and' || matches.length === plans.length)
  return {
    sure: joined(
      plans.map(({ sure }) => sure),
      join,
    ),
    maybe: joined(
      plans.map(({ maybe }) => maybe),
      join,
    ),
    ...(usable && { match: matches.map(match => `(${match})`).join(join) }),
  }
}

/** Alerts for which all of the conditions hold. */
export function allOf(conditions: readonly PlannedCondition[]): PlannedCondition {
  return { ...joinedPlans(conditions, 'and'), test: alert => conditions.every(one => one.test(alert)) }
}

/** Alerts for which any of the conditions holds. */
export function anyOf(conditions: readonly PlannedCondition[]): PlannedCondition {
  const plan = joinedPlans(conditions, 'or')
  // SQLite has a limit for the depth of an expression, and one for its parameters.
  const isLong = conditions.length > 200 || plan.maybe.params.length > 5000
  return { ...(isLong ? UNKNOWN : plan), test: alert => conditions.some(one => one.test(alert)) }
}

/** Alerts for which the condition does not hold. */
export function noneOf(condition: PlannedCondition): PlannedCondition {
  return { ...negatedPlan(condition), test: alert => !condition.test(alert) }
}

function negated({ text, params }: Fragment): Fragment {
  if (text === '1') return FALSE
  return text === '0' ? TRUE : { text: `NOT ${text}`, params }
}

function joined(fragments: readonly Fragment[], by: ' AND ' | ' OR '): Fragment {
  const [neutral, deciding] = by === ' AND ' ? ['1', '0'] : ['0', '1']
  const decided = fragments.find(({ text }) => text === deciding)
  if (decided) return decided
  const rest = fragments.filter(({ text }) => text !== neutral)
  if (rest.length <= 1) return rest[0] ?? { text: neutral, params: [] }
  return { text: `(${rest.map(({ text }) => text).join(by)})`, params: rest.flatMap(({ params }) => params) }
}
