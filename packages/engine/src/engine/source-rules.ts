import { AlertPlan, type AlertSettings, type AlertTemplate } from '../alert/plan.ts'
import type { RuleAlert } from '../alert/rule-alert.ts'
import { createEvaluator } from '../bytecode/create-evaluator.ts'
import type { Backend, Evaluator } from '../bytecode/evaluator.ts'
import { type EventContext, eventKey, nextEvent, timeOf } from '../fields/evt.ts'
import { ExtractErrors, type FieldFailure } from '../fields/failures.ts'
import type { Source } from '../fields/field.ts'
import type { ResolvedField } from '../fields/table.ts'
import { Ruleset } from '../ruleset/ruleset.ts'
import type { Unmatched } from '../ruleset/unmatched.ts'
import { type FieldUse, useOf } from './field-use.ts'
import type { SourcePlan } from './source-plan.ts'

/** Lets events wait for something that their rules ask for, such as metadata that is being looked up. */
export interface Deferral<E = any> {
  /** Called before the rules run. */
  before(event: E): void
  /**
   * Called after they have run. True: the evaluation is void, since the event will be evaluated again. It counts nothing but failed
   * extractions, which may not occur again: memos keep what was found.
   */
  hold(event: E): boolean
}

/** How the rules of a source are evaluated, and what their alerts print. */
export interface RunSettings extends AlertSettings {
  /** Default: jit. */
  readonly backend?: Backend | undefined
  /** Only the first matching rule gives an alert. */
  readonly first: boolean
  readonly onError?: ((failure: FieldFailure) => void) | undefined
}

/** Finds events that no rule can match, by fields that a source reads before it parses an event. */
export interface EventSieve<E = any> {
  /** The fields that it reads. */
  readonly fields: readonly FieldUse[]
  /** False: no rule can match this event, nor any other that has the same values in these fields. */
  mayMatch(event: E): boolean
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
  /** Events that were dropped because `eventType` or a scope of their source threw. */
  failedEvents = 0
  /** Failed extractions in conditions and outputs. */
  readonly errors: ExtractErrors
  /** Absent output fields of alerts by reason, if the source knows it. */
  readonly absences = new Map<string, number>()
  readonly #plan: SourcePlan
  readonly #backend: Backend | undefined
  readonly #first: boolean
  readonly #context: EventContext
  /** null: not made yet. */
  #sieve: EventSieve | undefined | null = null

  /** @param evaluator what runs a bucket's rules. Default: its program on `settings.backend` */
  constructor(
    plan: SourcePlan,
    context: EventContext,
    alerts: readonly AlertTemplate[],
    settings: RunSettings,
    evaluator = (bucket: number, errors: ExtractErrors): Evaluator =>
      createEvaluator(plan.program(bucket), settings.backend, errors),
  ) {
    const { source } = plan.table
    const { onError } = settings
    const errors = new ExtractErrors(onError && (failure => onError({ source: source.name, ...failure })))
    this.source = source
    this.errors = errors
    this.#plan = plan
    this.#backend = settings.backend
    this.ruleset = new Ruleset(plan.table, plan.shape, plan.layout, bucket => evaluator(bucket, errors), errors)
    this.plans = alerts.map(alert => new AlertPlan(alert, plan.table, settings, errors))
    this.counts = new Float64Array(alerts.length)
    this.#first = settings.first
    this.#context = context
    context.errors = errors
  }

  /** Every field that conditions and alerts read, each once. */
  get fields(): Set<ResolvedField> {
    return new Set([...this.#plan.fields(), ...this.plans.flatMap(({ fieldsRead }) => fieldsRead)])
  }

  /** Whether any rule may match an event, decided by its early fields; undefined: every event has to be evaluated. */
  get sieve(): EventSieve | undefined {
    if (this.#sieve === null) this.#sieve = this.#makeSieve()
    return this.#sieve
  }

  /** By class of its event types: the events of that class that no rule can match. */
  get unmatched(): Unmatched {
    // Times between events count from the last one, whichever it is.
    if ([...this.fields].some(({ name }) => name.startsWith('evt.deltatime'))) return {}
    return this.#plan.unmatched()
  }

  #makeSieve(): EventSieve | undefined {
    // Relative times count from the first event, whichever it is.
    if ([...this.fields].some(({ name }) => name.startsWith('evt.reltime'))) return undefined
    const program = this.#plan.sieve()
    if (program === undefined) return undefined
    const evaluator = createEvaluator(program, this.#backend, this.errors)
    return {
      fields: program.registers.filter(field => field !== undefined).map(useOf),
      mayMatch(event) {
        evaluator.begin(event)
        return evaluator.test(0)
      },
    }
  }

  /** The alerts of an event. Without a match it returns the same frozen array each time; undefined when `deferral` holds the event. */
  evaluate(event: unknown, deferral?: Deferral): RuleAlert[] | undefined {
    if (deferral !== undefined) deferral.before(event)
    const context = this.#context
    nextEvent(context)
    let count = 0
    if (context.firstTime === undefined) context.firstTime = timeOf(this.source, event, context)
    try {
      count = this.ruleset.evaluate(event, this.#first)
    } catch (error) {
      this.failedEvents++
      this.errors.add('event', error, event)
    }
    const alerts = count === 0 ? NO_ALERTS : this.#alerts(event, count)
    if (deferral?.hold(event)) {
      context.num--
      return undefined
    }
    this.events++
    for (let i = 0; i < count; i++) this.counts[this.ruleset.matches[i]!]!++
    for (let i = 0; i < count; i++) this.#countAbsences(alerts[i]!)
    return alerts
  }

  #countAbsences({ absences }: RuleAlert): void {
    if (absences === undefined) return
    for (const why of Object.values(absences)) this.absences.set(why, (this.absences.get(why) ?? 0) + 1)
  }

  #alerts(event: unknown, count: number): RuleAlert[] {
    const { matches } = this.ruleset
    const alerts = new Array<RuleAlert>(count)
    const time = timeOf(this.source, event, this.#context)
    const key = eventKey(this.source, event, this.#context)
    for (let i = 0; i < count; i++) alerts[i] = this.plans[matches[i]!]!.alert(event, time, key)
    return alerts
  }
}
