import { AlertPlan, type AlertSettings, type AlertTemplate } from '../alert/plan.ts'
import type { RuleAlert } from '../alert/rule-alert.ts'
import { createEvaluator } from '../bytecode/create-evaluator.ts'
import type { Backend, Evaluator } from '../bytecode/evaluator.ts'
import { type EventContext, timeOf } from '../fields/evt.ts'
import type { Source } from '../fields/field.ts'
import { Ruleset } from '../ruleset/ruleset.ts'
import type { SourcePlan } from './source-plan.ts'

/** Lets events wait for something that their rules ask for, such as metadata that is being looked up. */
export interface Deferral<E = any> {
  /** Called before the rules run. */
  before(event: E): void
  /** Called after they have run. True: the evaluation is void and counts nothing, since the event will be evaluated again. */
  hold(event: E): boolean
}

/** How the rules of a source are run, and what their alerts print. */
export interface RunSettings extends AlertSettings {
  /** Default: jit. */
  readonly backend?: Backend | undefined
  /** Only the first matching rule gives an alert. */
  readonly first: boolean
}

const NO_ALERTS: RuleAlert[] = []
Object.freeze(NO_ALERTS)

/** The loaded rules of one source: evaluates its events and counts. */
export class SourceRules {
  readonly source: Source
  readonly ruleset: Ruleset
  readonly plans: readonly AlertPlan[]
  /** Matches per rule, by position. */
  readonly counts: Float64Array
  events = 0
  /** Events that were dropped because a function of their source threw. */
  failedEvents = 0
  readonly #first: boolean
  readonly #context: EventContext
  readonly #alertErrors = new Map<string, number>()

  /** @param evaluator what runs a bucket's rules. Default: its program on `settings.backend` */
  constructor(
    plan: SourcePlan,
    context: EventContext,
    alerts: readonly AlertTemplate[],
    settings: RunSettings,
    evaluator: (bucket: number) => Evaluator = bucket => createEvaluator(plan.program(bucket), settings.backend),
  ) {
    this.source = plan.table.source
    this.ruleset = new Ruleset(plan.table, plan.shape, plan.layout, evaluator)
    this.plans = alerts.map(alert => new AlertPlan(alert, plan.table, settings, this.#alertErrors))
    this.counts = new Float64Array(alerts.length)
    this.#first = settings.first
    this.#context = context
  }

  /** The alerts of an event; the same empty array whenever there are none; undefined when `deferral` holds the event. */
  evaluate(event: unknown, deferral?: Deferral): RuleAlert[] | undefined {
    if (deferral !== undefined) deferral.before(event)
    const context = this.#context
    context.num++
    context.now = undefined
    let count = 0
    try {
      if (context.firstTime === undefined) context.firstTime = timeOf(this.source, event, context)
      count = this.ruleset.evaluate(event, this.#first)
    } catch {
      this.failedEvents++
    }
    const alerts = count === 0 ? NO_ALERTS : this.#alerts(event, count)
    if (deferral?.hold(event)) {
      context.num--
      return undefined
    }
    this.events++
    for (let i = 0; i < count; i++) this.counts[this.ruleset.matches[i]!]!++
    return alerts
  }

  #alerts(event: unknown, count: number): RuleAlert[] {
    const { matches } = this.ruleset
    const alerts: RuleAlert[] = []
    const time = this.#time(event)
    // A source without times has one time for all that an alert says.
    if (this.source.time === undefined) this.#context.now = time
    for (let i = 0; i < count; i++) alerts.push(this.plans[matches[i]!]!.alert(event, time))
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

  /** Adds the extractions that failed in conditions and outputs, by field. */
  extractErrors(into: Map<string, number>): void {
    this.ruleset.extractErrors(into)
    for (const [field, count] of this.#alertErrors) into.set(field, (into.get(field) ?? 0) + count)
  }
}
