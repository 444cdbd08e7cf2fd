import { explanationText } from '../explain/explanation-text.ts'
import type { RuleTester } from './rule-tester.ts'

/** What a matcher returns to vitest or Jest. */
interface MatchResult {
  readonly pass: boolean
  message(): string
}

type Tester = Pick<RuleTester, 'expectAlert' | 'expectNone' | 'expectNoAlert' | 'engine' | 'rules'>

/**
 * Matchers for `expect.extend` of vitest and Jest; the subject is an event, or a list of events.
 *
 *   expect(event).toAlert(tester, 'Rule')          one of the events raises an alert of the rule
 *   expect(event).toStaySilent(tester, 'Rule')     none does; without a rule: no alert of any rule
 *   expect(event).toExplain(tester, 'Rule', /…/)   the explanation of the first event matches
 */
export const matchers = {
  toAlert(subject: unknown, tester: Tester, rule: string): MatchResult {
    return holds(() => void tester.expectAlert(rule, ...listOf(subject)), `expected no alert of "${rule}"`)
  },
  toStaySilent(subject: unknown, tester: Tester, rule?: string): MatchResult {
    const events = listOf(subject)
    const check = () => (rule === undefined ? tester.expectNone(...events) : tester.expectNoAlert(rule, ...events))
    return holds(check, `expected ${rule === undefined ? 'an alert' : `an alert of "${rule}"`}`)
  },
  toExplain(subject: unknown, tester: Tester, rule: string, text: RegExp | string): MatchResult {
    const [event] = listOf(subject)
    const explanation = explanationText(tester.engine.explain(sourceOf(tester, rule), event as never, rule))
    const pass = typeof text === 'string' ? explanation.includes(text) : text.test(explanation)
    return { pass, message: () => `expected the explanation${pass ? ' not' : ''} to match ${text}: ${explanation}` }
  },
}

function listOf(subject: unknown): readonly unknown[] {
  return Array.isArray(subject) ? subject : [subject]
}

/** @throws {TypeError} */
function sourceOf({ rules }: Tester, name: string): string {
  const rule = rules.find(one => one.name === name)
  if (!rule) throw new TypeError(`there is no rule "${name}"`)
  return rule.source
}

function holds(check: () => void, otherwise: string): MatchResult {
  try {
    check()
    return { pass: true, message: () => otherwise }
  } catch (error) {
    if (!(error instanceof Error) || error.name !== 'RuleTestFailure') throw error
    return { pass: false, message: () => error.message }
  }
}
