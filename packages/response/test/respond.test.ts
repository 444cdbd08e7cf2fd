import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { AlertData } from '@falc/engine'
import { describe, expect, test } from 'vitest'
import { decide, Journal, POINTS, STOP_FILE } from '../src/index.ts'
import { folder, journalOf, playbook, respondWith, shellIn, World } from './machine.ts'

const A = 'aaaaaaaaaaaa'
const B = 'bbbbbbbbbbbb'
const C = 'cccccccccccc'

describe('modes', () => {
  test('a dry run makes one dry call for each target, and an enforced run after it still acts', async () => {
    const [world, path] = [new World(), folder()]
    const dry = await respondWith(playbook('dry-run'), world, { folder: path })
    await dry.responder.take(shellIn(A))
    await dry.responder.take(shellIn(A, { output: 'again' }))
    await dry.close()
    expect(world.asked).toEqual([`dry: stop container ${A}`])
    const enforced = await respondWith(playbook('enforce'), world, { folder: path })
    await enforced.responder.take(shellIn(A))
    await enforced.close()
    expect(world.asked).toEqual([`dry: stop container ${A}`, `stop container ${A}`])
  })
})

describe('once', () => {
  test('a repeated alert, and another one about the same target, do nothing, also after a restart', async () => {
    const [world, path] = [new World(), folder()]
    for (let start = 0; start < 2; start++) {
      const open = await respondWith(playbook('enforce'), world, { folder: path })
      expect((await open.responder.take(shellIn(A))).acted).toBe(start === 0 ? 1 : 0)
      expect((await open.responder.take(shellIn(A, { output: 'another' }))).held).toBe(1)
      await open.close()
    }
    expect(world.asked).toEqual([`stop container ${A}`])
  })

  test('of simultaneous alerts about one target, only one acts', async () => {
    const world = new World()
    const open = await respondWith(playbook('enforce'), world, { folder: folder() })
    await Promise.all([1, 2, 3, 4].map(n => open.responder.take(shellIn(A, { output: `${n}` }))))
    await open.close()
    expect(world.asked).toEqual([`stop container ${A}`])
  })

  test.each(POINTS.slice(1))(
    'a step whose process ends when it is %s never runs twice, and an unknown outcome is recorded',
    async point => {
      const [world, path] = [new World(), folder()]
      const death = new Error('the process ends')
      const first = await respondWith(playbook('enforce'), world, {
        folder: path,
        point: at => {
          if (at === point) throw death
        },
      })
      await first.responder.take(shellIn(A))
      const askedThen = world.asked.length
      await first.close()
      const second = await respondWith(playbook('enforce'), world, { folder: path })
      await second.responder.take(shellIn(A))
      await second.close()
      // Before the entry, nothing was begun, so the step runs now. After it, nobody knows, so it does not.
      expect(world.asked).toEqual(point === 'asked' ? [] : [`stop container ${A}`])
      expect(askedThen).toBe(point === 'claimed' || point === 'asked' ? 0 : 1)
      const undecided = journalOf(path).filter(line => line.endsWith('undecided'))
      expect(undecided.length).toBe(point === 'asked' || point === 'acted' ? 1 : 0)
    },
  )
})

describe('guards', () => {
  test('a total limit holds back steps of its own playbook only', async () => {
    const world = new World()
    const both = playbook('enforce', '{ total: 2/1h }') + playbook('enforce').replace('playbook: p', 'playbook: q')
    const open = await respondWith(both, world, { folder: folder() })
    for (const container of [A, B, C]) await open.responder.take(shellIn(container))
    await open.close()
    expect(open.responder.account.heldBy).toEqual({ total: 1 })
    expect(world.asked).toHaveLength(5)
  })

  test('the fuse holds back all further steps', async () => {
    const world = new World()
    const open = await respondWith(playbook('enforce'), world, { folder: folder(), fuse: { count: 1, per: 600_000 } })
    for (const container of [A, B, C]) await open.responder.take(shellIn(container))
    expect(open.limits.tripped).toBeDefined()
    await open.close()
    expect(open.responder.account.heldBy).toEqual({ fuse: 2 })
    expect(world.asked).toEqual([`stop container ${A}`])
  })

  test('the stop file holds back steps, and so does an alert of another machine', async () => {
    const [world, path] = [new World(), folder()]
    const open = await respondWith(playbook('enforce'), world, { folder: path })
    writeFileSync(join(path, STOP_FILE), '')
    await open.responder.take(shellIn(A))
    rmSync(join(path, STOP_FILE))
    await open.responder.take(shellIn(A, { hostname: 'web-2' }))
    expect(open.responder.account.heldBy).toEqual({ stopped: 1, machine: 1 })
    await open.responder.take(shellIn(A))
    await open.close()
    expect(world.asked).toEqual([`stop container ${A}`])
  })

  const ago = (ms: number) => new Date(Date.now() - ms).toISOString()
  test.each([
    ['a new alert', { time: ago(0) }, undefined, true],
    ['one from before the bound', { time: ago(7_200_000) }, undefined, false],
    ['one that was stored before the bound, whatever its time', { time: ago(0) }, Date.now() - 7_200_000, false],
    ['one from a clock that is far ahead', { time: ago(-7_200_000) }, undefined, false],
  ])('age: %s', async (_, more, stored, acts) => {
    const [world, path] = [new World(), folder()]
    const limited = playbook('enforce', '{ total: 1/1h }')
    const open = await respondWith(limited, world, { folder: path, maxAge: 3_600_000 })
    await open.responder.take(shellIn(A, more), stored)
    expect(open.responder.account.heldBy).toEqual(acts ? {} : { age: 1 })
    expect(journalOf(path).at(-1)).toBe(acts ? `answered stop_container ${A}: done` : `held stop_container ${A}: age`)
    // An alert that was held back uses up no limit.
    await open.responder.take(shellIn(B, { time: ago(0) }))
    await open.close()
    expect(world.asked).toEqual([`stop container ${acts ? A : B}`])
  })

  test('a step with an unknown outcome is undecided, however old its alert is', () => {
    const begun = { alerts: ['a'], times: [0], state: 'claimed', by: 'another' } as const
    const claim = { key: 'k', alert: 'a', limit: { count: 1, per: 3_600_000 }, stale: 'it is old' }
    expect(decide(begun, claim, 'me', 100_000, 90_000).verdict).toEqual({ claimed: false, undecided: true })
    const done = { ...begun, state: 'done' } as const
    expect(decide(done, { ...claim, alert: 'b' }, 'me', 100_000, 90_000).verdict).toMatchObject({ guard: 'age' })
  })

  test('alerts from responders start nothing', async () => {
    const world = new World()
    const open = await respondWith(playbook('enforce'), world, { folder: folder() })
    await open.responder.take(shellIn(A, { source: 'response' }))
    await open.close()
    expect(world.asked).toEqual([])
  })
})

describe('answers', () => {
  test('a step that fails or throws does not hold up the others', async () => {
    const [world, path] = [new World(), folder()]
    world.answer = call => {
      if (call.via === 'engine') throw new Error('connection reset')
      return call.via === 'process' ? { outcome: 'failed', said: 'no' } : { outcome: 'done', said: '' }
    }
    const steps = '[{ stop_container: }, { kill_process: }, { notify: { output: on-call } }]'
    const open = await respondWith(playbook('enforce', '{}', steps), world, { folder: path })
    await open.responder.take(shellIn(A, { output_fields: { 'container.id': A, 'proc.pid': 4711 } }))
    await open.close()
    expect(journalOf(path).filter(line => line.startsWith('answered'))).toEqual([
      `answered stop_container ${A}: undecided`,
      'answered kill_process web-1/4711@1767225600000000000: failed',
      `answered notify ${A}: done`,
    ])
  })

  test('a call without an answer is undecided, and does not hold up other steps', async () => {
    const [world, path] = [new World(), folder()]
    world.answer = call => (call.via === 'engine' ? new Promise(() => {}) : { outcome: 'done', said: '' })
    const steps = '[{ stop_container: }, { notify: { output: on-call } }]'
    const open = await respondWith(playbook('enforce', '{}', steps), world, { folder: path, timeout: 10 })
    await open.responder.take(shellIn(A))
    await open.close()
    expect(journalOf(path).filter(line => line.startsWith('answered'))).toEqual([
      `answered stop_container ${A}: undecided`,
      `answered notify ${A}: done`,
    ])
  })

  test('steps held back for the same reason are recorded once, and all are counted', async () => {
    const path = folder()
    const open = await respondWith(playbook('enforce'), new World(), { folder: path })
    for (let i = 0; i < 500; i++) await open.responder.take(shellIn(A, { output: `${i}` }))
    await open.close()
    expect(open.responder.account.heldBy).toEqual({ per_target: 499 })
    expect(journalOf(path).filter(line => line.startsWith('held'))).toHaveLength(1)
  })
})

test('counts have all results and guards from the start', async () => {
  const [world, path] = [new World(), folder()]
  const open = await respondWith(playbook('enforce', '{}', '[{ pause_container: { for: 1h } }]'), world, {
    folder: path,
  })
  const nonzero = () => {
    const { steps, held, ...more } = open.counts
    const found = steps.filter(({ count }) => count > 0).map(({ action, result, dry }) => `${action} ${result} ${dry}`)
    return { ...more, steps: found, held: Object.entries(held).filter(([, n]) => n > 0) }
  }
  const none = { alerts: 0, matched: 0, dropped: 0, waiting: 0, undoing: 0, tripped: false, journalFailures: 0 }
  expect(nonzero()).toEqual({ ...none, steps: [], held: [] })
  expect([open.counts.steps.length, Object.keys(open.counts.held).length]).toEqual([12, 12])
  await open.responder.take(shellIn(A))
  await open.responder.take(shellIn(A, { output: 'another' }))
  const some = { ...none, alerts: 2, matched: 2, undoing: 1 }
  expect(nonzero()).toEqual({ ...some, steps: ['pause_container done false'], held: [['per_target', 1]] })
  await open.close()
})

test('a step and an undo during which a process ended are reported as alerts by the next one', async () => {
  const [path, told] = [folder(), [] as AlertData[]]
  const journal = await Journal.open(path)
  const alert = { id: 'a', rule: 'Shell', time: '', output: '' }
  const about = (run: string) => ({ run, playbook: 'p', step: 1, action: 'pause_container', alert })
  journal.append({ kind: 'asked', ...about('1'), why: [], plan: [], dry: false })
  journal.append({ kind: 'asked', ...about('2'), why: [], plan: [], dry: true })
  journal.append({ kind: 'undoing', ...about('3'), plan: [] })
  await journal.close()
  for (let start = 0; start < 2; start++) {
    const tell = (one: AlertData) => void told.push(one)
    const open = await respondWith(playbook('enforce'), new World(), { folder: path, tell })
    await open.close()
  }
  expect(told.map(({ rule, output_fields }) => `${rule}: ${output_fields['response.outcome']}`)).toEqual([
    'Falc response: step: undecided',
    'Falc response: undo: undecided',
  ])
})

test('steps are reported as alerts of source response, but dry runs and steps held back are not', async () => {
  const [world, told] = [new World(), [] as AlertData[]]
  world.answer = ({ via }) => ({ outcome: via === 'engine' ? 'done' : 'failed', said: '' })
  const steps = '[{ stop_container: }, { kill_process: }, { notify: { output: x } }]'
  const both = playbook('enforce', '{}', steps) + playbook('dry-run').replace('playbook: p', 'playbook: q')
  const open = await respondWith(both, world, { folder: folder(), tell: alert => told.push(alert) })
  await open.responder.take(shellIn(A))
  await open.close()
  expect(told.map(({ source, rule, priority, message }) => `${source} ${priority} ${rule}: ${message}`)).toEqual([
    `response Notice Falc response: step: stop_container container ${A}: done (playbook p, alert Shell)`,
    `response Warning Falc response: step: notify container ${A}: failed (playbook p, alert Shell)`,
  ])
  expect(new Set(told.map(({ id }) => id)).size).toBe(2)
})
