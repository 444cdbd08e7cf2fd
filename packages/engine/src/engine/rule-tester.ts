import type { Alert } from '../alert/alert.ts'
import type { Coverage } from '../explain/coverage.ts'
import { explanationText } from '../explain/explanation-text.ts'
import { checkOptions, type Expected } from '../fields/check-options.ts'
import type { FieldFailure } from '../fields/failures.ts'
import type { Source } from '../fields/field.ts'
import { formatProblem } from '../text/report.ts'
import { Engine } from './engine.ts'
import type { LoadedRule, RulesFile } from './loaded-rule.ts'
import { ENGINE_OPTIONS, type EngineOptions } from './options.ts'

export interface RuleTesterOptions<E> extends Omit<EngineOptions, 'sources'> {
  readonly files: readonly RulesFile[]
  /** The source of the events that are tested. */
  readonly source: Source<E>
  /** Further sources that the files have rules for. */
  readonly otherSources?: readonly Source[]
  /** Default true. Counting coverage evaluates each distinct check of all rules once per event. */
  readonly coverage?: boolean
}

const { sources: _, ...REST } = ENGINE_OPTIONS
const TESTER_OPTIONS = {
  ...{ files: 'list', source: 'object', otherSources: 'list', coverage: 'boolean', ...REST },
} as const satisfies Record<keyof RuleTesterOptions<unknown>, Expected>

/** An expectation that does not hold, or an event that cannot be tested; the message explains what the rule made of the event. */
export class RuleTestFailure extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'RuleTestFailure'
  }
}

/**
 * Tests rules on events, with any test runner: expectations throw when they do not hold. Every rule that matches gives an
 * alert; with `ruleMatching: 'first'` only the first one does, as Falco's default is. An event that its source does not accept fails
 * the test, and so does a field that cannot be read unless there is an `onError`.
 */
export class RuleTester<E = any> {
  readonly engine: Engine
  readonly rules: readonly LoadedRule[]
  readonly #source: Source<E>
  readonly #coverage: Coverage<E> | undefined
  /** Of the event at hand. */
  readonly #failures: FieldFailure[] = []

  /** @throws {RuleTestFailure} with all problems when the rules do not load */
  constructor(options: RuleTesterOptions<E>) {
    checkOptions('RuleTester', options, TESTER_OPTIONS)
    const { files, source, otherSources = [], coverage = true, ...rest } = options
    this.#source = source
    const onError = (failure: FieldFailure) => void this.#failures.push(failure)
    this.engine = new Engine({ ruleMatching: 'all', onError, ...rest, sources: [source, ...otherSources] })
    const report = this.engine.load(files)
    if (!report.ok) throw new RuleTestFailure(report.errors.map(formatProblem).join('\n'))
    this.rules = report.rules.filter(rule => rule.source === source.name)
    this.#coverage = coverage ? this.engine.coverage(source) : undefined
  }

  /** The alerts of events, in order. @throws {RuleTestFailure} when an event cannot be tested */
  alerts(...events: readonly E[]): Alert[] {
    return events.flatMap(event => {
      const refused = this.#source.check?.(event)
      if (refused !== undefined) throw new RuleTestFailure(`the event cannot be tested: ${refused}`)
      // What only coverage or an explanation could not read was no failure of an event.
      this.#failures.length = 0
      const alerts = this.engine.evaluate(this.#source, event)
      const [failure] = this.#failures
      if (failure) throw new RuleTestFailure(`${failure.field} could not be read: ${reason(failure.error)}`)
      this.#coverage?.record(event)
      return alerts
    })
  }

  /**
   * One of the events must raise an alert of the rule.
   * @returns the first such alert
   * @throws {RuleTestFailure} with an explanation of the event that was closest to a match
   */
  expectAlert(rule: string, ...events: readonly E[]): Alert {
    this.#known(rule)
    const alert = this.alerts(...events).find(given => given.rule === rule)
    if (alert) return alert
    if (events.length === 0) throw new RuleTestFailure(`${rule}: no events were given`)
    const explanations = events.map(event => this.engine.explain(this.#source, event, rule))
    const distance = (at: number) => explanations[at]!.nearestMiss?.changes.length ?? 0
    const nearest = explanations.reduce((best, _, at) => (distance(at) < distance(best) ? at : best), 0)
    const which = events.length === 1 ? '' : ` (event ${nearest + 1} of ${events.length} is the closest)`
    throw new RuleTestFailure(`expected an alert of "${rule}"${which}\n${explanationText(explanations[nearest]!)}`)
  }

  /** None of the events may raise an alert of the rule. @throws {RuleTestFailure} with an explanation of the first that does */
  expectNoAlert(rule: string, ...events: readonly E[]): void {
    this.#known(rule)
    events.forEach((event, i) => {
      if (!this.alerts(event).some(alert => alert.rule === rule)) return
      const which = events.length === 1 ? '' : ` for event ${i + 1}`
      const text = explanationText(this.engine.explain(this.#source, event, rule))
      throw new RuleTestFailure(`expected no alert of "${rule}"${which}\n${text}`)
    })
  }

  /** None of the events may raise any alert. @throws {RuleTestFailure} */
  expectNone(...events: readonly E[]): void {
    for (const event of events) {
      const alert = this.alerts(event)[0]
      if (!alert) continue
      const text = explanationText(this.engine.explain(this.#source, event, alert.rule))
      throw new RuleTestFailure(`expected no alert, but "${alert.rule}" gave one\n${text}`)
    }
  }

  /** The results of each check over the events so far. @throws {TypeError} with the option `coverage: false` */
  get coverage(): Coverage<E> {
    if (this.#coverage === undefined)
      throw new TypeError('coverage is not counted: the tester has the option coverage: false')
    return this.#coverage
  }

  #known(rule: string): void {
    if (this.rules.some(({ name }) => name === rule)) return
    const names = this.rules.map(({ name }) => `"${name}"`).join(', ')
    throw new RuleTestFailure(`there is no rule "${rule}" for source ${this.#source.name}; there are: ${names}`)
  }
}

function reason(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error)
}
