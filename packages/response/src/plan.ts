/** Plans what playbooks would do about an alert, as a pure function. Dry runs, `falc respond test` and `simulate` print the plan. */
import { randomUUID } from 'node:crypto'
import { type AlertData, isoTime } from '@falc/engine'
import type { Held } from './guard/held.ts'
import type { Protected } from './guard/protected.ts'
import type { About, Given } from './journal/format.ts'
import { Refusal, type Target } from './model/action.ts'
import type { Call, Data } from './model/call.ts'
import type { Playbook, Step } from './playbook/load.ts'

export interface PlannedStep {
  readonly step: Step
  /** From 1. */
  readonly number: number
  readonly target?: Target
  readonly params?: unknown
  readonly calls: readonly (Call | string)[]
  readonly held?: Held
}

export interface Plan {
  readonly playbook: Playbook
  readonly alert: AlertData
  readonly steps: readonly PlannedStep[]
}

/**
 * undefined: the playbook is not about this alert. Steps whose own condition does not hold are not part of it. A promise if the code of one
 * of the actions runs in its own thread; it does not reject.
 */
export function planOf(
  playbook: Playbook,
  alert: AlertData,
  protection: Protected,
): Plan | undefined | Promise<Plan | undefined> {
  if (!playbook.matches(alert)) return undefined
  const steps = playbook.steps.flatMap((step, i) =>
    step.holds(alert) ? [planStep(step, i + 1, alert, protection)] : [],
  )
  if (!steps.some(step => step instanceof Promise)) return { playbook, alert, steps: steps as PlannedStep[] }
  return Promise.all(steps).then(known => ({ playbook, alert, steps: known }))
}

function planStep(
  step: Step,
  number: number,
  alert: AlertData,
  protection: Protected,
): PlannedStep | Promise<PlannedStep> {
  const { action } = step
  let target: Target | undefined
  const planned = (params: unknown, calls: PlannedStep['calls']): PlannedStep => {
    const held = protection.holds(alert, target!, calls)
    const protectedBy = held && { held: { guard: 'protected', reason: held } as const }
    return { step, number, target: target!, params, calls, ...protectedBy }
  }
  const refused = (error: unknown): PlannedStep => {
    // A user's action may throw anything: its step does not act, the others do.
    const reason = error instanceof Refusal ? error.message : `${action.name}: ${(error as Error).message}`
    return { step, number, calls: [], ...(target && { target }), held: { guard: 'field', reason } }
  }
  try {
    const params = step.params(alert) as any
    if (action.threaded) {
      return action.threaded
        .plan(alert, params)
        .then(plan => {
          target = plan.target
          return planned(params, plan.calls)
        })
        .catch(refused)
    }
    target = action.target(alert, params)
    return planned(params, action.plan({ alert, params, target }))
  } catch (error) {
    return refused(error)
  }
}

export const callTexts = (calls: PlannedStep['calls']) =>
  calls.map(call => (typeof call === 'string' ? call : call.says))

export const givenOf = ({ step: { lasts }, params }: PlannedStep): Given => ({
  ...(params !== undefined && { params: params as Data }),
  ...(lasts !== undefined && { lasts }),
})

/** @param run of the step and the alert; a new one unless somebody was asked */
export function aboutOfStep({ playbook, alert }: Plan, { step, number, target }: PlannedStep, run?: string): About {
  const { id, rule, hostname, output } = alert
  return {
    ...{ run: run ?? randomUUID(), playbook: playbook.name, step: number, action: step.action.name },
    ...(target && { target: bare(target) }),
    alert: {
      ...{ id, rule, time: isoTime(alert.time), output: output.slice(0, 2000) },
      ...(hostname !== undefined && { hostname }),
    },
  }
}

const bare = ({ kind, uid, name, namespace }: NonNullable<About['target']>) => ({
  ...{ kind, uid, name },
  ...(namespace !== undefined && { namespace }),
})
