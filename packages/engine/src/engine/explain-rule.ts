import { type ExplainedNode, type Explanation, explainNode, nearestMiss } from '../explain/explanation.ts'
import type { ResolvedException } from '../rules/rule.ts'
import type { CompiledRule } from './compiled-rule.ts'

/**
 * Why a rule raises an alert for an event, or why not.
 * @param earlier with `ruleMatching: 'first'`, the name of an enabled earlier rule that matches the event
 */
export function explainRule(compiled: CompiledRule, event: unknown, earlier: string | undefined): Explanation {
  const { rule, node } = compiled
  const condition = explainNode(node, event)
  const matches = condition.truth
  const alerts = matches && rule.enabled && earlier === undefined
  const changes = matches ? undefined : nearestMiss(condition)
  const stoppedBy = alerts ? undefined : reason(compiled, condition, earlier)
  return {
    rule: rule.name,
    source: rule.source,
    matches,
    alerts,
    ...(stoppedBy ? { stoppedBy } : {}),
    condition,
    ...(changes ? { nearestMiss: { changes } } : {}),
  }
}

function reason(
  { rule }: CompiledRule,
  condition: ExplainedNode,
  earlier: string | undefined,
): Explanation['stoppedBy'] {
  if (!rule.enabled) return rule.belowPriority ? { kind: 'priority' } : { kind: 'disabled' }
  if (condition.truth) return earlier === undefined ? undefined : { kind: 'earlier rule', rule: earlier }
  const exception = appliedException(rule.exceptions, condition)
  return exception ? { kind: 'exception', exception: exception.name, place: exception.place } : { kind: 'condition' }
}

/** The exception that makes the condition false, when every other part of the condition holds. */
function appliedException(
  exceptions: readonly ResolvedException[],
  condition: ExplainedNode,
): ResolvedException | undefined {
  if (condition.kind !== 'and') return undefined
  const failed = condition.children!.filter(child => !child.truth)
  const owners = failed.map(child => exceptions.find(exception => isInside(child, exception)))
  return owners.every(owner => owner !== undefined) ? owners[0] : undefined
}

/** Whether a node comes from an exception: it is a negation whose text is in the exception. */
function isInside(node: ExplainedNode, { place }: ResolvedException): boolean {
  if (node.kind !== 'not') return false
  const checks: ExplainedNode[] = [node]
  for (let at = checks.pop(); at; at = checks.pop()) {
    if (at.place && at.place.file === place.file && within(at.place.offset, place)) return true
    checks.push(...(at.children ?? []))
  }
  return false
}

function within(offset: number, place: ResolvedException['place']): boolean {
  return offset >= place.offset && offset < place.offset + Math.max(1, place.length)
}
