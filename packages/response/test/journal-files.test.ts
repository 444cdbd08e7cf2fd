/** A journal of several files: nothing that is still needed is lost, whenever the process ends. */
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, linkSync, readdirSync, readFileSync, renameSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { FUZZ_SEED, fuzzRuns } from '../../../scripts/testing/fuzz.ts'
import { Journal, type OpenResponder, waitingIn } from '../src/index.ts'
import { carried } from '../src/journal/carry.ts'
import { folder, playbook, respondWith, shellIn, World } from './machine.ts'

const idOf = (i: number) => i.toString(16).padStart(12, '0')
const full = (path: string) => readdirSync(path).filter(name => name.startsWith('journal-'))

/** Steps of all kinds: waiting, undone after a time, done, and dry runs. */
const BOOKS =
  playbook('enforce', '{ total: 9999/1d }', '[{ pause_container: { for: 1h } }, { kill_container: }]') +
  playbook('approve', '{ total: 9999/1d }').replace('playbook: p', 'playbook: q') +
  playbook('dry-run', '{ total: 9999/1d }').replace('playbook: p', 'playbook: r')

describe('a responder whose journal has many files', () => {
  const open = (path: string, bytes?: number) =>
    respondWith(BOOKS, new World(), {
      folder: path,
      fuse: { count: 9999, per: 1000 },
      ...(bytes && { keep: { bytes } }),
    })
  const taken = async ({ responder, journal }: OpenResponder, i: number) => {
    await responder.take(shellIn(idOf(i)))
    await responder.take(shellIn(idOf(i), { output: 'again' }))
    await journal.turned
  }

  test('knows after a restart what one with a single file knows', async () => {
    const known: unknown[] = []
    for (const bytes of [undefined, 200_000]) {
      const path = folder()
      const first = await open(path, bytes)
      for (let i = 0; i < 12; i++) await taken(first, i)
      await first.close()
      expect(full(path).length > 0).toBe(bytes !== undefined)
      const second = await open(path, bytes)
      const again = []
      for (let i = 0; i < 13; i++) again.push(await second.responder.take(shellIn(idOf(i))))
      const waiting = waitingIn(Journal.read(path).entries).map(({ target }) => target!.uid)
      known.push({ again, waiting, undoing: second.undo.waiting, held: second.responder.account.heldBy })
      await second.close()
    }
    expect(known[1]).toEqual(known[0])
  })

  test('has every entry once in its history, with its full text', async () => {
    const path = folder()
    const first = await open(path, 300_000)
    for (let i = 0; i < 20; i++) await taken(first, i)
    await first.close()
    const { entries, damage } = Journal.read(path, { all: true })
    expect([damage, full(path).length > 1]).toEqual([undefined, true])
    expect(entries.map(({ seq }) => seq)).toEqual(entries.map((_, i) => i + 1))
    const asked = entries.filter(entry => entry.kind === 'asked')
    expect(asked.filter(({ plan }) => plan.length === 0)).toEqual([])
  })
})

test('old files are removed by size and by age', async () => {
  const path = folder()
  const write = async (count: number) => {
    const journal = await Journal.open(path, { bytes: 80_000, age: 86_400_000 })
    for (let i = 0; i < count; i++) {
      journal.append({ kind: 'note', text: 'x'.repeat(1000) })
      await journal.turned
    }
    await journal.close()
  }
  await write(200)
  const old = full(path)
  // Less than 80,000 bytes in files of 10,000.
  expect(old.length).toBeGreaterThan(3)
  expect(old.length).toBeLessThan(8)
  for (const name of old) utimesSync(join(path, name), 0, 0)
  // One more file: by size, one would be removed.
  await write(15)
  expect(full(path).filter(name => old.includes(name))).toEqual([])
})

test('files left by a process that ended between two files do no harm', async () => {
  const path = folder()
  const before = await Journal.open(path)
  for (let i = 0; i < 20; i++) before.append({ kind: 'note', text: `${i}` })
  await before.close()
  writeFileSync(join(path, 'journal.next'), '{"seq":1')
  linkSync(join(path, 'journal.jsonl'), join(path, 'journal-000000000020.jsonl'))
  const journal = await Journal.open(path, { bytes: 8000 })
  journal.append({ kind: 'note', text: 'on' })
  await journal.close()
  expect(full(path)).toEqual(['journal-000000000021.jsonl'])
  const { entries, damage } = Journal.read(path, { all: true })
  expect([entries.length, damage, existsSync(join(path, 'journal.next'))]).toEqual([22, undefined, false])
})

test('a journal begun beside full files continues their numbers, so the history has its entries', async () => {
  const path = folder()
  const first = await Journal.open(path, { bytes: 8000 })
  for (let i = 0; i < 20; i++) {
    first.append({ kind: 'note', text: 'x'.repeat(100) })
    await first.turned
  }
  await first.close()
  expect(full(path)).not.toEqual([])
  renameSync(join(path, 'journal.jsonl'), join(path, 'damaged'))
  const second = await Journal.open(path)
  second.append({ kind: 'note', text: 'new' })
  await second.close()
  expect(Journal.read(path, { all: true }).entries.at(-1)).toMatchObject({ kind: 'note', text: 'new' })
})

test('entries written while a new file is begun are in both files', async () => {
  const path = folder()
  const journal = await Journal.open(path, { bytes: 80_000 })
  const about = { playbook: 'p', step: 1, action: 'kill_container', why: [], plan: [], dry: false }
  const alert = { id: 'a', rule: 'Shell', time: '', output: '' }
  for (let i = 0; i < 100; i++) journal.append({ kind: 'asked', run: `${i}`, ...about, alert })
  // The event loop has not had a turn yet.
  expect(full(path)).toEqual([])
  await journal.close()
  expect(full(path)).toEqual(['journal-000000000100.jsonl'])
  const { entries, damage } = Journal.read(path)
  expect([damage, entries.map(({ seq }) => seq)]).toEqual([undefined, Array.from({ length: 101 }, (_, i) => i + 1)])
  const again = await Journal.open(path)
  expect(again.append({ kind: 'note', text: 'on' }).seq).toBe(102)
  await again.close()
})

test('if a new file cannot be begun, the old one is continued, and the failure is counted', async () => {
  const path = folder()
  const notes: string[] = []
  const journal = await Journal.open(path, { bytes: 800, note: text => notes.push(text) })
  journal.append({ kind: 'note', text: 'x'.repeat(200) })
  // Entries of a damaged file are not copied.
  const file = join(path, 'journal.jsonl')
  const text = readFileSync(file, 'utf8')
  writeFileSync(file, text.replace('xx', 'yy'))
  journal.append({ kind: 'note', text: 'on' })
  await journal.turned
  expect([journal.failures, full(path)]).toEqual([1, []])
  expect(notes).toEqual([
    expect.stringMatching(/^a new file could not be begun, so journal\.jsonl grows: entry 1 is damaged/),
  ])
  await journal.close()
})

describe('copying to the next file', () => {
  const long = '2026-01-01T00:00:00.000Z'
  const about = (run: string) => ({
    ...{ run, playbook: 'p', step: 1, action: 'kill_container' },
    alert: { id: run, rule: 'Shell', time: long, output: 'text' },
  })
  const entries = (...list: readonly object[]) => list.map((one, i) => ({ seq: i + 1, time: long, ...one }) as never)
  const asked = { kind: 'asked', why: [], plan: ['kill'], dry: false }
  const answered = { kind: 'answered', outcome: 'done', answers: [], dry: false }
  const undo = { until: '2026-02-01T00:00:00.000Z', undo: { alert: '{}', params: {} } }
  test.each([
    ['a step without an answer', [asked], 1],
    ['a step that is over', [asked, answered], 0],
    ['a step to be undone', [{ ...asked, ...undo }, answered], 2],
    [
      'a failed step, which is not undone',
      [
        { ...asked, ...undo },
        { ...answered, outcome: 'failed' },
      ],
      0,
    ],
    [
      'a step that failed after a part of it was done, which is undone',
      [
        { ...asked, ...undo },
        { ...answered, outcome: 'failed', answers: [{ call: 'kill', outcome: 'failed', said: '', data: { a: 1 } }] },
      ],
      2,
    ],
    [
      'an undone step',
      [{ ...asked, ...undo }, answered, { kind: 'undoing', plan: [] }, { ...answered, kind: 'undone' }],
      0,
    ],
    ['an undo without an answer', [{ ...asked, ...undo }, answered, { kind: 'undoing', plan: [] }], 3],
    ['a waiting step', [{ kind: 'waiting', plan: [], full: '{}', expires: long }], 1],
    [
      'an approved step that has not begun',
      [{ kind: 'waiting', plan: [], full: '{}', expires: long }, { kind: 'approved' }],
      2,
    ],
    [
      'an approved step that was held back',
      [
        { kind: 'waiting', plan: [], full: '{}', expires: long },
        { kind: 'approved' },
        { kind: 'held', guard: 'once', reason: '' },
      ],
      0,
    ],
    ['a denied step', [{ kind: 'waiting', plan: [], full: '{}', expires: long }, { kind: 'denied' }], 0],
    ['a step held back', [{ kind: 'held', guard: 'once', reason: '' }], 0],
  ])('%s: old entries are copied only if something may still follow', (_, list, count) => {
    const all = entries(...list.map(one => ({ ...about('a'), ...one })))
    expect(carried(all, Date.parse(long) + 1)).toHaveLength(count)
    const plans = carried(all, 0).flatMap(entry => ('plan' in entry ? entry.plan : []))
    expect(plans).toHaveLength(count > 0 && list[0]!.kind === 'asked' ? 1 : 0)
  })
})

const KILLS = fuzzRuns(4)
const SEED = FUZZ_SEED ?? Math.floor(Math.random() * 2 ** 31)
test(`killed at any moment (seed ${SEED}), also between two files: every entry it reported is there`, async () => {
  const path = folder()
  let state = SEED
  const random = (n: number) => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0) % n
  const said = new Set<number>()
  for (let kill = 0; kill < KILLS; kill++) {
    const child: ChildProcess = fork(join(import.meta.dirname, 'journal-writer.ts'), [path], {
      execArgv: process.execArgv,
    })
    const gone = once(child, 'exit')
    let left = 30 + random(50)
    child.on('message', (seq: number) => {
      said.add(seq)
      if (--left === 0) child.kill('SIGKILL')
    })
    await gone
    const { entries, damage } = Journal.read(path, { all: true })
    const there = new Set(entries.map(({ seq }) => seq))
    expect([damage, [...said].filter(seq => !there.has(seq))]).toEqual([undefined, []])
  }
  expect(full(path).length).toBeGreaterThan(0)
  // Every one of them is still without an answer.
  const open = new Set(Journal.read(path).entries.flatMap(entry => (entry.kind === 'asked' ? [entry.seq] : [])))
  expect([...said].filter(seq => !open.has(seq))).toEqual([])
})
