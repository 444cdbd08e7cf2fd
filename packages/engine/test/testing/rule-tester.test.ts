import { expect, test } from 'vitest'
import { RuleTester, RuleTestFailure } from '../../src/engine/rule-tester.ts'
import { type Request, RULES, shop } from '../engine/shop.ts'

const tester = () => new RuleTester<Request>({ files: [{ name: 'shop.yaml', content: RULES }], source: shop })
const wipe: Request = { action: 'delete', user: 'eve', rows: 500 }

test('expectations that hold give the alert', () => {
  const rules = tester()
  expect(rules.expectAlert('Mass delete', { action: 'read' }, wipe).message).toBe('eve deleted 500 rows')
  expect(rules.expectAlert('Any delete', wipe).message).toBe('eve deletes')
  rules.expectNoAlert('Mass delete', { ...wipe, rows: 100 }, { ...wipe, user: 'root' })
  rules.expectNone({ action: 'read' }, { action: 'write' })
})

test('expectations that do not hold say why', () => {
  const rules = tester()
  const failing = (f: () => void) => {
    try {
      f()
    } catch (error) {
      expect(error).toBeInstanceOf(RuleTestFailure)
      return (error as Error).message
    }
    return 'holds'
  }
  expect(failing(() => rules.expectAlert('Mass delete', { action: 'read' }, { ...wipe, rows: 3 }))).toMatch(
    /^expected an alert of "Mass delete" \(event 2 of 2 came nearest\)\n.*\n[\s\S]*one check[\s\S]*shop.rows > 100 {2}is 3/,
  )
  expect(failing(() => rules.expectNoAlert('Mass delete', wipe))).toContain('expected no alert of "Mass delete"\n')
  expect(failing(() => rules.expectNone(wipe))).toContain('but "Mass delete" gave one')
  expect(failing(() => rules.expectAlert('Mass', wipe))).toContain('there are: "Mass delete", "Any delete", "Off"')
  expect(failing(() => rules.expectAlert('Off', { action: 'read' }))).toContain('the rule is disabled')
})

test('rules that do not load fail with their problems', () => {
  const files = [{ name: 'shop.yaml', content: RULES.replace('shop.rows >', 'shop.row >') }]
  expect(() => new RuleTester({ files, source: shop })).toThrow(/shop\.yaml[\s\S]*nonexistent field shop\.row/)
})

test('coverage names the checks that no event turned', () => {
  const rules = tester()
  rules.alerts(wipe, { ...wipe, rows: 5 })
  expect(
    rules.coverage
      .untested()
      .filter(c => c.rule === 'Mass delete')
      .map(c => [c.text, c.held, c.failed]),
  ).toEqual([
    ['shop.action = delete', 2, 0],
    ['shop.user in (root, ada)', 0, 2],
    ['shop.user = cleaner', 0, 2],
  ])
  expect(rules.coverage.neverMatched()).toEqual(['Off'])
  expect(String(rules.coverage)).toMatchSnapshot()
})
