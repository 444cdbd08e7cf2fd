import { describe, expect, test } from 'vitest'
import { Engine, type Problem } from '../../src/index.ts'
import { RULES, shop } from './shop.ts'

const engine = new Engine({ sources: [shop] })
const inFile = (problems: readonly Problem[], name: string) =>
  problems.filter(({ locations }) => locations.at(-1)!.position.name === name)

const BASE = { name: 'base.yaml', content: RULES }
const rule = (name: string, condition: string) => `
- rule: ${name}
  desc: d
  condition: ${condition}
  output: "%shop.user"
  priority: WARNING
  source: shop
`
const LATER = {
  'uses a macro and a list': rule('A', 'mass and shop.user in (admins)'),
  'changes a macro': '- macro: mass\n  condition: or shop.rows > 5\n  override: {condition: append}\n',
  'breaks a macro that an earlier rule uses': '- macro: mass\n  condition: shop.rowz > 5\n',
  'extends a rule': '- rule: Mass delete\n  condition: and shop.user exists\n  override: {condition: append}\n',
  'refers to undefined items': `${rule('B', 'masss')}- list: more\n  items: [x]\n  override: {items: append}\n`,
  'is not YAML': '- rule: [',
}

describe('files after a foundation are analysed as if all were loaded together', () => {
  test.each(Object.entries(LATER))('%s', (_, content) => {
    const file = { name: 'later.yaml', content }
    const together = engine.analyse([BASE, file])
    const after = engine.analyse([file], engine.foundation([BASE]))
    for (const kind of ['errors', 'warnings'] as const)
      expect(inFile(after.result[kind], file.name)).toEqual(inFile(together.result[kind], file.name))
    expect(after.rules.map(({ rule: { name }, node }) => [name, node])).toEqual(
      together.rules.map(({ rule: { name }, node }) => [name, node]),
    )
  })

  test('rules that they do not affect are neither resolved nor compiled again', () => {
    const foundation = engine.foundation([BASE])
    const rules = [1, 2].map(n => {
      const file = { name: 'later.yaml', content: rule('A', `shop.rows > ${n}`) }
      return engine.analyse([file], foundation).rules
    })
    expect(rules[0]![0]).toBe(rules[1]![0])
    expect(rules[0]!.at(-1)).not.toBe(rules[1]!.at(-1))
  })
})
