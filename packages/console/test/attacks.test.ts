/** Clients with few rights, or none, cannot take resources from other clients. */
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, request as httpRequest } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { AlertData } from '@falc/engine'
import { DeadLetters } from '@falc/outputs'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { until } from '../../../scripts/testing/wait.ts'
import { newToken, parseTokens } from '../src/index.ts'
import { Stream } from '../src/stream.ts'
import { alert, ask, begin, post, start } from './start.ts'

const made = {
  ann: newToken('ann', ['read', 'triage']),
  bob: newToken('bob', ['read']),
}
const bearer = (who: keyof typeof made) => ({ authorization: `Bearer ${made[who].token}` })

let shared: Awaited<ReturnType<typeof begin>>
beforeAll(async () => {
  const tokens = parseTokens(
    Object.values(made)
      .map(({ line }) => line)
      .join('\n'),
  )
  shared = await begin({ tokens, anonymousIngest: true, approvals: { list: async () => [], answer: () => false } })
  await shared.console.writer.insert([alert(1)])
})
afterAll(() => shared.end())

test('a client that disconnects before its stream begins frees its place', async () => {
  const stream = new Stream()
  const looks: (() => void)[] = []
  const look = () =>
    new Promise<{ text: string; after: number }>(done => looks.push(() => done({ text: '', after: 0 })))
  const served: Promise<void>[] = []
  const server = createServer((request, response) => void served.push(stream.serve(request, response, 'ann', look)))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => void server.close())
  const client = connect((server.address() as AddressInfo).port, '127.0.0.1')
  client.on('error', () => {}).write('GET / HTTP/1.1\r\nHost: x\r\n\r\n')
  await until('the look has begun', () => looks.length === 1)
  expect(stream.clients).toBe(1)
  client.destroy()
  await until('the server knows', () => stream.clients === 0)
  looks[0]!()
  await served[0]
  expect(stream.clients).toBe(0)
})

test('a stream whose client does not read is closed', async () => {
  const stream = new Stream(0)
  const text = `:${'x'.repeat(1 << 22)}\n\n`
  let after = 0
  const server = createServer(
    (request, response) => void stream.serve(request, response, 'ann', async () => ({ text, after: after++ })),
  )
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => void server.close())
  const client = connect((server.address() as AddressInfo).port, '127.0.0.1')
  onTestFinished(() => void client.destroy())
  client.on('error', () => {}).write('GET / HTTP/1.1\r\nHost: x\r\n\r\n')
  await until('the stream has begun', () => stream.clients === 1)
  await until('its end', () => stream.clients === 0)
})

test('one token can open half of the streams, and another token still gets one', async () => {
  const { console } = shared
  const stop = new AbortController()
  onTestFinished(() => stop.abort())
  const open = (who: keyof typeof made) =>
    fetch(new URL('/api/v1/stream', console.url), { headers: bearer(who), signal: stop.signal })
  const statuses = await Promise.all(Array.from({ length: 33 }, async () => (await open('ann')).status))
  expect(statuses.filter(status => status === 200)).toHaveLength(32)
  expect(statuses.filter(status => status === 503)).toHaveLength(1)
  expect((await open('bob')).status).toBe(200)
})

test('beginning too many sessions ends the oldest of the same user, and none of another user', async () => {
  const { console } = shared
  const begun = async (who: keyof typeof made) =>
    (await ask(console, '/api/v1/session', post('', bearer(who)))).headers.get('set-cookie')!.split(';')[0]!
  const status = async (cookie: string) => (await ask(console, '/api/v1/session', { headers: { cookie } })).status
  const bobs = await begun('bob')
  const anns: string[] = []
  for (let i = 0; i < 51; i++) anns.push(await begun('ann'))
  expect([await status(bobs), await status(anns[0]!), await status(anns[1]!)]).toEqual([200, 401, 200])
})

test('guessing links is throttled for each client, and a large request is refused', async () => {
  const { console } = shared
  const link = (body: object) => ask(console, '/api/v1/approvals', post(JSON.stringify(body)))
  expect((await link({ token: 'x'.repeat(5000) })).status).toBe(413)
  for (let i = 0; i < 10; i++) expect((await link({ token: `guess${i}` })).status).toBe(404)
  expect((await link({ token: 'guess' })).status).toBe(429)
  const elsewhere = httpRequest(new URL('/api/v1/approvals', console.url), {
    method: 'POST',
    localAddress: '127.0.0.2',
  })
  elsewhere.end('{"token":"guess"}')
  const [answer] = await once(elsewhere, 'response')
  expect(answer.statusCode).toBe(404)
  answer.resume()
})

test('a filter with many regular expressions is refused, also in a silence', async () => {
  const { console } = shared
  const filter = Array.from({ length: 9 }, (_, i) => `proc.name regex "(.{0,30}){0,30}${i}"`).join(' or ')
  const list = await ask(console, `/api/v1/alerts?filter=${encodeURIComponent(filter)}`, { headers: bearer('ann') })
  expect([list.status, list.json.error.message]).toEqual([400, 'a condition has at most 8 regular expressions here'])
  const silence = { condition: filter, until: '2099-01-01', reason: 'x' }
  expect((await ask(console, '/api/v1/silences', post(JSON.stringify(silence), bearer('ann')))).status).toBe(400)
})

test('groups of large alerts, and of alerts with many tags, are bounded', async () => {
  const { console } = shared
  const tags = Array.from({ length: 200 }, (_, i) => `t${i}`)
  await console.writer.insert([alert(2, { rule: 'Many', tags })])
  const large = 'x'.repeat(2 << 20)
  await console.writer.insert([3, 4, 5, 6, 7, 8].map(n => alert(n, { rule: `Large ${n}`, output: large })))
  const groups = async (query: string) =>
    (await ask(console, `/api/v1/groups?limit=500&by=${query}`, { headers: bearer('bob') })).json
  expect((await groups('tags&filter=alert.rule%20%3D%20Many')).groups).toHaveLength(100)
  expect((await groups('tags,alert.tags&filter=alert.rule%20%3D%20Many')).groups).toHaveLength(500)
  const found = await groups('rule&filter=alert.rule%20startswith%20Large')
  expect([found.groups.length, found.complete]).toEqual([4, false])
})

test.each(['//', '//[', 'http://', 'http://[::1'])(
  'the malformed request target %s is refused with status 400',
  async target => {
    const { port, hostname } = new URL(shared.console.url)
    const asked = httpRequest({ port, hostname, path: target })
    asked.end()
    const [response] = await once(asked, 'response')
    response.resume()
    expect(response.statusCode).toBe(400)
  },
)

test('the response about sensors is bounded, whatever they report', async () => {
  const reports = Array.from({ length: 30 }, (_, n) =>
    alert(1000 + n, {
      ...{ rule: 'Falco internal: metrics snapshot', hostname: `host ${n}` },
      output_fields: { 'falco.version': 'v'.repeat(500_000), [`x${'y'.repeat(1_000_000)}`]: 1 },
    }),
  )
  await shared.console.writer.insert(reports)
  const { status, json } = await ask(shared.console, 'api/v1/sensors', { headers: bearer('ann') })
  expect(status).toBe(200)
  expect(json.sensors.length).toBeGreaterThan(5)
  expect(JSON.stringify(json).length).toBeLessThan(10_000_000)
  expect(json.complete).toBe(false)
})

test('the name of a metric does not hold up the response about sensors', async () => {
  const name = `${'_drop'.repeat(20_000)}!`
  const output_fields = { [name]: 1, 'scap.n_drops': 2 }
  const console = await start()
  await console.writer.insert([alert(1, { rule: 'Falco internal: metrics snapshot', output_fields })])
  const { status, json } = await ask(console, 'api/v1/sensors')
  expect([status, json.sensors?.[0].reported.losses]).toEqual([200, { 'scap.n_drops': 2 }])
})

test('the response about dead letters is bounded, whatever their number and size', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'falc-console-dead-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  const kept = new DeadLetters(folder)
  await kept.prepare()
  const keep = async (count: number, change: Partial<AlertData>) => {
    for (let n = 0; n < count; n++) kept.add(alert(n, change), { class: 'poison', cause: 'refused', message: 'no' })
    await kept.write()
  }
  await keep(500, {})
  const console = await start({ delivery: { queues: { hook: folder } } })
  const letters = async () => (await ask(console, 'api/v1/dead-letters')).json
  const shown = async () => {
    const json = await letters()
    return [json.letters.length, json.complete]
  }
  expect(await shown()).toEqual([500, true])
  await keep(1, {})
  expect(await shown()).toEqual([500, false])
  await kept.drop(await kept.names())
  await keep(12, { output: 'x'.repeat(1_000_000) })
  expect(await shown()).toEqual([9, false])
})
