/** Which silences cover an alert. */
import { type AlertData, ConditionError, type Source } from '@falc/engine'
import { anyOf, type PlannedCondition, planSilence, type Silence } from '@falc/store'

/** Planned silences that are kept. */
const MAX_KEPT = 1000

/** The silences of a store that a user may see. */
export interface Silences {
  readonly all: readonly Silence[]
  /** The alerts that are covered. */
  readonly cover: PlannedCondition
  planOf(silence: Silence): PlannedCondition | undefined
  /** The numbers of those that cover an alert. */
  covering(alert: AlertData): number[]
}

export class SilencePlanner {
  readonly #source: Source<AlertData>
  readonly #kept = new Map<string, PlannedCondition | undefined>()

  constructor(source: Source<AlertData>) {
    this.#source = source
  }

  of(all: readonly Silence[]): Silences {
    const planned = all.flatMap(silence => {
      const plan = this.#planOf(silence)
      return plan ? [{ id: silence.id, plan }] : []
    })
    return {
      all,
      cover: anyOf(planned.map(({ plan }) => plan)),
      planOf: silence => this.#planOf(silence),
      covering: alert => planned.flatMap(({ id, plan }) => (plan.test(alert) ? [id] : [])),
    }
  }

  /** undefined: it names a field that there is no longer. */
  #planOf(silence: Silence): PlannedCondition | undefined {
    const { id, condition, since, until, namespaces } = silence
    const key = JSON.stringify([id, condition, String(since), String(until), namespaces])
    if (this.#kept.has(key)) return this.#kept.get(key)
    if (this.#kept.size >= MAX_KEPT) this.#kept.clear()
    const plan = this.#plan(silence)
    this.#kept.set(key, plan)
    return plan
  }

  #plan(silence: Silence): PlannedCondition | undefined {
    try {
      return planSilence(silence, this.#source)
    } catch (error) {
      if (error instanceof ConditionError) return undefined
      throw error
    }
  }
}
