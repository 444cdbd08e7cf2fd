/** For tests of rules in vitest, Jest or node:test. */
export { matchers } from './engine/matchers.ts'
export { RuleTester, type RuleTesterOptions, RuleTestFailure } from './engine/rule-tester.ts'
