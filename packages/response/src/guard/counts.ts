/** Counts of a responder's steps since its start, for metrics. */

import { OUTCOMES, type Outcome } from '../model/call.ts'
import type { Playbook } from '../playbook/load.ts'
import { GUARDS, type Held } from './held.ts'

export type CountedSteps = readonly {
  readonly action: string
  readonly result: Outcome
  readonly dry: boolean
  readonly count: number
}[]

export interface ResponseCounts {
  readonly alerts: number
  /** An alert counts once for each playbook that is about it. */
  readonly matched: number
  /** Alerts that were left out, since too many waited. */
  readonly dropped: number
  /** All results of all actions of the playbooks. */
  readonly steps: CountedSteps
  readonly held: Readonly<Record<Held['guard'], number>>
  /** Steps that wait for approval, and those that will be undone. */
  readonly waiting: number
  readonly undoing: number
  readonly tripped: boolean
  /** Entries of the journal that could not be written. */
  readonly journalFailures: number
}

/** Steps by action and result: those that can be are there with 0. */
export class StepCounts {
  readonly #counts = new Map<string, { action: string; result: Outcome; dry: boolean; count: number }>()

  constructor(playbooks: readonly Playbook[]) {
    for (const { steps } of playbooks)
      for (const { action } of steps)
        for (const result of OUTCOMES) for (const dry of [false, true]) this.#of(action.name, result, dry)
  }

  add(action: string, result: Outcome, dry: boolean): void {
    this.#of(action, result, dry).count++
  }

  get all(): CountedSteps {
    return [...this.#counts.values()]
  }

  #of(action: string, result: Outcome, dry: boolean) {
    const key = `${action} ${result} ${dry}`
    let known = this.#counts.get(key)
    if (!known) this.#counts.set(key, (known = { action, result, dry, count: 0 }))
    return known
  }
}

export const heldCounts = (held: Partial<Record<Held['guard'], number>>): ResponseCounts['held'] =>
  Object.fromEntries(GUARDS.map(guard => [guard, held[guard] ?? 0])) as ResponseCounts['held']
