/** What playbooks would do about an alert: pure. Dry run, `falc respond test` and `simulate` print it. */
import type { AlertData } from '@falc/engine'
import type { Held } from './guard/held.ts'
import type { Protected } from './guard/protected.ts'
import { Refusal, type Target } from './model/action.ts'
import type { Call } from './model/call.ts'
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

/** undefined: the playbook is not about this alert. Steps whose own condition does not hold are not part of it. */
export function planOf(playbook: Playbook, alert: AlertData, protection: Protected): Plan | undefined {
  if (!playbook.matches(alert)) return undefined
  const steps = playbook.steps.flatMap((step, i) =>
    step.holds(alert) ? [planStep(step, i + 1, alert, protection)] : [],
  )
  return { playbook, alert, steps }
}

function planStep(step: Step, number: number, alert: AlertData, protection: Protected): PlannedStep {
  let target: Target | undefined
  try {
    const params = step.params(alert) as any
    target = step.action.target(alert, params)
    const calls = step.action.plan({ alert, params, target })
    const held = protection.holds(alert, target, calls)
    return { step, number, target, params, calls, ...(held && { held: { guard: 'protected', reason: held } as const }) }
  } catch (error) {
    // A user's action may throw anything: its step does not act, the others do.
    const reason = error instanceof Refusal ? error.message : `${step.action.name}: ${(error as Error).message}`
    return { step, number, calls: [], ...(target && { target }), held: { guard: 'field', reason } }
  }
}
