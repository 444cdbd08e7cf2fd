import { AlertPlan, type AlertTemplate } from '../alert/plan.ts'
import type { CompiledRule, SourceContext } from './compiled-rule.ts'
import type { Tuning } from './options.ts'
import { type CompiledPlan, planSource } from './source-plan.ts'

/** The enabled rules of a source: their plan, and for each the plan of its alerts. */
export interface IndexedRules {
  readonly plan: CompiledPlan
  readonly alerts: readonly AlertTemplate[]
}

/** Loading, stage 5: per source, which of its enabled rules an event of each type is evaluated against. */
export function index(
  rules: readonly CompiledRule[],
  sources: ReadonlyMap<string, SourceContext>,
  tuning: Tuning | undefined,
): IndexedRules[] {
  return [...sources.values()].map(({ table }) => {
    const enabled = rules.filter(({ rule }) => rule.enabled && rule.source === table.source.name)
    const nodes = enabled.map(({ node }) => node)
    const alerts = enabled.map(({ alert }) => alert)
    const alertFields = (rule: number) => new AlertPlan(alerts[rule]!, table, {}).fieldsRead
    return { plan: planSource(nodes, table, tuning, alertFields), alerts }
  })
}
