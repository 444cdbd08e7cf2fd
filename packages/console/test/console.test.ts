/** What the console serves, and what it accepts. */
import { alertJson } from '@falc/engine'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { until } from '../../../scripts/testing/wait.ts'
import { ROUTES } from '../src/routes.ts'
import { alert, ask, begin, idOf, post, start } from './start.ts'

let shared: Awaited<ReturnType<typeof begin>>
beforeAll(async () => {
  shared = await begin()
  await shared.console.writer.insert([0, 1, 2, 3, 4].map(n => alert(n)))
})
afterAll(() => shared.end())

describe('alerts', () => {
  const cases: [path: string, expected: unknown][] = [
    ['alerts?limit=2', { ids: [4, 3], next: 4 }],
    ['alerts?limit=2&cursor=4', { ids: [2, 1], next: 2 }],
    ['alerts?filter=proc.name%20%3D%20sh3', { ids: [3], next: null }],
    ['alerts?filter=proc.name%20regex%20sh%5B12%5D', { ids: [2, 1], next: null }],
    ['alerts?q=shell%201', { ids: [1], next: null }],
    ['alerts?since=2026-11-24T10:00:03Z', { ids: [4, 3], next: null }],
    [
      'top?by=rule',
      {
        counts: [
          { value: 'Read', count: 3 },
          { value: 'Shell', count: 2 },
        ],
        complete: true,
      },
    ],
    ['top?by=proc.name&limit=1', { counts: [{ value: 'sh0', count: 1 }], complete: true }],
    [
      'histogram?step=60&by=priority',
      {
        bars: [
          { time: '2026-11-24T10:00:00.000000000Z', value: 'Error', count: 3 },
          { time: '2026-11-24T10:00:00.000000000Z', value: 'Notice', count: 2 },
        ],
        complete: true,
      },
    ],
    [
      'status?filter=alert.priority%20%3D%20Error',
      {
        count: 3,
        last: 5,
        complete: true,
        from: '2026-11-24T10:00:00.000000000Z',
        to: '2026-11-24T10:01:00.000000000Z',
      },
    ],
  ]
  test.each(cases)('GET /api/v1/%s', async (path, expected) => {
    const { console } = shared
    const { status, json } = await ask(console, `/api/v1/${path}`)
    const ids = json.alerts && {
      ids: json.alerts.map((one: any) => Number.parseInt(one.alert.id, 16)),
      next: json.next,
    }
    expect([status, ids ?? json]).toEqual([200, expected])
  })

  test('one alert is found by its ID or its first digits', async () => {
    const { console } = shared
    expect((await ask(console, `/api/v1/alerts/${idOf(1)}`)).json.alert).toMatchObject({ rule: 'Shell' })
    expect((await ask(console, '/api/v1/alerts/0000')).json.seq).toBe(1)
    expect(await ask(console, '/api/v1/alerts/ffff')).toMatchObject({ status: 404, json: { error: { code: 'alert' } } })
  })

  test.each([
    ['alerts?filter=proc.name%20%3D', 400, 'condition'],
    ['alerts?since=yesterday', 400, 'invalid'],
    ['alerts?limit=0', 400, 'invalid'],
    ['alerts?limit=1001', 400, 'invalid'],
    ['alerts?cursor=-1', 400, 'invalid'],
    ['alerts?nonsense=1', 400, 'invalid'],
    [`alerts?q=${'x'.repeat(4097)}`, 400, 'invalid'],
    ['top', 400, 'invalid'],
    ['nonsense', 404, 'route'],
    ['stream?after=x', 400, 'invalid'],
  ])('GET /api/v1/%.40s: %i', async (path, status, code) => {
    const { console } = shared
    expect(await ask(console, `/api/v1/${path}`)).toMatchObject({ status, json: { error: { code } } })
  })
})

describe('the endpoints for alerts', () => {
  let doors: Awaited<ReturnType<typeof begin>>
  beforeAll(async () => {
    doors = await begin()
  })
  afterAll(() => doors.end())
  const falco = alertJson(alert(7))
  const sidekick = JSON.stringify({
    uuid: 'a',
    ...JSON.parse(alertJson(alert(8), { output_fields: false })),
    output_fields: { x: 1 },
  })
  test('accept what Falco, falcosidekick and its web UI output send, and store each alert once', async () => {
    const { console } = doors
    expect((await ask(console, '/', post(falco))).json).toEqual({ stored: 1 })
    expect((await ask(console, '/', post(falco))).json).toEqual({ stored: 0 })
    expect((await ask(console, '/api/v1/', post(sidekick))).json).toEqual({ stored: 1 })
    const wrapped = (n: number, end: string) => `{"event":${alertJson(alert(n))}${end}}`
    expect((await ask(console, '/api/v1/', post(wrapped(9, ',"outputs":["slack","webui"]')))).json).toEqual({
      stored: 1,
    })
    expect((await ask(console, '/api/v1/', post(wrapped(10, ' , "outputs": null ')))).json).toEqual({ stored: 1 })
    expect((await ask(console, '/api/v1/', post(wrapped(11, '')))).json).toEqual({ stored: 1 })
    const response = await fetch(new URL('/api/v1/alerts', console.url))
    // All digits of a time in nanoseconds.
    expect(await response.text()).toContain('"evt.time":1795514400000000009')
  })

  test.each([
    ['{', 400],
    ['{"rule":"x"}', 400],
    ['{"event":{"rule":"x"},"outputs":[],"more":1}', 400],
    [`"${'x'.repeat(1024 * 1024)}"`, 413],
    // Takes minutes if each beginning of an end is read to the end of the text.
    [`{"event":{${'},"outputs":['.repeat(75_000)}`, 400],
  ])('refuse a body that is not an alert: %#', async (body, status) => {
    const { console } = doors
    expect((await ask(console, '/', post(body))).status).toBe(status)
  })
})

test('the stream sends new alerts and those a client missed, or a gap if there are too many', async () => {
  const console = await start()
  await console.writer.insert([alert(1)])
  const stop = new AbortController()
  onTestFinished(() => stop.abort())
  const listen = async (path: string, headers: Record<string, string> = {}) => {
    const response = await fetch(new URL(path, console.url), { headers, signal: stop.signal })
    expect(response.headers.get('content-type')).toBe('text/event-stream')
    const seen = { text: '' }
    void (async () => {
      for await (const chunk of response.body!.pipeThrough(new TextDecoderStream())) seen.text += chunk
    })().catch(() => {})
    return seen
  }
  const live = await listen('/api/v1/stream')
  const filtered = await listen('/api/v1/stream?filter=alert.rule%20%3D%20Read')
  await until('it has begun', () => live.text.includes('id: 1') && filtered.text.includes('id: 1'))
  await console.writer.insert([alert(2), alert(3)])
  await until('both alerts', () => live.text.includes('id: 3\nevent: alert\ndata: {"seq":3,'))
  expect(live.text.match(/^event: alert$/gm)).toHaveLength(2)
  await until('the one', () => filtered.text.includes('id: 2\nevent: alert'))
  expect(filtered.text.match(/^event: alert$/gm)).toHaveLength(1)
  const resumed = await listen('/api/v1/stream', { 'last-event-id': '1' })
  await until('the rest', () => resumed.text.match(/^event: alert$/gm)?.length === 2)
  await console.writer.insert(Array.from({ length: 3000 }, (_, n) => alert(100 + n)))
  const late = await listen('/api/v1/stream?after=0')
  await until('the newest', () => late.text.match(/^event: alert$/gm)?.length === 200)
  expect(late.text).toContain('event: gap\ndata: {"skipped":2803}')
})

test('a client also gets the numbers of alerts that its filter leaves out, if these are many', async () => {
  const console = await start()
  const stop = new AbortController()
  onTestFinished(() => stop.abort())
  const path = '/api/v1/stream?filter=alert.rule%20%3D%20None'
  const { body } = await fetch(new URL(path, console.url), { signal: stop.signal })
  let text = ''
  void (async () => {
    for await (const chunk of body!.pipeThrough(new TextDecoderStream())) text += chunk
  })().catch(() => {})
  await until('it has begun', () => text.includes('id: 0'))
  await console.writer.insert(Array.from({ length: 1500 }, (_, n) => alert(n)))
  await until('a number', () => /^id: \d{3,}$/m.test(text))
  expect(text).not.toContain('event:')
})

test('the OpenAPI document has every route', async () => {
  const { json, headers } = await ask(shared.console, '/api/v1/openapi.json')
  expect(
    Object.entries(json.paths)
      .flatMap(([path, methods]) => Object.keys(methods as object).map(method => `${method} ${path}`))
      .sort(),
  ).toEqual(ROUTES.map(({ method, path }) => `${method.toLowerCase()} ${path}`).sort())
  expect(headers.get('content-security-policy')).toContain("script-src 'self'")
})

test('sensors are the hosts of alerts, with what their last metrics alert reports', async () => {
  const console = await start()
  const snapshot = (n: number, metrics: Record<string, string | number>) =>
    alert(n, { rule: 'Falco internal: metrics snapshot', hostname: 'db', output_fields: metrics })
  await console.writer.insert([
    ...[0, 1, 2].map(n => alert(n)),
    snapshot(3, { 'falco.version': '0.43.0', 'falco.sha256_rules_file.a': 'ff' }),
    snapshot(4, { 'falco.version': '0.44.0', 'falco.sha256_rules_file.a': 'ee', 'scap.n_drops_buffer': 7 }),
    alert(5, { hostname: undefined }),
  ])
  const { sensors } = (await ask(console, '/api/v1/sensors')).json
  const at = (n: number) => `2026-11-24T10:00:0${n}.000000000Z`
  expect(sensors).toMatchObject([
    { host: 'web', last: at(2), alerts: 3 },
    {
      ...{ host: 'db', last: at(4), alerts: 2 },
      reported: { at: at(4), version: '0.44.0', rules: { a: 'ee' }, losses: { 'scap.n_drops_buffer': 7 } },
    },
    { host: '', last: at(5), alerts: 1 },
  ])
  expect(sensors[0].reported).toBe(undefined)
  // Times are rounded down to the minute.
  expect((await ask(console, '/api/v1/sensors?since=2026-11-24T10:00:04Z')).json.sensors).toHaveLength(3)
  expect((await ask(console, '/api/v1/sensors?since=2026-11-24T10:01:00Z')).json.sensors).toEqual([])
})
