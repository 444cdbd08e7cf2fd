import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { request as httpRequest } from 'node:http'
import { request as httpsRequest } from 'node:https'
import { connect } from 'node:net'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterEach, describe, expect, test } from 'vitest'
import { eventually } from '../../../scripts/testing/wait.ts'
import {
  type AuditEvent,
  type AuditProblem,
  type AuditWebhook,
  type AuditWebhookOptions,
  openAuditWebhook,
} from '../src/index.ts'

const pem = join(import.meta.dirname, 'cases/webhook/localhost.pem')
const ca = readFileSync(pem, 'utf8')

const open: AuditWebhook[] = []
afterEach(async () => {
  for (const webhook of open.splice(0)) await webhook.close()
})

async function serve(options: AuditWebhookOptions = {}): Promise<AuditWebhook> {
  const webhook = await openAuditWebhook({ host: '127.0.0.1', port: 0, graceMs: 200, ...options })
  open.push(webhook)
  return webhook
}

/** Collects auditIDs in the background. */
function collect(webhook: AuditWebhook): { ids: unknown[]; done: Promise<void> } {
  const ids: unknown[] = []
  const done = (async () => {
    for await (const event of webhook) ids.push(event.root.auditID)
  })()
  return { ids, done }
}

interface Answer {
  status: number
  text: string
  headers: Record<string, unknown>
}

async function post(
  url: string,
  body: string | Buffer,
  headers: Record<string, string> = {},
  method = 'POST',
): Promise<Answer> {
  const options = { method, headers: { 'content-type': 'application/json', ...headers }, ca }
  const request = url.startsWith('https:') ? httpsRequest(url, options) : httpRequest(url, options)
  // A connection that breaks after the response does not matter.
  request.on('error', () => undefined)
  request.end(body)
  const [response] = await once(request, 'response')
  const chunks: Buffer[] = []
  for await (const chunk of response) chunks.push(chunk)
  return { status: response.statusCode, text: Buffer.concat(chunks).toString(), headers: response.headers }
}

const list = (...ids: string[]): string =>
  JSON.stringify({ kind: 'EventList', apiVersion: 'audit.k8s.io/v1', items: ids.map(auditID => ({ auditID })) })

describe.each([
  ['http', undefined],
  ['https with one PEM file', pem],
  ['https with texts', { cert: ca, key: ca }],
])('%s', (_, tls) => {
  test('accepts an Event, an EventList and an array', async () => {
    const webhook = await serve({ ...(tls && { tls }) })
    const { ids, done } = collect(webhook)
    expect((await post(webhook.url, '{"kind":"Event","auditID":"1"}')).status).toBe(200)
    expect(
      (await post(webhook.url, list('2', '3'), { 'content-type': 'application/json; charset=utf-8' })).status,
    ).toBe(200)
    expect((await post(webhook.url, '[{"auditID":"4"}]')).status).toBe(200)
    await webhook.close()
    await done
    expect(ids).toEqual(['1', '2', '3', '4'])
    expect(webhook.stats).toMatchObject({ requests: 3, events: 4 })
  })
})

test('a gzip body is accepted', async () => {
  const webhook = await serve()
  const { ids } = collect(webhook)
  const answer = await post(webhook.url, gzipSync(list('1', '2')), { 'content-encoding': 'gzip' })
  expect(answer.status).toBe(200)
  await eventually(() => expect(ids).toEqual(['1', '2']))
})

test('clients without a certificate are turned away when one is required', async () => {
  const webhook = await serve({ tls: { cert: ca, ca } })
  await expect(post(webhook.url, list('1'))).rejects.toThrow()
  expect(webhook.stats.requests).toBe(0)
})

describe('refused requests', () => {
  const good = list('1')
  test.each<[string, number, string, Parameters<typeof post> extends [string, ...infer R] ? R : never]>([
    ['truncated', 400, 'bad-json: ', [good.slice(0, 40)]],
    ['empty', 400, 'bad-json: ', ['']],
    ['not an event', 400, 'not-an-event: kind "Pod" is not an audit event', ['{"kind":"Pod"}']],
    ['a number', 400, 'not-an-event: a number is not an audit event', ['1']],
    [
      'a list of rubbish',
      400,
      'not-an-event: item 0: null is not an audit event',
      ['{"kind":"EventList","items":[null]}'],
    ],
    ['nested deeply', 400, 'too-deep: nested deeper than 2000 levels', ['['.repeat(1_000_000)]],
    ['another method', 405, 'PUT is not allowed, only POST', [good, {}, 'PUT']],
    [
      'another type',
      415,
      'content type "text/plain" is not application/json',
      [good, { 'content-type': 'text/plain' }],
    ],
    ['an unknown encoding', 415, 'content encoding "br" is not supported', [good, { 'content-encoding': 'br' }]],
    ['gzip that is not gzip', 400, 'gzip: incorrect header check', [good, { 'content-encoding': 'gzip' }]],
    [
      'gzip that is cut off',
      400,
      'gzip: unexpected end',
      [gzipSync(good).subarray(0, 40), { 'content-encoding': 'gzip' }],
    ],
    [
      'gzip that is too large inside',
      413,
      'the body is larger than 5000000 bytes',
      [gzipSync(Buffer.alloc(6_000_000, ' ')), { 'content-encoding': 'gzip' }],
    ],
    ['too large', 413, 'the body is larger than 5000000 bytes', [Buffer.alloc(6_000_000, ' ')]],
    [
      'too large, without a length',
      413,
      'the body is larger than 5000000 bytes',
      [Buffer.alloc(6_000_000, ' '), { 'transfer-encoding': 'chunked' }],
    ],
  ])('%s', async (_, status, reason, args) => {
    const webhook = await serve({ maxBodyBytes: 5_000_000 })
    const { ids } = collect(webhook)
    const answer = await post(webhook.url, ...args)
    expect(answer.status).toBe(status)
    expect(answer.text).toContain(reason)
    expect((await post(webhook.url, good)).status).toBe(200)
    await webhook.close()
    expect(ids).toEqual(['1'])
    expect(Object.values(webhook.stats.refused).reduce((a, b) => a + b)).toBe(1)
  })

  test('another path', async () => {
    const webhook = await serve({ path: '/audit' })
    const answer = await post(webhook.url.replace('/audit', '/k8s-audit'), good)
    expect(answer).toMatchObject({ status: 404, text: 'nothing is served at /k8s-audit; the webhook is at /audit\n' })
    expect((await post(`${webhook.url}?timeout=30s`, good)).status).toBe(200)
  })

  test('a body of 100 MB', async () => {
    const webhook = await serve()
    expect((await post(webhook.url, Buffer.alloc(100 * 1024 * 1024, '['))).status).toBe(413)
    expect(webhook.stats.refused['body-too-large']).toBe(1)
  })

  test('a client that disconnects in the middle of its body', async () => {
    const webhook = await serve()
    const socket = connect(Number(new URL(webhook.url).port), '127.0.0.1')
    socket.write(
      'POST /k8s-audit HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{"kind"',
    )
    await eventually(() => expect(webhook.stats.requests).toBe(1))
    socket.destroy()
    await eventually(() => expect(webhook.stats.refused.aborted).toBe(1))
  })
})

test('the good events of a list are accepted, the bad ones reported and counted', async () => {
  const problems: AuditProblem[] = []
  const webhook = await serve({ onProblem: problem => problems.push(problem) })
  const { ids, done } = collect(webhook)
  const body = '{"kind":"EventList","items":[{"auditID":"1"},7,{"auditID":"2","__proto__":{"x":1}},"x"]}'
  expect((await post(webhook.url, body)).status).toBe(200)
  await webhook.close()
  await done
  expect(ids).toEqual(['1', '2'])
  expect(problems.map(problem => problem.index)).toEqual([1, 3])
  expect(webhook.stats.rejected['not-an-event']).toBe(2)
})

test('a large event arrives whole and is cut when it is printed', async () => {
  const webhook = await serve({ maxEventSize: 1000 })
  const events: AuditEvent[] = []
  const done = (async () => {
    for await (const event of webhook) events.push(event)
  })()
  const event = { kind: 'Event', auditID: '1', requestObject: { data: { a: 'x'.repeat(5000), b: 'y' } } }
  await post(webhook.url, JSON.stringify(event))
  await webhook.close()
  await done
  expect(events.map(({ root }) => root)).toEqual([event])
  expect(events[0]!.printed()).toBe(
    '{"kind":"Event","auditID":"1","requestObject":{"data":{"a":"<cut: 5002 bytes>","b":"y"}}}',
  )
})

describe('back-pressure', () => {
  test('a full queue gives 429 with Retry-After until it is read', async () => {
    const webhook = await serve({ maxQueuedBytes: 7000 })
    const statuses: number[] = []
    for (let i = 0; i < 6; i++) statuses.push((await post(webhook.url, list(String(i)))).status)
    expect(statuses).toEqual([200, 200, 200, 429, 429, 429])
    expect((await post(webhook.url, list('6'))).headers['retry-after']).toBe('1')
    expect(webhook.waiting.bodies).toBe(3)
    expect(webhook.waiting.bytes).toBeGreaterThan(3 * 1024)
    const { ids, done } = collect(webhook)
    await eventually(() => expect(ids).toEqual(['0', '1', '2']))
    expect((await post(webhook.url, list('7'))).status).toBe(200)
    await webhook.close()
    await done
    expect(ids).toEqual(['0', '1', '2', '7'])
    expect(webhook.stats.refused.busy).toBe(4)
    expect(webhook.waiting).toEqual({ bodies: 0, bytes: 0 })
  })

  test('a body larger than the whole queue is accepted when the queue is empty', async () => {
    const webhook = await serve({ maxQueuedBytes: 10 })
    expect((await post(webhook.url, list('1'))).status).toBe(200)
  })
})

describe('stopping', () => {
  test('by signal: queued events are still delivered', async () => {
    const stop = new AbortController()
    const webhook = await serve({ signal: stop.signal })
    await post(webhook.url, list('1', '2'))
    stop.abort()
    const { ids, done } = collect(webhook)
    await done
    expect(ids).toEqual(['1', '2'])
    await expect(post(webhook.url, list('3'))).rejects.toThrow()
  })

  test('a request in progress is answered', async () => {
    const webhook = await serve({ graceMs: 5000 })
    const { ids, done } = collect(webhook)
    const url = new URL(webhook.url)
    const request = httpRequest(url, { method: 'POST', headers: { 'content-type': 'application/json' } })
    const body = list('1')
    request.write(body.slice(0, 10))
    await eventually(() => expect(webhook.stats.requests).toBe(1))
    const closed = webhook.close()
    request.end(body.slice(10))
    const [response] = await once(request, 'response')
    expect(response.statusCode).toBe(200)
    response.resume()
    await closed
    await done
    expect(ids).toEqual(['1'])
  })

  test('a request that never ends is aborted', async () => {
    const webhook = await serve({ graceMs: 50 })
    const socket = connect(Number(new URL(webhook.url).port), '127.0.0.1')
    socket.on('error', () => undefined)
    socket.write(
      'POST /k8s-audit HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{',
    )
    await eventually(() => expect(webhook.stats.requests).toBe(1))
    await webhook.close()
    await eventually(() => expect(webhook.stats.refused.aborted).toBe(1))
  })

  test('leaving the iteration closes the server', async () => {
    const webhook = await serve()
    await post(webhook.url, list('1', '2'))
    for await (const event of webhook) {
      expect(event.root.auditID).toBe('1')
      break
    }
    await expect(post(webhook.url, list('3'))).rejects.toThrow()
  })
})

test('an address in use is an error, and so is a missing certificate', async () => {
  const { url } = await serve()
  await expect(serve({ port: Number(new URL(url).port) })).rejects.toThrow('EADDRINUSE')
  await expect(serve({ tls: '/nowhere.pem' })).rejects.toThrow('ENOENT')
})
