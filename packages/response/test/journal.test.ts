/** The journal, and how steps are undone from it. */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { alertJson } from '@falc/engine'
import { describe, expect, test, vi } from 'vitest'
import { until } from '../../../scripts/testing/wait.ts'
import { type Answer, Journal } from '../src/index.ts'
import { folder, journalOf, playbook, respondWith, shellIn, World } from './machine.ts'

const A = 'aaaaaaaaaaaa'
const B = 'bbbbbbbbbbbb'

describe('undo', () => {
  test('a step with a duration is undone by the next process when its time is up', async () => {
    const [world, path] = [new World(), folder()]
    // Longer than a busy disk takes.
    const steps = '[{ disconnect_container: { for: 4s } }]'
    world.answer = ({ says }) => ({
      outcome: 'done',
      said: '',
      ...(says.startsWith('disc') && { data: { networks: ['front'] } }),
    })
    const first = await respondWith(playbook('enforce', '{}', steps), world, { folder: path })
    await first.responder.take(shellIn(A))
    expect(first.undo.waiting).toBe(1)
    await first.close()
    const second = await respondWith(playbook('enforce', '{}', steps), world, { folder: path })
    await until('it is undone', () => world.asked.length === 2)
    expect(world.asked).toEqual([`disconnect container ${A}`, `connect container ${A}`])
    await until('the journal says so', () => journalOf(path).at(-1) === `undone disconnect_container ${A}: done`)
    await second.close()
  })

  test('an undo during which the process ended is undecided, reported once, and not repeated', async () => {
    const [world, path, said] = [new World(), folder(), [] as string[]]
    const steps = '[{ pause_container: { for: 1s } }]'
    let [reached, answered] = [() => {}, (_: Answer) => {}]
    const middle = new Promise<void>(resolve => (reached = resolve))
    world.answer = ({ says }) => {
      if (says.startsWith('pause')) return { outcome: 'done', said: '' }
      reached()
      return new Promise<Answer>(resolve => (answered = resolve))
    }
    const first = await respondWith(playbook('enforce', '{}', steps), world, { folder: path })
    await first.responder.take(shellIn(A))
    await middle
    // The file as it would be if the process ended here.
    const left = readFileSync(join(path, 'journal.jsonl'))
    answered({ outcome: 'done', said: '' })
    await first.close()
    for (const start of [1, 2]) {
      if (start === 1) writeFileSync(join(path, 'journal.jsonl'), left)
      const log = (_: string, text: string) => said.push(text)
      const open = await respondWith(playbook('enforce', '{}', steps), world, { folder: path, log })
      expect(open.undo.waiting).toBe(0)
      await open.close()
    }
    expect(journalOf(path).at(-1)).toBe(`undone pause_container ${A}: undecided`)
    expect(said).toEqual([
      `p: undo of pause_container container ${A}: undecided: the responder ended in the middle of it`,
    ])
    expect(world.asked).toEqual([`pause container ${A}`, `unpause container ${A}`])
  })

  /** Steps that were done for each container and are due, as an earlier process has left them. */
  async function left(path: string, containers: readonly string[], action = 'pause_container') {
    const journal = await Journal.open(path)
    for (const container of containers) {
      const alert = shellIn(container)
      const about = {
        ...{ run: container, playbook: 'p', step: 1, action },
        target: { kind: 'container', uid: container, name: `container ${container}` },
        alert: { id: alert.id, rule: 'Shell', time: '', output: '' },
      } as const
      const undo = { alert: alertJson(alert, { id: true }), params: {} }
      const until = new Date(0).toISOString()
      journal.append({ kind: 'asked', ...about, why: [], plan: [], dry: false, until, undo })
      journal.append({ kind: 'answered', ...about, outcome: 'done', answers: [], dry: false })
    }
    await journal.close()
  }
  const undone = (path: string) => journalOf(path).filter(line => line.startsWith('undone'))

  test('of steps that are due together, each is undone once, even if one is also undone by hand', async () => {
    const [world, path] = [new World(), folder()]
    await left(path, [A, B])
    let [reached, answer] = [() => {}, () => {}]
    const middle = new Promise<void>(resolve => (reached = resolve))
    world.answer = ({ says }) => {
      if (!says.endsWith(A)) return { outcome: 'done', said: '' }
      reached()
      return new Promise<Answer>(resolve => (answer = () => resolve({ outcome: 'done', said: '' })))
    }
    const open = await respondWith(playbook('enforce'), world, { folder: path })
    await middle
    const again = open.undo.now(B)
    answer()
    expect(await again).toBe(true)
    await until('both are undone', () => undone(path).length >= 2)
    await open.close()
    expect(world.asked).toEqual([`unpause container ${A}`, `unpause container ${B}`])
    expect(undone(path)).toHaveLength(2)
  })

  test('a step that takes longer than it is to last is undone once its outcome is known', async () => {
    const [world, path] = [new World(), folder()]
    world.answer = async ({ says }) => {
      if (says.startsWith('connect')) return { outcome: 'done', said: '' }
      const [asked] = Journal.read(path).entries
      await until('its time is up', () => asked?.kind === 'asked' && Date.parse(asked.until!) < Date.now())
      return { outcome: 'done', said: '', data: { networks: ['front'] } }
    }
    const steps = '[{ disconnect_container: { for: 1s } }]'
    const open = await respondWith(playbook('enforce', '{}', steps), world, { folder: path })
    await open.responder.take(shellIn(A))
    await until('it is undone', () => undone(path).length > 0)
    await open.close()
    expect(world.asked).toEqual([`disconnect container ${A}`, `connect container ${A}`])
  })

  test('what a failed step had done before it failed is undone', async () => {
    const [world, path] = [new World(), folder()]
    world.answer = ({ says }) =>
      says.startsWith('connect')
        ? { outcome: 'done', said: '' }
        : { outcome: 'failed', said: 'the second network', data: { networks: ['front'] } }
    const steps = '[{ disconnect_container: { for: 1h } }]'
    const open = await respondWith(playbook('enforce', '{}', steps), world, { folder: path })
    await open.responder.take(shellIn(A))
    for (const run of open.undo.runs) await open.undo.now(run)
    await open.close()
    expect(world.asked).toEqual([`disconnect container ${A}`, `connect container ${A}`])
  })

  test('an undo that cannot be recorded is tried again', async () => {
    const [world, path] = [new World(), folder()]
    const steps = '[{ pause_container: { for: 1h } }]'
    const open = await respondWith(playbook('enforce', '{}', steps), world, { folder: path })
    await open.responder.take(shellIn(A))
    const [run] = open.undo.runs
    const append = vi.spyOn(open.journal, 'append').mockImplementationOnce(() => {
      throw new Error('ENOSPC')
    })
    await open.undo.now(run!)
    append.mockRestore()
    expect([open.undo.waiting, world.asked.length]).toEqual([1, 1])
    await open.undo.now(run!)
    await open.close()
    expect(world.asked).toEqual([`pause container ${A}`, `unpause container ${A}`])
  })

  test('a step whose action no longer exists is not recorded as undone', async () => {
    const [path, said] = [folder(), [] as string[]]
    await left(path, [A], 'open_ticket')
    const log = (_: string, text: string) => said.push(text)
    const open = await respondWith(playbook('enforce'), new World(), { folder: path, log })
    await until('it is reported', () => said.length > 0)
    expect([said[0], open.undo.waiting]).toEqual([
      'p: open_ticket: undo: there is no action any more that undoes it',
      1,
    ])
    await open.close()
    expect(undone(path)).toEqual([])
  })

  test('what was not done is not undone', async () => {
    const world = new World()
    world.answer = () => ({ outcome: 'gone', said: 'no such container' })
    const open = await respondWith(playbook('enforce', '{}', '[{ pause_container: { for: 1h } }]'), world, {
      folder: folder(),
    })
    await open.responder.take(shellIn(A))
    expect(open.undo.waiting).toBe(0)
    await open.close()
  })
})

describe('journal', () => {
  test.each(['enforce', 'approve', 'dry-run'])(
    'mode %s: a step that cannot be recorded is not begun, and the alert may be delivered again',
    async mode => {
      const [world, path] = [new World(), folder()]
      const open = await respondWith(playbook(mode, '{ total: 1/1h }'), world, { folder: path })
      const append = vi.spyOn(open.journal, 'append').mockImplementationOnce(() => {
        throw new Error('ENOSPC')
      })
      expect(await open.responder.take(shellIn(A))).toEqual({ acted: 0, held: 0, busy: true })
      expect([world.asked, open.responder.account.heldBy]).toEqual([[], { record: 1 }])
      append.mockRestore()
      await open.responder.take(shellIn(A))
      await open.close()
      const lines = { enforce: ['asked', 'answered'], approve: ['waiting'], 'dry-run': ['asked', 'answered'] }[mode]!
      expect(journalOf(path).map(line => line.split(' ')[0])).toEqual(lines)
    },
  )

  async function written(): Promise<{ path: string; file: string; lines: string[] }> {
    const path = folder()
    const open = await respondWith(playbook('enforce'), new World(), { folder: path })
    for (const container of [A, B]) await open.responder.take(shellIn(container))
    await open.close()
    const file = join(path, 'journal.jsonl')
    return { path, file, lines: readFileSync(file, 'utf8').trimEnd().split('\n') }
  }

  test('an incomplete last entry, as a crash leaves it, is removed', async () => {
    const { path, file, lines } = await written()
    writeFileSync(file, `${lines.join('\n')}\n{"seq":5,"kind":"ask`)
    const journal = await Journal.open(path)
    expect(journal.entries).toHaveLength(4)
    journal.append({ kind: 'note', text: 'on' })
    await journal.close()
    expect(Journal.read(path)).toMatchObject({ entries: { length: 5 } })
    expect(Journal.read(path).damage).toBeUndefined()
  })

  test.each([
    ['changed', (lines: string[]) => lines.with(1, lines[1]!.replace('"done"', '"gone"'))],
    ['missing', (lines: string[]) => lines.toSpliced(1, 1)],
    ['inserted', (lines: string[]) => lines.toSpliced(1, 0, lines[2]!)],
    ['unreadable', (lines: string[]) => lines.with(1, 'x')],
  ])('a journal with an entry that is %s is refused, and is read up to there', async (_, change) => {
    const { path, file, lines } = await written()
    writeFileSync(file, `${change(lines).join('\n')}\n`)
    await expect(Journal.open(path)).rejects.toThrow(/entry 2 is damaged/)
    expect(Journal.read(path).entries).toHaveLength(1)
  })

  test('a journal that is in use cannot be opened again', async () => {
    const path = folder()
    const journal = await Journal.open(path)
    await expect(Journal.open(path)).rejects.toThrow('is used by another process')
    await journal.close()
  })
})
