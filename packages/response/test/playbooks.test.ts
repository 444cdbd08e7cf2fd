import { alerts } from '@falc/engine'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { readCases } from '../../../scripts/testing/cases.ts'
import { k8sAudit } from '../../sources-k8saudit/src/index.ts'
import { syscall } from '../../sources-syscall/src/index.ts'
import {
  ACTIONS,
  defineAction,
  fieldOf,
  loadPlaybooks,
  PlaybookError,
  runCases,
  type TestedPlan,
  testPlaybook,
} from '../src/index.ts'

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

  test('with whatever an alert holds: no crash, and no call with anything but what was planned', () => {
    const steps = ACTIONS.map(({ name, example }) => ({ [name]: parse(example) }))
    const content = JSON.stringify([{ playbook: 'p', when: 'alert.rule exists', steps }])
    const playbooks = loadPlaybooks([{ name: 'p', content }], { actions: ACTIONS, source: alerts() })
    const options = { source: alerts() }
    const names = ['proc.pid', 'proc.pid.ts', 'proc.name', 'proc.exepath', 'container.id', 'container.name', 'fd.name']
    const hostile = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 30 }),
      fc.integer(),
      fc.constantFrom(
        '1',
        '4711',
        '203.0.113.9',
        '0123456789ab',
        '/etc/passwd',
        '/tmp/x',
        '<NA>',
        '$(id)',
        '../..',
        '%proc.name',
        null,
      ),
    )
    const all = [...names, 'fd.rip', 'k8s.pod.uid', 'k8s.ns.name']
    const fields = fc.record(Object.fromEntries(all.map(name => [name, hostile])), { requiredKeys: [] })
    const SOUND: Record<string, string | number>[] = [
      { 'proc.pid': 4711, 'container.id': '0123456789ab', 'fd.rip': '203.0.113.9' },
      { 'proc.exepath': '/tmp/x' },
    ]
    const vias = new Set<string>()
    fc.assert(
      fc.property(fields, output_fields => {
        const [plan] = testPlaybook(playbooks, { output_fields }, options)
        expect(plan!.steps.map(({ action }) => action)).toEqual(ACTIONS.map(({ name }) => name))
        for (const { calls, held } of plan!.steps) {
          if (held !== undefined) continue
          for (const call of calls) {
            if (typeof call === 'string') continue
            vias.add(call.via)
            // What is fixed in the playbook stays so.
            if (call.via === 'http') expect(call.url).toBe('https://functions.example/kill')
            if (call.via === 'nats') expect(call.subject).toBe('FUNCTIONS.quarantine')
            if (call.via === 'program') expect(call.argv).toEqual(['/usr/local/bin/block', call.argv[1]])
            if (call.via === 'process') expect(call.pid).toBeGreaterThan(1)
            if (call.via === 'engine') expect(call.container).toMatch(/^[0-9a-f]{12,64}$/)
            if (call.via === 'file') expect(call.path).toMatch(/^\/(?!etc\/|usr\/|proc\/)/)
          }
        }
      }),
      { numRuns: Number(process.env.FALC_RUNS ?? 500), examples: SOUND.map((one): [typeof one] => [one]) },
    )
    expect([...vias].sort()).toEqual(['engine', 'file', 'http', 'nats', 'output', 'process', 'program'])
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
