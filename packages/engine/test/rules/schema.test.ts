import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { load } from './checks.ts'

test('the compiled schema matches rule-schema.json', () => {
  const script = fileURLToPath(new URL('../../scripts/generate-schema.ts', import.meta.url))
  execFileSync(process.execPath, [script, '--check'])
})

const RULE = '- rule: R\n  desc: d\n  condition: proc.name = a\n  output: x\n  priority: INFO\n'

test.for([
  ['nothing', '', 'none', []],
  ['comments only', '# nothing\n', 'none', []],
  ['a rule', RULE, 'ok', []],
  ['lower case priority', RULE.replace('INFO', 'info'), 'failed', [/priority.*EMERGENCY/]],
  ['unknown key', `${RULE}  prority: INFO\n`, 'failed', [/prority/]],
  ['text for a boolean', `${RULE}  capture: "yes"\n`, 'failed', [/\/0\/capture: must be boolean/]],
  ['a YAML 1.1 boolean', `${RULE}  capture: yes\n`, 'ok', []],
  [
    'an unknown key in an exception',
    `${RULE}  exceptions:\n    - name: e\n      fields: [proc.name]\n      value: x\n`,
    'failed',
    [/value/],
  ],
] as const)('%s', ([, content, schema, warnings]) => {
  const result = load([{ name: 'rules.yaml', content }]).files[0]!
  expect(result.errors).toEqual([])
  expect(result.schema).toBe(schema)
  expect(result.schemaWarnings).toHaveLength(warnings.length)
  warnings.forEach((pattern, i) => void expect(result.schemaWarnings[i]).toMatch(pattern))
})
