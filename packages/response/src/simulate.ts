/** What playbooks would have done about alerts of the past, had they been enforced: at the alerts' times, with the limits of then. */
import type { AlertData, Source } from '@falc/engine'
import type { Held } from './guard/held.ts'
import { FUSE, Limits } from './guard/limits.ts'
import { LocalOnce, onceKey } from './guard/once.ts'
import { Protected, type ProtectionOptions } from './guard/protected.ts'
import type { Target } from './model/action.ts'
import { planOf } from './plan.ts'
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

  /** Alerts in the order of their times. */
  async take(alert: AlertData): Promise<SimulatedStep[]> {
    this.#now = Number(alert.time / 1_000_000n)
    const steps: SimulatedStep[] = []
    for (const playbook of this.#playbooks) {
      const planned = await planOf(playbook, alert, this.#protection)
      for (const { step, number, target, calls, held } of planned?.steps ?? []) {
        const plan = calls.map(call => (typeof call === 'string' ? call : call.says))
        const why = held ?? (await this.#holds(playbook, number, step.action.name, target!, alert))
        steps.push({
          ...{ playbook: playbook.name, action: step.action.name, plan },
          ...(target && { target }),
          ...(why && { held: why }),
        })
      }
    }
    return steps
  }

  async #holds(
    playbook: Playbook,
    number: number,
    action: string,
    target: Target,
    alert: AlertData,
  ): Promise<Held | undefined> {
    const place = this.#limits.take(playbook, target)
    if ('guard' in place) return place
    const key = onceKey(playbook.name, number, action, target.uid)
    const verdict = await this.#once.claim({ key, alert: alert.id, limit: playbook.limits.per_target })
    if (verdict.claimed) {
      await this.#once.settle(key, 'done')
      return undefined
    }
    place.release()
    return 'guard' in verdict ? verdict : { guard: 'once', reason: 'it was begun before' }
  }
}
