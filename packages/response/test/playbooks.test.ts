import { alerts } from '@falc/engine'
import { describe, expect, test } from 'vitest'
import { readCases } from '../../../scripts/testing/cases.ts'
import { k8sAudit } from '../../sources-k8saudit/src/index.ts'
import { syscall } from '../../sources-syscall/src/index.ts'
import {
  ACTIONS,
  defineAction,
  fieldOf,
  fromTalon,
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
})

test('a user-defined action is planned like a built-in one', () => {
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

test('cases in YAML report differences, and name a missing key', async () => {
  const playbooks = '- playbook: p\n  when: alert.rule = Shell\n  steps: [{ kill_container: }]'
  const file = (content: string) => runCases({ name: 'p.test.yaml', content }, playbooks, { source })
  const alert = '{ rule: Shell, output_fields: { container.id: 0123456789ab } }'
  expect(await file(`- test: a\n  alert: ${alert}\n  expect: { p: [kill container 0123456789ab] }`)).toEqual([
    { name: 'a', differences: [] },
  ])
  expect(await file(`- test: b\n  alert: ${alert}\n  expect: { p: [], q: [x] }`)).toEqual([
    { name: 'b', differences: ['- p: nothing', '+ p: kill container 0123456789ab', '- q: x'] },
  ])
  await expect(file('- test: c\n  alrt: {}\n  expect: {}')).rejects.toThrow(/p.test.yaml:1:3: needs the key alert/)
})

test.each([
  ['[sh, -c, "kill %proc.pid"]', false],
  ['[/bin/bash, -ec, "id; echo %fd.name"]', false],
  ['[env, A=b, /usr/bin/python3.12, -c, "print(%proc.pid)"]', false],
  ['[perl, -e, "print %proc.pid"]', false],
  ['[bash, -e, -c, "kill %proc.pid"]', false],
  ['[bash, -e, -o, pipefail, -c, "kill %proc.pid"]', false],
  ['[bash, -c, -e, "kill %proc.pid"]', false],
  ['[bash, -e, -u, /opt/script, "%proc.name"]', true],
  ['[sh, -c, "kill $0", "%proc.pid"]', true],
  ['[sh, -c, "date"]', true],
  ['[/usr/local/bin/block, -c, "%fd.rip"]', true],
  ['[sh, /opt/script, "%proc.name"]', true],
])('%s: loads only if no field is part of what a shell reads', (command, loads) => {
  for (const action of ['program', 'debug_container']) {
    const content = `[{ playbook: p, when: alert.rule exists, steps: [{ ${action}: { command: ${command}${action === 'program' ? '' : ', image: x'} } }] }]`
    const load = () => loadPlaybooks([{ name: 'p.yaml', content }], { actions: ACTIONS, source: alerts() })
    if (loads) expect(load()).toHaveLength(1)
    else expect(load).toThrow('must not be part of what a shell reads')
  }
})

describe('falco-talon', () => {
  const RULES = `
- action: Terminate
  actionner: kubernetes:terminate
  parameters: { grace_period_seconds: 5 }
- rule: A shell
  match:
    rules: [Shell]
    priority: ">=Warning"
    tags: ["k8s, x", other]
    output_fields: ["k8s.ns.name!=kube-system, proc.name=sh", "proc.aname[2]=x"]
  notifiers: [slack]
  continue: "false"
  actions:
    - { action: Terminate, parameters: { grace_period_seconds: 2 } }
    - { action: Run, actionner: kubernetes:exec, parameters: { command: 'echo \${FD_NAME}' } }
    - { action: Spare, actionner: kubernetes:terminate, parameters: { ignore_standalone_pods: true } }
- rule: Nothing is left
  match: { rules: [Shell] }
  actions: [{ action: Call, actionner: aws:lambda }]
- rule: A shell
  match: { rules: [Another] }
`
  const { yaml, notes } = fromTalon([{ name: 'talon.yaml', content: RULES }])

  test('converted rules match the alerts that the original rules describe', () => {
    const pod = { 'k8s.ns.name': 'shop', 'k8s.pod.name': 'web-0', 'k8s.pod.uid': '6a1e9f5c-0001', 'proc.name': 'sh' }
    const planned = (alert: Record<string, unknown>) =>
      testPlaybook(
        yaml,
        { rule: 'Shell', priority: 'Error', tags: ['other'], output_fields: pod, ...alert },
        { source },
      ).length
    expect(planned({})).toBe(1)
    expect(planned({ rule: 'Another', tags: ['k8s', 'x'] })).toBe(1)
    expect(planned({ rule: 'None' })).toBe(0)
    expect(planned({ priority: 'Notice' })).toBe(0)
    expect(planned({ tags: ['k8s'] })).toBe(0)
    expect(planned({ output_fields: { ...pod, 'k8s.ns.name': 'kube-system' } })).toBe(0)
    expect(planned({ output_fields: { 'proc.name': 'sh' } })).toBe(1)
    expect(planned({ output_fields: { 'proc.aname[2]': 'x', 'proc.name': 'bash' } })).toBe(1)
    expect(
      shown(testPlaybook(yaml, { rule: 'Shell', priority: 'Error', tags: ['other'], output_fields: pod }, { source })),
    ).toBe(
      'A shell (dry-run)\n  delete_pod pod:6a1e9f5c-0001 → delete pod shop/web-0\n  notify pod:6a1e9f5c-0001 → tell slack',
    )
  })

  test('notes report what became of each part', () => {
    expect(notes.map(({ rule, what, verdict }) => `${rule}: ${what}: ${verdict}`)).toEqual([
      'A shell: Terminate: better',
      'A shell: Run: refused',
      'A shell: Spare: refused',
      'A shell: continue: false: different',
      'Nothing is left: Call: refused',
      'Nothing is left: the rule: refused',
    ])
    expect(notes[2]!.reason).toBe('kubernetes:terminate with ignore_standalone_pods: there is no such parameter')
  })

  test.each([
    ['- { rule: a, match: { priority: high } }', 'talon.yaml:1:33: priority must be one of'],
    ['- { rule: a, match: { output_fields: [x] } }', 'talon.yaml:1:39: "x" is not FIELD=VALUE'],
    ['- { name: a }', 'talon.yaml:1:3: an item has an action or a rule'],
    ['rules: []', 'talon.yaml:1:1: a file of falco-talon is a list'],
  ])('%s: refused with its position', (content, expected) => {
    const withAction = content.replace(/ } }$/, ' }, actions: [{ action: b, actionner: kubernetes:label }] }')
    expect(() => fromTalon([{ name: 'talon.yaml', content: withAction }])).toThrow(expected)
  })
})
