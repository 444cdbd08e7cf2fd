import { AlertPlan, type AlertSettings, type AlertTemplate } from '../alert/plan.ts'
import type { RuleAlert } from '../alert/rule-alert.ts'
import { type EventContext, timeOf } from '../fields/evt.ts'
import type { Source } from '../fields/field.ts'
import type { FieldTable } from '../fields/table.ts'
import type { Ruleset } from '../ruleset/ruleset.ts'

const NO_ALERTS: RuleAlert[] = []
Object.freeze(NO_ALERTS)

/** The loaded rules of one source: what evaluating an event of it needs, and what it counts. */
export class SourceRules {
  readonly source: Source
  readonly ruleset: Ruleset
  readonly plans: readonly AlertPlan[]
  readonly first: boolean
  /** Matches per rule, by position. */
  readonly counts: Float64Array
  /** Events whose source functions threw: they were let go. */
  failedEvents = 0
  events = 0
  readonly #context: EventContext
  readonly #alertErrors = new Map<string, number>()
  /** Matches of the last evaluation; -1 = there was none, or it was taken back. */
  #last = -1

  /** @param first give only the first rule's alert */
  constructor(
    table: FieldTable,
    context: EventContext,
    ruleset: Ruleset,
    alerts: readonly AlertTemplate[],
    settings: AlertSettings,
    first: boolean,
  ) {
    this.source = table.source
    this.#context = context
    this.ruleset = ruleset
    this.plans = alerts.map(alert => new AlertPlan(alert, table, settings, this.#alertErrors))
    this.first = first
    this.counts = new Float64Array(alerts.length)
  }

  /** The alerts of an event; the same empty array whenever there are none. Never throws. */
  evaluate(event: unknown): RuleAlert[] {
    this.events++
    const context = this.#context
    context.num++
    context.now = undefined
    let count = 0
    try {
      if (context.firstTime === undefined) context.firstTime = timeOf(this.source, event, context)
      count = this.ruleset.evaluate(event, this.first)
    } catch {
      this.failedEvents++
    }
    this.#last = count
    return count === 0 ? NO_ALERTS : this.#alerts(event, count)
  }

  /** Takes back what the last evaluation has counted, once. */
  takeBack(): void {
    if (this.#last < 0) return
    const { matches } = this.ruleset
    for (let i = 0; i < this.#last; i++) this.counts[matches[i]!]!--
    this.#last = -1
    this.events--
    this.#context.num--
  }

  #alerts(event: unknown, count: number): RuleAlert[] {
    const { matches } = this.ruleset
    const alerts: RuleAlert[] = []
    const time = this.#time(event)
    // A source without times has one time for all that an alert says.
    if (this.source.time === undefined) this.#context.now = time
    for (let i = 0; i < count; i++) {
      const rule = matches[i]!
      this.counts[rule]!++
      alerts.push(this.plans[rule]!.alert(event, time))
    }
    return alerts
  }

  #time(event: unknown): bigint {
    try {
      return timeOf(this.source, event, this.#context)
    } catch {
      this.failedEvents++
      return BigInt(Date.now()) * 1_000_000n
    }
  }

  /** Extractions that failed by field, in conditions and outputs. */
  extractErrors(into: Map<string, number>): void {
    this.ruleset.extractErrors(into)
    for (const [field, count] of this.#alertErrors) into.set(field, (into.get(field) ?? 0) + count)
  }
}
