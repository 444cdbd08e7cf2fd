import { expect, test } from 'vitest'
import { describeRules } from '../../src/engine/describe.ts'
import { Engine } from '../../src/engine/engine.ts'
import { threads } from '../ruleset/threads.ts'
import { RULES, shop } from './shop.ts'

test('lists, macros and rules with what they use', () => {
  const sources = [{ ...shop, plugin: { name: 'shop-plugin' } }]
  const content = `- required_engine_version: 0.40.0\n- list: all_admins\n  items: [bob, admins]\n${RULES.replace('(admins)', '(all_admins)')}`
  const ordered = content.replace(/(- list: all_admins\n.*\n)([\s\S]*?- list: admins\n.*\n)/, '$2$1')
  const report = new Engine({ sources }).load([{ name: 'shop.yaml', content: ordered }])
  expect(report.errors).toEqual([])
  expect(describeRules(report, { sources })).toMatchSnapshot()
})

test('one rule, with the events that it can match', () => {
  const rule = {
    rule: 'r',
    desc: 'd',
    condition: 'evt.type in (open, close)',
    output: '%proc.name',
    priority: 'INFO',
    source: 'threads',
  }
  const report = new Engine({ sources: [threads] }).load([{ name: 'r.yaml', content: JSON.stringify([rule]) }])
  const { rules, ...others } = describeRules(report, { sources: [threads], rule: 'r' })
  expect(others).toEqual({})
  expect(rules[0]!.details).toMatchObject({ events: ['asyncevent', 'close', 'open'], output_fields: ['proc.name'] })
})
