import { alerts } from '@falc/engine'
import { describe, expect, test } from 'vitest'
import { readCases } from '../../../scripts/testing/cases.ts'
import { k8sAudit } from '../../sources-k8saudit/src/index.ts'
import { syscall } from '../../sources-syscall/src/index.ts'
import { ACTIONS, defineAction, fieldOf, PlaybookError, runCases, type TestedPlan, testPlaybook } from '../src/index.ts'

const source = alerts({ sources: [syscall(), k8sAudit()] })

const shown = (plans: readonly TestedPlan[]) =>
  plans
    .flatMap(({ playbook, mode, steps }) => [
      `${playbook} (${mode})`,
      ...steps.map(({ action, target, calls, held }) => {
        const about = `  ${action}${target ? ` ${target.kind}:${target.uid}` : ''}`
        return held === undefined
          ? `${about} → ${calls.map(call => (typeof call === 'string' ? call : call.says)).join('; ')}`
          : `${about}: ${held}`
      }),
    ])
    .join('\n')

for (const { file, cases } of readCases(new URL('cases/', import.meta.url))) {
  describe(file, () => {
    test.each(cases)('$title', one => {
      try {
        const plans = testPlaybook(one.text('playbooks'), JSON.parse(one.text('alert')), { source })
        one.expect('plan', shown(plans))
      } catch (error) {
        if (!(error instanceof PlaybookError)) throw error
        one.expect('error', error.message.replaceAll('playbooks.yaml', 'p.yaml'))
      }
    })
  })
}

describe('every action', () => {
  test.each(ACTIONS.map(action => [action.name, action] as const))('%s: its example loads', (name, { example }) => {
    const playbook = `- playbook: p\n  when: alert.rule exists\n  steps:\n    - ${name}: ${example}`
    expect(() => testPlaybook(playbook, {}, { source })).not.toThrow()
  })
})

test('an action of one’s own is planned like those of falc', () => {
  const block = defineAction({
    name: 'block_address',
    doc: 'Blocks an address at the firewall.',
    example: '{ for: 1h }',
    params: { type: 'object', properties: { table: { type: 'string', default: 'falc' } } },
    target: alert => ({ kind: 'alert', uid: fieldOf(alert, 'fd.rip'), name: fieldOf(alert, 'fd.rip') }),
    plan: ({ target, params }) => [`block ${target.name} in ${params.table.toUpperCase()}`],
    run: async () => ({ outcome: 'done', said: 'blocked' }),
  })
  const playbook = '- playbook: p\n  when: alert.rule exists\n  steps: [{ block_address: }]'
  const alert = { output_fields: { 'fd.rip': '203.0.113.9' } }
  expect(shown(testPlaybook(playbook, alert, { actions: [block] }))).toBe(
    'p (dry-run)\n  block_address alert:203.0.113.9 → block 203.0.113.9 in FALC',
  )
  expect(shown(testPlaybook(playbook, {}, { actions: [block] }))).toContain('the alert has no fd.rip')
})

test('cases in YAML: what is different is named', () => {
  const playbooks = '- playbook: p\n  when: alert.rule = Shell\n  steps: [{ kill_container: }]'
  const file = (content: string) => runCases({ name: 'p.test.yaml', content }, playbooks, { source })
  const alert = '{ rule: Shell, output_fields: { container.id: 0123456789ab } }'
  expect(file(`- test: a\n  alert: ${alert}\n  expect: { p: [kill container 0123456789ab] }`)).toEqual([
    { name: 'a', differences: [] },
  ])
  expect(file(`- test: b\n  alert: ${alert}\n  expect: { p: [], q: [x] }`)).toEqual([
    { name: 'b', differences: ['- p: nothing', '+ p: kill container 0123456789ab', '- q: x'] },
  ])
  expect(() => file('- test: c\n  alrt: {}\n  expect: {}')).toThrow(/p.test.yaml:1:3: needs the key alert/)
})
