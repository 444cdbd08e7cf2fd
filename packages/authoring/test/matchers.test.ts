import { expect, test } from 'vitest'
import { matchers, RuleTester } from '../../engine/src/testing.ts'
import { syscall } from '../../sources-syscall/src/index.ts'
import { FieldEvent, testable } from '../src/index.ts'

const content = `
- rule: Shell
  desc: A shell
  condition: evt.type = execve and proc.name in (bash, sh)
  output: shell %proc.name
  priority: NOTICE
`
const tester = new RuleTester({ files: [{ name: 'rules.yaml', content }], source: testable(syscall()) })
const shell = new FieldEvent({ 'evt.type': 'execve', 'proc.name': 'sh' })
const other = new FieldEvent({ 'evt.type': 'execve', 'proc.name': 'cat' })

test('toAlert holds for an alert, and explains the nearest event otherwise', () => {
  expect(matchers.toAlert([other, shell], tester, 'Shell').pass).toBe(true)
  const { pass, message } = matchers.toAlert(other, tester, 'Shell')
  expect(pass).toBe(false)
  expect(message()).toContain('proc.name in (bash, sh)  is cat  rules.yaml:4:36')
})

test('toStaySilent holds when one rule, or every rule, raises no alert', () => {
  expect(matchers.toStaySilent(other, tester).pass).toBe(true)
  expect(matchers.toStaySilent(other, tester, 'Shell').pass).toBe(true)
  expect(matchers.toStaySilent(shell, tester).message()).toContain('"Shell" gave one')
})

test('toExplain compares the explanation', () => {
  expect(matchers.toExplain(other, tester, 'Shell', 'is cat').pass).toBe(true)
  expect(matchers.toExplain(shell, tester, 'Shell', /no match/).pass).toBe(false)
})

test('an event that cannot be tested fails, and an unknown rule is an error', () => {
  const wrong = new FieldEvent({ 'evt.type': 'execve', 'proc.nam': 'sh' })
  expect(matchers.toStaySilent(wrong, tester).message()).toContain('did you mean proc.name?')
  expect(matchers.toAlert(shell, tester, 'Shel').message()).toContain('there is no rule "Shel"')
  expect(() => matchers.toExplain(shell, tester, 'Shel', 'x')).toThrow('there is no rule "Shel"')
})
