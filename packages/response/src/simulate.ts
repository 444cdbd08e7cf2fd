/** What enforced playbooks would have done about past alerts, at the times of the alerts and within the limits. */
import type { AlertData, Source } from '@falc/engine'
import type { Held } from './guard/held.ts'
import { FUSE, Limits } from './guard/limits.ts'
import { LocalOnce, onceKey } from './guard/once.ts'
import { Protected, type ProtectionOptions } from './guard/protected.ts'
import type { Target } from './model/action.ts'
import { type Plan, planOf } from './plan.ts'
import type { Limit, Playbook } from './playbook/load.ts'

export interface SimulatedStep {
  readonly playbook: string
  readonly action: string
  readonly target?: Target
  readonly plan: readonly string[]
  /** It would not have acted. */
  readonly held?: Held
}

export class Simulation {
  readonly #playbooks: readonly Playbook[]
  readonly #protection: Protected
  readonly #limits: Limits
  readonly #once: LocalOnce
  #now = 0
  #turn: Promise<unknown> | undefined

  /** @throws {Error} as `Protected` */
  constructor(
    playbooks: readonly Playbook[],
    source: Source<AlertData>,
    options: ProtectionOptions & { readonly fuse?: Limit } = {},
  ) {
    this.#playbooks = playbooks
    this.#protection = new Protected(options, source)
    this.#limits = new Limits(options.fuse ?? FUSE, () => this.#now)
    this.#once = new LocalOnce(() => this.#now)
  }

  /** Alerts in the order of their times. A promise once an action has planned in its own thread. */
  take(alert: AlertData): SimulatedStep[] | Promise<SimulatedStep[]> {
    // A store has what responders said of themselves, too.
    if (alert.source === 'response') return []
    const plans = this.#playbooks.map(playbook => planOf(playbook, alert, this.#protection))
    if (!this.#turn && !plans.some(plan => plan instanceof Promise)) return this.#judged(alert, plans as Planned)
    // Limits are those of the alert's turn.
    const turn = Promise.all([this.#turn, ...plans]).then(([, ...known]) => this.#judged(alert, known as Planned))
    this.#turn = turn
    return turn
  }

  #judged(alert: AlertData, plans: Planned): SimulatedStep[] {
    this.#now = Number(alert.time / 1_000_000n)
    const judged: SimulatedStep[] = []
    for (const plan of plans) {
      if (!plan) continue
      for (const { step, number, target, calls, held } of plan.steps) {
        const why = held ?? this.#holds(plan.playbook, number, step.action.name, target!, alert)
        judged.push({
          ...{ playbook: plan.playbook.name, action: step.action.name },
          plan: calls.map(call => (typeof call === 'string' ? call : call.says)),
          ...(target && { target }),
          ...(why && { held: why }),
        })
      }
    }
    return judged
  }

  #holds(playbook: Playbook, number: number, action: string, target: Target, alert: AlertData): Held | undefined {
    const place = this.#limits.take(playbook, target)
    if ('guard' in place) return place
    const key = onceKey(playbook.name, number, action, target.uid)
    const verdict = this.#once.claim({ key, alert: alert.id, limit: playbook.limits.per_target })
    if (verdict.claimed) {
      this.#once.settle(key, 'done')
      return undefined
    }
    place.release()
    return 'guard' in verdict ? verdict : { guard: 'once', reason: 'it was begun before' }
  }
}

type Planned = readonly (Plan | undefined)[]
