/** What people decide about alerts: states, notes and silences, and lists that select by them. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { alert, ask, begin, idOf, post, start } from './start.ts'

let shared: Awaited<ReturnType<typeof begin>>
beforeAll(async () => {
  shared = await begin()
  await shared.console.writer.insert(Array.from({ length: 12 }, (_, n) => alert(n)))
})
afterAll(() => shared.end())

const get = async (path: string) => (await ask(shared.console, `/api/v1/${path}`)).json
const send = async (method: string, path: string, body?: object) =>
  ask(shared.console, `/api/v1/${path}`, { ...post(JSON.stringify(body)), method })
const numbers = async (path: string) =>
  (await get(path)).alerts.map((one: { alert: { id: string } }) => Number.parseInt(one.alert.id, 16))

test('an alert is acknowledged, assigned, commented on and closed', async () => {
  const change = (body: object) => send('PATCH', 'alerts', { ids: [idOf(1)], ...body })
  expect((await change({ state: 'acknowledged', assignee: 'ann' })).json).toEqual({ changed: 1, more: false })
  await change({ note: 'looked at it' })
  await change({ note: 'again' })
  expect(await get(`alerts/${idOf(1)}`)).toMatchObject({
    triage: { state: 'acknowledged', assignee: 'ann', by: 'local', notes: 2 },
    notes: [{ by: 'local', text: 'looked at it' }, { text: 'again' }],
  })
  expect(await numbers('alerts?state=acknowledged')).toEqual([1])
  expect(await numbers('alerts?assignee=ann')).toEqual([1])
  expect(await numbers('alerts?state=open&limit=3')).toEqual([11, 10, 9])
  await change({ state: 'closed', reason: 'a test', assignee: null })
  const { triage } = await get(`alerts/${idOf(1)}`)
  expect(triage).toMatchObject({ state: 'closed', reason: 'a test', notes: 2 })
  expect(triage).not.toHaveProperty('assignee')
})

test('a change applies to all alerts of a list, and changes nothing when it is sent again', async () => {
  const body = { select: { filter: 'alert.rule = Read' }, state: 'false_positive', reason: 'backup job' }
  expect((await send('PATCH', 'alerts', body)).json).toEqual({ changed: 6, more: false })
  expect((await send('PATCH', 'alerts', body)).json).toEqual({ changed: 0, more: false })
  expect(await get('status?state=false_positive')).toMatchObject({ count: 6, complete: true })
  const { groups } = await get('groups?by=rule,priority')
  expect(groups).toMatchObject([
    { values: { rule: 'Read', priority: 'Error' }, count: 6, open: 0, newest: { triage: { reason: 'backup job' } } },
    { values: { rule: 'Shell', priority: 'Notice' }, count: 6, open: 5, last: '2026-11-24T10:00:11.000000000Z' },
  ])
})

test('alerts are grouped by any fields, and facets count values', async () => {
  expect((await get('groups?by=proc.name,rule&filter=proc.name%20%3D%20sh3')).groups).toMatchObject([
    { values: { 'proc.name': 'sh3', rule: 'Shell' }, count: 1, newest: { seq: 4 } },
  ])
  expect(await get('facets?fields=rule,proc.name&limit=1&filter=proc.name%20regex%20sh%5B12%5D')).toEqual({
    facets: [
      { field: 'rule', values: [{ value: 'Read', count: 1 }] },
      { field: 'proc.name', values: [{ value: 'sh1', count: 1 }] },
    ],
    complete: true,
  })
})

test('a silence marks alerts, hides them on request, and can be ended', async () => {
  const silence = {
    condition: 'proc.name in (sh2, sh3)',
    from: '2026-11-24T10:00:03Z',
    until: '2099-01-01',
    reason: 'x',
  }
  const made = (await send('POST', 'silences', silence)).json
  expect(made).toMatchObject({ id: 1, count: 1, author: 'local', until: '2099-01-01T00:00:00.000000000Z' })
  expect((await get(`alerts/${idOf(3)}`)).silences).toEqual([1])
  expect(await numbers('alerts?silenced=only')).toEqual([3])
  expect(await numbers('alerts?silenced=no&filter=proc.name%20!%3D%20sh4')).not.toContain(3)
  expect(await get('status?silenced=no')).toMatchObject({ count: 11 })
  expect((await get('status')).count).toBe(12)
  const ended = (await send('DELETE', 'silences/1')).json
  expect(Date.parse(ended.until)).toBeLessThanOrEqual(Date.now())
  // The alerts that it covered stay marked.
  expect((await get('silences')).silences).toMatchObject([{ id: 1, count: 1 }])
})

test('an alert has the last 100 notes, and one note of a change that names it twice', async () => {
  const console = await start()
  await console.writer.insert([alert(1), alert(2)])
  const note = (ids: string[], text: string) =>
    ask(console, '/api/v1/alerts', { ...post(JSON.stringify({ ids, note: text })), method: 'PATCH' })
  for (let n = 0; n <= 100; n++) await note([idOf(1)], `note ${n}`)
  const { notes, triage } = (await ask(console, `/api/v1/alerts/${idOf(1)}`)).json
  expect([notes.length, notes[0].text, triage.notes]).toEqual([100, 'note 1', 100])
  expect((await note([idOf(2), idOf(2)], 'once')).json).toEqual({ changed: 1, more: false })
  expect((await ask(console, `/api/v1/alerts/${idOf(2)}`)).json.notes).toHaveLength(1)
})

test('a stream selects by state, assignee and silences, as a list does', async () => {
  const console = await start()
  await console.writer.insert([alert(1), alert(2)])
  const silence = { condition: 'proc.name = sh2', from: '2026-11-24', until: '2099-01-01', reason: 'x' }
  expect((await ask(console, '/api/v1/silences', post(JSON.stringify(silence)))).status).toBe(200)
  const change = { ids: [idOf(1)], state: 'closed', reason: 'x', assignee: 'ann' }
  await ask(console, '/api/v1/alerts', { ...post(JSON.stringify(change)), method: 'PATCH' })
  const first = async (given: string) => {
    const { body } = await fetch(new URL(`/api/v1/stream?after=0&${given}`, console.url))
    // Ends the stream, too.
    for await (const text of body!.pipeThrough(new TextDecoderStream()))
      return [...text.matchAll(/^data: \{"seq":(\d+),/gm)].map(([, seq]) => Number(seq))
    return undefined
  }
  expect([await first('state=open'), await first('state=closed'), await first('assignee=ann')]).toEqual([[2], [1], [1]])
  expect([await first('silenced=no'), await first('silenced=only')]).toEqual([[1], [2]])
})

test.each([
  ['PATCH', 'alerts', { state: 'open' }],
  ['PATCH', 'alerts', { ids: [idOf(1)] }],
  ['PATCH', 'alerts', { ids: [idOf(1)], state: 'closed' }],
  ['PATCH', 'alerts', { ids: ['x'], note: 'x' }],
  ['PATCH', 'alerts', { ids: [idOf(1)], select: {}, note: 'x' }],
  ['PATCH', 'alerts', { ids: [idOf(1)], state: 'nothing' }],
  ['PATCH', 'alerts', { ids: [idOf(1)], note: 'x'.repeat(4097) }],
  ['PATCH', 'alerts', { ids: [idOf(1)], more: 1, note: 'x' }],
  ['PATCH', 'alerts', { select: { limit: '1' }, note: 'x' }],
  ['POST', 'silences', { condition: 'alert.rule = x', until: '2099-01-01' }],
  ['POST', 'silences', { condition: 'alert.rule =', until: '2099-01-01', reason: 'x' }],
  ['POST', 'silences', { condition: 'alert.rule = x', until: '1999-01-01', reason: 'x' }],
])('%s %s %o is refused', async (method, path, body) => {
  expect((await send(method, path, body)).status).toBe(400)
})
