import { test } from 'vitest'
import { readCaseFile } from '../../../../scripts/testing/cases.ts'
import { printCondition } from '../../src/condition/print.ts'
import { load } from './checks.ts'

/** Required keys that the cases leave out. */
const rest = '  desc: d\n  output: x\n  priority: INFO\n'

/** Adds desc, output and priority to rules with a condition and without override. */
function complete(yaml: string): string {
  return yaml
    .split(/^(?=- )/m)
    .map(item =>
      /^- rule:/.test(item) && /^ {2}condition:/m.test(item) && !/override:|append:/.test(item)
        ? `${item.trimEnd()}\n${rest}`
        : item,
    )
    .join('')
}

function resolve(yaml: string): string {
  const { errors, warnings, rules } = load([{ name: 'rules.yaml', content: complete(yaml) }])
  const lines = rules.map(rule => {
    const used = [...rule.macros.map(name => `macro ${name}`), ...rule.lists.map(name => `list ${name}`)]
    const notes = [...(rule.enabled ? [] : ['disabled']), ...used].join(', ')
    return `${rule.name}: ${printCondition(rule.condition)}${notes === '' ? '' : `   [${notes}]`}`
  })
  for (const { code, message, locations } of [...errors, ...warnings])
    lines.push(`${code} ${locations[1]?.item_name}: ${message}`)
  return lines.join('\n')
}

test.each(readCaseFile(new URL('../cases/rules/resolution.txt', import.meta.url)))('$title', one => {
  one.expect('resolved', resolve(one.text('rules')))
})
