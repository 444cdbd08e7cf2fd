/** Steps that wait for approval. */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { alertJson } from '@falc/engine'
import { describe, expect, test } from 'vitest'
import { until } from '../../../scripts/testing/wait.ts'
import { answerWaiting, Journal, type Once, waitingIn, waitingNow } from '../src/index.ts'
import { folder, journalOf, playbook, respondWith, shellIn, World } from './machine.ts'

const A = 'aaaaaaaaaaaa'
const B = 'bbbbbbbbbbbb'

describe('approval', () => {
  test('a step waits for one decision, also over a restart; a notification does not wait', async () => {
    const [world, path] = [new World(), folder()]
    const book = playbook('approve', '{}', '[{ stop_container: }, { notify: { output: on-call } }]')
    const first = await respondWith(book, world, { folder: path })
    for (const output of ['one', 'another']) await first.responder.take(shellIn(A, { output }))
    await first.close()
    expect(world.asked).toEqual(['tell on-call'])
    const second = await respondWith(book, world, { folder: path })
    const waiting = waitingIn(Journal.read(path).entries)
    expect(waiting).toMatchObject([{ plan: [`stop container ${A}`] }])
    answerWaiting(path, waiting[0]!, 'approved')
    await until('it is done', () => world.asked.length === 2)
    await until('it is recorded', () => journalOf(path).at(-1) === `answered stop_container ${A}: done`)
    answerWaiting(path, waiting[0]!, 'approved')
    await second.responder.take(shellIn(A, { output: 'one' }))
    await second.close()
    expect(world.asked).toEqual(['tell on-call', `stop container ${A}`])
    expect(waitingIn(Journal.read(path).entries)).toEqual([])
  })

  test('the first decision counts, and the journal records who made it', async () => {
    const [world, path] = [new World(), folder()]
    const open = await respondWith(playbook('approve'), world, { folder: path })
    await open.responder.take(shellIn(A))
    const [waiting] = waitingIn(Journal.read(path).entries)
    const words = [answerWaiting(path, waiting!, 'denied', 'ann'), answerWaiting(path, waiting!, 'approved', 'eve')]
    await until('it is recorded', () => journalOf(path).at(-1) === `denied stop_container ${A}`)
    await open.close()
    expect([words, Journal.read(path).entries.at(-1), world.asked]).toMatchObject([[true, false], { by: 'ann' }, []])
  })

  test.each([
    ['approved', 0, 1, 'done'],
    ['asked', 0, 0, 'undecided'],
    ['acted', 1, 0, 'undecided'],
  ])(
    'killed when a step is %s: the next process runs it only if nothing was begun, and records one outcome',
    async (point, before, after, outcome) => {
      const [world, path] = [new World(), folder()]
      const acts = join(path, 'acts')
      const args = [path, acts, point, playbook('approve')]
      const child = fork(join(import.meta.dirname, 'approver.ts'), args, { execArgv: process.execArgv })
      expect((await once(child, 'exit'))[1]).toBe('SIGKILL')
      expect(existsSync(acts) ? readFileSync(acts, 'utf8') : '').toBe(before === 1 ? `${A}\n` : '')
      for (let start = 0; start < 2; start++) {
        const open = await respondWith(playbook('approve'), world, { folder: path })
        await until('it is known', () => journalOf(path).at(-1) === `answered stop_container ${A}: ${outcome}`)
        await open.close()
      }
      expect(world.asked).toEqual(after === 1 ? [`stop container ${A}`] : [])
      expect(journalOf(path).filter(line => line.startsWith('answered'))).toHaveLength(1)
    },
  )

  test('a step that was approved but not begun expires when its time is up', async () => {
    const [world, path] = [new World(), folder()]
    const book = playbook('approve').replace('mode: approve', 'mode: approve\n  approval: 1ms')
    const about = { run: 'r', playbook: 'p', step: 1, action: 'stop_container' }
    const alert = { id: 'a', rule: 'Shell', time: '', output: '' }
    const journal = await Journal.open(path)
    const expires = new Date(Date.now() - 1).toISOString()
    journal.append({ kind: 'waiting', ...about, alert, plan: [], expires, full: alertJson(shellIn(A), { id: true }) })
    journal.append({ kind: 'approved', ...about, alert })
    await journal.close()
    const open = await respondWith(book, world, { folder: path })
    await open.close()
    expect([journalOf(path).at(-1), world.asked]).toEqual(['expired stop_container ', []])
  })

  test('an approved step is planned with everything that its condition reads', async () => {
    const [world, path] = [new World(), folder()]
    const book = playbook('approve').replace('when: ', 'when: alert.absence[k8s.pod.uid] = unlisted and ')
    const open = await respondWith(book, world, { folder: path })
    await open.responder.take(shellIn(A, { output_fields_absent: { 'k8s.pod.uid': 'unlisted' } }))
    answerWaiting(path, waitingIn(Journal.read(path).entries)[0]!, 'approved')
    await until('it is over', () => !journalOf(path).at(-1)!.startsWith('approved') && journalOf(path).length > 2)
    await open.close()
    expect(world.asked).toEqual([`stop container ${A}`])
  })

  test('an approved step that waits for another responder is left to the next process at the end', async () => {
    const [world, path] = [new World(), folder()]
    let [asked, stopping] = [0, false]
    const once: Once = {
      claim: ({ key }) => {
        if (stopping || key.includes('wait ')) return { claimed: true }
        asked++
        return { claimed: false, busy: true }
      },
      settle: () => {},
      release: () => {},
    }
    const first = await respondWith(playbook('approve'), world, { folder: path, once })
    await first.responder.take(shellIn(A))
    answerWaiting(path, waitingIn(Journal.read(path).entries)[0]!, 'approved')
    await until('it is busy', () => asked > 0)
    stopping = true
    await first.close()
    expect([world.asked, journalOf(path).at(-1)]).toEqual([[], `approved stop_container ${A}`])
    const second = await respondWith(playbook('approve'), world, { folder: path })
    await until('it is done', () => journalOf(path).at(-1) === `answered stop_container ${A}: done`)
    await second.close()
    expect(world.asked).toEqual([`stop container ${A}`])
  })

  test('an approved step that is no longer planned is recorded as held, and not tried again', async () => {
    const path = folder()
    const first = await respondWith(playbook('approve'), new World(), { folder: path })
    for (const container of [A, B]) await first.responder.take(shellIn(container))
    for (const waiting of waitingIn(Journal.read(path).entries)) answerWaiting(path, waiting, 'approved')
    await first.close()
    const narrower = playbook('approve').replace('alert.rule = Shell', `alert.field[container.id] = ${A}`)
    const second = await respondWith(narrower, new World(), { folder: path })
    const ends = [`answered stop_container ${A}: done`, `held stop_container ${B}: approval`]
    await until('both are over', () => ends.every(end => journalOf(path).includes(end)))
    await second.close()
    const lines = journalOf(path).length
    const third = await respondWith(playbook('approve'), new World(), { folder: path })
    await third.close()
    expect(journalOf(path)).toHaveLength(lines)
  })

  test('another action that has taken the place of an approved step is not approved', async () => {
    const [world, path] = [new World(), folder()]
    const first = await respondWith(playbook('approve'), world, { folder: path })
    await first.responder.take(shellIn(A))
    answerWaiting(path, waitingIn(Journal.read(path).entries)[0]!, 'approved')
    await first.close()
    const changed = playbook('approve', '{}', '[{ kill_container: }]')
    const second = await respondWith(changed, world, { folder: path })
    await until('it is over', () => journalOf(path).at(-1) === `held stop_container ${A}: approval`)
    await second.close()
    expect(world.asked).toEqual([])
  })

  test.each([
    ['parameters', '{ stop_container: { grace: 5 } }', '{ stop_container: { grace: 50 } }'],
    ['duration', '{ pause_container: { for: 1h } }', '{ pause_container: }'],
  ])('an approved step whose %s changed is not approved', async (_, before, after) => {
    const [world, path] = [new World(), folder()]
    const book = (step: string) => playbook('approve', '{}', `[${step}]`)
    const first = await respondWith(book(before), world, { folder: path })
    await first.responder.take(shellIn(A))
    // Parameters may hold what is not for everybody who may approve.
    for (const entry of await waitingNow(path)) expect(entry).not.toHaveProperty('given')
    answerWaiting(path, waitingIn(Journal.read(path).entries)[0]!, 'approved')
    await first.close()
    const second = await respondWith(book(after), world, { folder: path })
    await until('it is over', () => /^(held|answered) /.test(journalOf(path).at(-1)!))
    await second.close()
    expect([world.asked, journalOf(path).at(-1)]).toEqual([[], expect.stringMatching(/^held .*: approval$/)])
  })

  test('a denied step cannot be approved, and its alert does not start it again', async () => {
    const [world, path] = [new World(), folder()]
    const open = await respondWith(playbook('approve'), world, { folder: path })
    await open.responder.take(shellIn(A))
    const [waiting] = waitingIn(Journal.read(path).entries)
    answerWaiting(path, waiting!, 'denied')
    await until('it is recorded', () => journalOf(path).at(-1) === `denied stop_container ${A}`)
    // A user who still sees it waiting approves it now.
    expect(answerWaiting(path, waiting!, 'approved')).toBe(false)
    await open.responder.take(shellIn(A))
    await open.close()
    expect([world.asked, waitingIn(Journal.read(path).entries)]).toEqual([[], []])
  })

  test('a step that nobody approves in time expires', async () => {
    const [world, path] = [new World(), folder()]
    const book = playbook('approve').replace('mode: approve', 'mode: approve\n  approval: 1ms')
    const open = await respondWith(book, world, { folder: path })
    await open.responder.take(shellIn(A))
    await until('it has expired', () => journalOf(path).at(-1) === `expired stop_container ${A}`)
    await open.close()
    expect(world.asked).toEqual([])
  })
})
