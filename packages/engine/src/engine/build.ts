import type { AlertTemplate } from '../alert/plan.ts'
import { compileProgram } from '../bytecode/compile.ts'
import { createEvaluator } from '../bytecode/create-evaluator.ts'
import { MemoLayout } from '../bytecode/memo.ts'
import type { Node } from '../bytecode/tree.ts'
import type { EventContext } from '../fields/evt.ts'
import type { FieldTable } from '../fields/table.ts'
import { planRuleset } from '../ruleset/plan.ts'
import { Ruleset } from '../ruleset/ruleset.ts'
import { TreeEvaluator } from '../ruleset/tree-evaluator.ts'
import type { EngineOptions } from './options.ts'
import { SourceRules } from './source-rules.ts'

/** Plans the buckets of a source's enabled rules and makes ready what runs them. */
export function buildRules(
  rules: readonly { readonly node: Node; readonly alert: AlertTemplate }[],
  table: FieldTable,
  context: EventContext,
  options: EngineOptions,
): SourceRules {
  const { source } = table
  const { index = true, memo = true, treeWalk = false } = options.tuning ?? {}
  const plan = planRuleset(
    rules.map(({ node }) => node),
    source.eventType ? source.eventTypes : undefined,
    new Set(memo ? Object.keys(source.scopes ?? {}) : []),
    index,
  )
  const layout = new MemoLayout()
  const evaluator = (bucket: number) => {
    const { roots } = plan.buckets[bucket]!
    if (treeWalk) return new TreeEvaluator(roots)
    return createEvaluator(compileProgram(table, roots, memo ? { memo: layout } : {}), options.backend)
  }
  const ruleset = new Ruleset(table, { ...plan, rules: rules.length }, layout, evaluator)
  const alerts = rules.map(rule => rule.alert)
  const settings = { hostname: options.hostname, iso8601: options.timeFormatIso8601 }
  return new SourceRules(table, context, ruleset, alerts, settings, options.ruleMatching !== 'all')
}
