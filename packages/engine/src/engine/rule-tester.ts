import type { Alert } from '../alert/alert.ts'
import type { Source } from '../fields/field.ts'
import { Coverage } from '../testing/coverage.ts'
import { explanationText } from '../testing/explanation-text.ts'
import { formatProblem } from '../text/report.ts'
import { Engine } from './engine.ts'
import type { LoadedRule, RulesFile } from './loaded-rule.ts'
import type { EngineOptions } from './options.ts'

export interface RuleTesterOptions<E> extends Omit<EngineOptions, 'sources'> {
  readonly files: readonly RulesFile[]
  /** The source whose events the tests give. */
  readonly source: Source<E>
  /** Other sources that the files have rules for. */
  readonly otherSources?: readonly Source[]
}

/** An expectation that does not hold; the message explains what the rule made of the event. */
export class RuleTestFailure extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'RuleTestFailure'
  }
}

/**
 * Tests rules on events, with any test runner: expectations throw when they do not hold. All rules that match count,
 * also behind an earlier one (`ruleMatching: 'first'` tests them in Falco's default order).
 */
export class RuleTester<E = any> {
  readonly engine: Engine
  readonly rules: readonly LoadedRule[]
  readonly #source: Source<E>
  readonly #coverage = new Coverage()

  /** @throws {RuleTestFailure} with all problems when the rules do not load */
  constructor(options: RuleTesterOptions<E>) {
    const { files, source, otherSources = [], ...rest } = options
    this.#source = source
    this.engine = new Engine({ ruleMatching: 'all', ...rest, sources: [source, ...otherSources] })
    const report = this.engine.load(files)
    if (!report.ok) throw new RuleTestFailure(report.errors.map(formatProblem).join('\n'))
    this.rules = report.rules.filter(rule => rule.source === source.name)
  }

  /** The alerts of events, in order. */
  alerts(...events: readonly E[]): Alert[] {
    return events.flatMap(event => {
      for (const rule of this.rules)
        this.#coverage.record(rule.name, this.engine.explain(this.#source, event, rule.name).condition)
      return this.engine.evaluate(this.#source, event)
    })
  }

  /**
   * The rule must give an alert for one of the events.
   * @returns the first such alert, to look at its output
   * @throws {RuleTestFailure} with the explanation of the event that came nearest
   */
  expectAlert(rule: string, ...events: readonly E[]): Alert {
    this.#known(rule)
    const alert = this.alerts(...events).find(given => given.rule === rule)
    if (alert) return alert
    if (events.length === 0) throw new RuleTestFailure(`${rule}: no events were given`)
    const explanations = events.map(event => this.engine.explain(this.#source, event, rule))
    const distance = (at: number) => explanations[at]!.nearestMiss?.changes.length ?? 0
    const nearest = explanations.reduce((best, _, at) => (distance(at) < distance(best) ? at : best), 0)
    const which = events.length === 1 ? '' : ` (event ${nearest + 1} of ${events.length} came nearest)`
    throw new RuleTestFailure(`expected an alert of "${rule}"${which}\n${explanationText(explanations[nearest]!)}`)
  }

  /** The rule must give no alert for any of the events. @throws {RuleTestFailure} with the explanation of the first that does */
  expectNoAlert(rule: string, ...events: readonly E[]): void {
    this.#known(rule)
    events.forEach((event, i) => {
      if (!this.alerts(event).some(alert => alert.rule === rule)) return
      const which = events.length === 1 ? '' : ` for event ${i + 1}`
      const text = explanationText(this.engine.explain(this.#source, event, rule))
      throw new RuleTestFailure(`expected no alert of "${rule}"${which}\n${text}`)
    })
  }

  /** No rule may give an alert for any of the events. @throws {RuleTestFailure} */
  expectNone(...events: readonly E[]): void {
    for (const event of events) {
      const alert = this.alerts(event)[0]
      if (!alert) continue
      const text = explanationText(this.engine.explain(this.#source, event, alert.rule))
      throw new RuleTestFailure(`expected no alert, but "${alert.rule}" gave one\n${text}`)
    }
  }

  /** What the events so far have shown of each check: those that never changed their truth are not tested. */
  get coverage(): Coverage {
    return this.#coverage
  }

  #known(rule: string): void {
    if (this.rules.some(({ name }) => name === rule)) return
    const names = this.rules.map(({ name }) => `"${name}"`).join(', ')
    throw new RuleTestFailure(`there is no rule "${rule}" for source ${this.#source.name}; there are: ${names}`)
  }
}
