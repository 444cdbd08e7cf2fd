/** The backend answers other queries while one reads the whole store. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { defineSource } from '@falc/engine'
import { Store, StoreReader } from '@falc/store'
import { expect, onTestFinished, test, vi } from 'vitest'
import { Backend } from '../src/backend.ts'
import { ROUTES } from '../src/routes.ts'
import { alert } from './start.ts'

const source = defineSource({
  name: 'syscall',
  fields: { 'proc.name': { type: 'string', doc: 'd', extract: () => undefined } },
})

async function backendOf(count: number): Promise<Backend> {
  const folder = mkdtempSync(join(tmpdir(), 'falc-backend-'))
  const path = join(folder, 'alerts.db')
  const store = await Store.open(path)
  store.insert(Array.from({ length: count }, (_, n) => alert(n)))
  store.close()
  const backend = new Backend({ path }, [source])
  onTestFinished(async () => {
    await backend.close()
    rmSync(folder, { recursive: true, force: true })
  })
  return backend
}

type Given = Record<string, string>

const placeOf = (method: string, route: string) =>
  ROUTES.findIndex(one => one.method === method && one.path === `/api/v1/${route}`)

async function answerOf(backend: Backend, route: string, given: Given, namespaces?: string[], signal?: AbortSignal) {
  const who = { name: 'x', scopes: [], ...(namespaces && { namespaces }) }
  const asking = { who, id: '', body: Buffer.alloc(0), given: new URLSearchParams(given) }
  return JSON.parse(await backend.answer(placeOf('GET', route), asking, signal))
}

test('a query that reads the whole store does not delay other queries', async () => {
  const backend = await backendOf(6000)
  const order: string[] = []
  const ask = async (name: string, route: string, given: Given) => {
    const answer = await answerOf(backend, route, given)
    order.push(name)
    return answer
  }
  const [all, newest] = await Promise.all([
    ask('all', 'status', { filter: 'proc.name regex ".*x.*y.*z.*"' }),
    ask('newest', 'alerts', { limit: '1' }),
    ask('top', 'top', { by: 'rule' }),
  ])
  expect(order).toEqual(['newest', 'top', 'all'])
  expect([all.count, newest.alerts.length]).toEqual([0, 1])
})

test('a query ends when its client disconnects, and reports how many of the alerts it has read', async () => {
  const backend = await backendOf(6000)
  const gone = AbortSignal.abort()
  const { groups, ...part } = await answerOf(backend, 'groups', { by: 'proc.name', wait: '60' }, undefined, gone)
  expect([groups.length > 0, part]).toEqual([
    true,
    { complete: false, looked: { alerts: expect.any(Number), of: 6000 } },
  ])
  expect(part.looked.alerts).toBeLessThan(6000)
  const facets = await answerOf(backend, 'facets', { fields: 'rule,proc.name' }, undefined, gone)
  expect([facets.complete, facets.looked]).toEqual([false, part.looked])
  expect(await answerOf(backend, 'groups', { by: 'proc.name', wait: '60' })).toMatchObject({ complete: true })
  // A token for some namespaces does not learn how many alerts there are.
  const own = await answerOf(backend, 'groups', { by: 'proc.name' }, ['nobody'], gone)
  expect(own).toEqual({ groups: [], complete: false })
})

test('a change applies to all selected alerts, even if its client has disconnected', async () => {
  const backend = await backendOf(6000)
  const body = Buffer.from('{"select": {"filter": "proc.name exists"}, "state": "acknowledged"}')
  const asking = { who: { name: 'x', scopes: [] }, id: '', body, given: new URLSearchParams() }
  const answer = await backend.answer(placeOf('PATCH', 'alerts'), asking, AbortSignal.abort())
  expect(JSON.parse(answer)).toEqual({ changed: 6000, more: false })
})

test('a change of what is not found in time is refused: sent again, it would find nothing again', async () => {
  const backend = await backendOf(6000)
  const change = (select: object, decision: object) => {
    const body = Buffer.from(JSON.stringify({ select, ...decision }))
    const asking = { who: { name: 'x', scopes: [] }, id: '', body, given: new URLSearchParams() }
    return backend.answer(placeOf('PATCH', 'alerts'), asking)
  }
  let now = 0
  const clock = vi.spyOn(performance, 'now').mockImplementation(() => (now += 10_000))
  onTestFinished(() => clock.mockRestore())
  const first = { filter: 'proc.name regex "sh0"' }
  await expect(change(first, { state: 'acknowledged' })).rejects.toThrow('found in time')
  await expect(change({}, { note: 'x' })).rejects.toThrow('select fewer than 10000 alerts')
  clock.mockRestore()
  expect(JSON.parse(await change({}, { note: 'x' }))).toEqual({ changed: 6000, more: false })
  expect(JSON.parse(await change(first, { state: 'acknowledged' }))).toEqual({ changed: 1, more: false })
})

test('an alert that arrives during a look of a stream is sent once', async () => {
  const backend = await backendOf(3)
  const store = await backend.store()
  const { startPage } = StoreReader.prototype
  function late(this: StoreReader, ...given: Parameters<typeof startPage>) {
    store.insert([alert(3)])
    return startPage.apply(this, given)
  }
  const spy = vi.spyOn(StoreReader.prototype, 'startPage').mockImplementationOnce(late)
  onTestFinished(() => spy.mockRestore())
  const first = await answerOf(backend, 'stream', { after: '0' })
  const next = await answerOf(backend, 'stream', { after: String(first.after) })
  const sent = ({ text }: { text: string }) => [...text.matchAll(/^id: (\d+)$/gm)].map(([, seq]) => Number(seq))
  expect([...sent(first), ...sent(next)]).toEqual([1, 2, 3, 4])
})

test('an exception that is tested on a part of the alerts removes only those that it was seen to remove', async () => {
  const backend = await backendOf(6000)
  let now = 0
  const clock = vi.spyOn(performance, 'now').mockImplementation(() => (now += 10_000))
  onTestFinished(() => clock.mockRestore())
  const parts = [{ field: 'proc.name', op: '=', values: ['nothing'] }]
  const body = Buffer.from(JSON.stringify({ rule: 'Shell', parts, since: '2026-11-01' }))
  const asking = { who: { name: 'x', scopes: [] }, id: '', body, given: new URLSearchParams() }
  const tested = JSON.parse(await backend.answer(placeOf('POST', 'tune/test'), asking))
  expect(tested).toMatchObject({ removes: 0, total: tested.stay, complete: false })
  expect(tested.stay).toBeGreaterThan(0)
})
