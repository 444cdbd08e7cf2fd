/** Runs playbooks without any effects, for tests. */
import { type AlertData, alerts, parseAlert, type Source } from '@falc/engine'
import { ACTIONS } from './actions/list.ts'
import { Protected, type ProtectionOptions } from './guard/protected.ts'
import type { Action, Target } from './model/action.ts'
import type { Call } from './model/call.ts'
import { type Plan, planOf } from './plan.ts'
import { loadPlaybooks, type Playbook } from './playbook/load.ts'

export interface TestOptions extends ProtectionOptions {
  /** User-defined actions. */
  readonly actions?: readonly Action[]
  /** The fields that conditions may name. Default: any, as text. */
  readonly source?: Source<AlertData>
}

/** What a playbook would do. */
export interface TestedPlan {
  readonly playbook: string
  readonly mode: Playbook['mode']
  readonly steps: readonly {
    readonly action: string
    readonly target?: Target
    /** What it would ask for, in order; of an action with `run` also texts. */
    readonly calls: readonly (Call | string)[]
    /** Why it would not act. */
    readonly held?: string
  }[]
}

/**
 * The plans of those playbooks that are about an alert. Limits, and what was done before, play no part.
 * @param playbooks as YAML, or loaded
 * @param alert an alert, Falco's JSON of one, or parts of it: what is left out has some value
 * @throws {PlaybookError} with its place, when the YAML is not one of playbooks
 */
export function testPlaybook(
  playbooks: string | readonly Playbook[],
  alert: string | Readonly<Record<string, unknown>>,
  options: TestOptions = {},
): TestedPlan[] {
  const plans = plansOf(playbooks, alert, options)
  const threaded = plans.find(plan => plan instanceof Promise)
  if (threaded) throw new Error('an action from a file plans in its own thread: use falc respond test, or runCases')
  return (plans as (Plan | undefined)[]).flatMap(testedOf)
}

/** As `testPlaybook`, also with actions of files. */
export async function testPlaybookThreaded(...args: Parameters<typeof testPlaybook>): Promise<TestedPlan[]> {
  const [playbooks, alert, options = {}] = args
  return (await Promise.all(plansOf(playbooks, alert, options))).flatMap(testedOf)
}

function plansOf(
  playbooks: string | readonly Playbook[],
  alert: string | Readonly<Record<string, unknown>>,
  { actions = [], source = alerts(), ...protection }: TestOptions,
): ReturnType<typeof planOf>[] {
  const loaded =
    typeof playbooks === 'string'
      ? loadPlaybooks([{ name: 'playbooks.yaml', content: playbooks }], { actions: [...ACTIONS, ...actions], source })
      : playbooks
  const guard = new Protected(protection, source)
  const data = alertOf(alert)
  return loaded.map(playbook => planOf(playbook, data, guard))
}

function testedOf(plan: Plan | undefined): TestedPlan[] {
  if (!plan) return []
  const steps = plan.steps.map(({ step, target, calls, held }) => ({
    action: step.action.name,
    ...(target && { target: bare(target) }),
    calls,
    ...(held && { held: held.reason }),
  }))
  return [{ playbook: plan.playbook.name, mode: plan.playbook.mode, steps }]
}

const bare = ({ kind, uid, name, namespace }: Target): Target => ({
  ...{ kind, uid, name },
  ...(namespace !== undefined && { namespace }),
})

/** @throws {SyntaxError} */
export function alertOf(alert: string | Readonly<Record<string, unknown>>): AlertData {
  if (typeof alert === 'string') return parseAlert(alert)
  if (typeof alert.time === 'bigint') return alert as unknown as AlertData
  const given = { rule: 'a rule', priority: 'Notice', time: '2026-01-01T00:00:00Z', output: 'an alert', ...alert }
  return parseAlert(JSON.stringify(given, (_, value) => (typeof value === 'bigint' ? String(value) : value)))
}
