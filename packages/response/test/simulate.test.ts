/** What playbooks would have done about past alerts. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { alerts } from '@falc/engine'
import { describe, expect, test } from 'vitest'
import { ACTIONS, loadFunctions, loadPlaybooks, type SimulatedStep, Simulation } from '../src/index.ts'
import { folder, shellIn } from './machine.ts'

const [A, B, C] = ['aaaaaaaaaaaa', 'bbbbbbbbbbbb', 'cccccccccccc']
const at = (minute: number, container: string) =>
  shellIn(container, { time: new Date(Date.UTC(2026, 0, 1, 0, minute)).toISOString(), output: `${minute}` })
const ALERTS = [at(0, A), at(1, A), at(2, B), at(3, C), at(61, A), at(61, C)]

const FUNCTION = `export default {
  name: 'kill_container_slowly', doc: '', example: '{}', params: { type: 'object', properties: {} },
  target: ({ output_fields }) => ({ kind: 'container', uid: output_fields['container.id'], name: 'it' }),
  plan: () => ['kill it'],
}`

describe('simulate', () => {
  test.each([['kill_container'], ['kill_container_slowly']])(
    '%s: limits are applied by the times of the alerts',
    async action => {
      const file = join(folder(), 'function.mjs')
      writeFileSync(file, FUNCTION)
      const actions = [...ACTIONS, ...(await loadFunctions([file], { planning: 60_000 }))]
      const content = `- playbook: p
  when: alert.rule = Shell
  limits: { per_target: 1/1h, total: 4/1h }
  steps: [{ ${action}: }, { notify: { output: x } }]`
      const source = alerts()
      const playbooks = loadPlaybooks([{ name: 'p', content }], { actions, source })
      const simulation = new Simulation(playbooks, source)
      const taken = await Promise.all(ALERTS.map(alert => simulation.take(alert)))
      const shown = taken.map(steps => steps.map(({ held }) => held?.guard ?? 'acts').join(' '))
      expect(shown).toEqual([
        'acts acts',
        'per_target per_target',
        'acts acts',
        'total total',
        'acts acts',
        'total total',
      ])
    },
  )

  test('alerts from responders start nothing', () => {
    const source = alerts()
    const content = '[{ playbook: p, when: alert.rule = Shell, steps: [{ kill_container: }] }]'
    const playbooks = loadPlaybooks([{ name: 'p', content }], { actions: ACTIONS, source })
    expect(new Simulation(playbooks, source).take(shellIn(A, { source: 'response' }))).toEqual([])
  })

  test('the fuse trips for good', () => {
    const source = alerts()
    const content = '[{ playbook: p, when: alert.rule = Shell, steps: [{ kill_container: }] }]'
    const playbooks = loadPlaybooks([{ name: 'p', content }], { actions: ACTIONS, source })
    const simulation = new Simulation(playbooks, source, { fuse: { count: 1, per: 1000 } })
    const alike = [at(0, A), at(0, B), at(120, C)].flatMap(alert => simulation.take(alert) as SimulatedStep[])
    expect(alike).toMatchObject([
      { plan: [`kill container ${A}`] },
      { held: { guard: 'fuse' } },
      { held: { guard: 'fuse' } },
    ])
  })
})
