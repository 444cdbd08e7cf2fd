/** Hostile clients of the webhook: how much they can use up, and that other clients are served meanwhile. */
import { once } from 'node:events'
import { request as httpRequest } from 'node:http'
import { connect, type Socket } from 'node:net'
import { afterEach, describe, expect, test } from 'vitest'
import { eventually } from '../../../scripts/testing/wait.ts'
import { type AuditProblem, type AuditWebhook, type AuditWebhookOptions, openAuditWebhook } from '../src/index.ts'

const open: (AuditWebhook | Socket)[] = []
afterEach(async () => {
  for (const one of open.splice(0)) {
    if ('destroy' in one) one.destroy()
    else await one.close()
  }
})

async function serve(options: AuditWebhookOptions = {}): Promise<AuditWebhook> {
  const webhook = await openAuditWebhook({ host: '127.0.0.1', port: 0, graceMs: 100, ...options })
  open.push(webhook)
  return webhook
}

/** A client that sends a head and part of its body, then nothing. Each local address 127.x.x.x counts as one client. */
async function idle(webhook: AuditWebhook, declared: number, sent: string, from = '127.0.0.2'): Promise<Socket> {
  const port = Number(new URL(webhook.url).port)
  const socket = connect({ port, host: '127.0.0.1', localAddress: from })
  open.push(socket)
  socket.on('error', () => {})
  const before = webhook.stats.requests
  socket.write(
    `POST /k8s-audit HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: ${declared}\r\n\r\n${sent}`,
  )
  await eventually(() => expect(webhook.stats.requests).toBeGreaterThan(before))
  return socket
}

async function post(webhook: AuditWebhook, body: string, headers: Record<string, string> = {}, from = '127.0.0.1') {
  const request = httpRequest(webhook.url, {
    method: 'POST',
    localAddress: from,
    headers: { 'content-type': 'application/json', ...headers },
  })
  request.on('error', () => {})
  request.end(body)
  const [response] = await once(request, 'response')
  let text = ''
  for await (const chunk of response) text += chunk
  return { status: response.statusCode as number, text, headers: response.headers }
}

const list = (...ids: string[]): string =>
  JSON.stringify({ kind: 'EventList', items: ids.map(auditID => ({ auditID })) })

/** The text that a connection has received so far. */
function received(socket: Socket): () => string {
  let text = ''
  socket.on('data', chunk => {
    text += chunk
  })
  return () => text
}

describe('bodies that do not arrive', () => {
  test('a declared length reserves no memory, so other clients are served', async () => {
    const webhook = await serve()
    for (let i = 0; i < 100; i++) await idle(webhook, 12_000_000, '{"kind"')
    expect((await post(webhook, list('1'))).status).toBe(200)
    expect(webhook.stats.refused.busy).toBe(0)
  })

  test('time out after idleMs without progress, and after bodyMs in total', async () => {
    const webhook = await serve({ idleMs: 50, bodyMs: 300 })
    const silent = received(await idle(webhook, 1000, '{'))
    await eventually(() => expect(silent()).toMatch(/^HTTP\/1.1 408 /))
    const socket = await idle(webhook, 1_000_000, '{')
    const text = received(socket)
    const trickle = setInterval(() => socket.write(' '), 10)
    await eventually(() => expect(text()).toMatch(/^HTTP\/1.1 408 /))
    clearInterval(trickle)
    expect(webhook.stats.refused.slow).toBe(2)
  })

  test('when their memory is used up, the client that holds the most loses its oldest body', async () => {
    const webhook = await serve({ maxArrivingBytes: 1_000_000 })
    const sockets: (() => string)[] = []
    for (let i = 0; i < 9; i++) sockets.push(received(await idle(webhook, 200_000, ' '.repeat(100_000), '127.0.0.2')))
    // Another client needs more than is left, and gets it.
    expect((await post(webhook, list('x'.repeat(300_000)), {}, '127.0.0.3')).status).toBe(200)
    await eventually(() => expect(sockets[0]!()).toMatch(/^HTTP\/1.1 429 /))
    expect(sockets[8]!()).toBe('')
    // The client that holds the most gets no more.
    const first = received(await idle(webhook, 2_000_000, ' '.repeat(1_100_000), '127.0.0.2'))
    await eventually(() => expect(first()).toMatch(/^HTTP\/1.1 429 /))
  })

  test('connections are limited per client: other clients can still connect', async () => {
    const webhook = await serve({ maxConnectionsPerClient: 3 })
    for (let i = 0; i < 3; i++) await idle(webhook, 100, '{')
    const fourth = connect({ port: Number(new URL(webhook.url).port), host: '127.0.0.1', localAddress: '127.0.0.2' })
    fourth.on('error', () => {})
    await once(fourth, 'close')
    expect(webhook.stats.refused.connections).toBe(1)
    expect((await post(webhook, list('1'))).status).toBe(200)
  })
})

describe('expensive bodies', () => {
  test('a million empty events take little memory, and other requests are received meanwhile', async () => {
    const webhook = await serve()
    const body = `{"kind":"EventList","items":[${'{},'.repeat(1_000_000)}{"auditID":"last"}]}`
    expect((await post(webhook, body, {}, '127.0.0.2')).status).toBe(200)
    const before = process.memoryUsage().heapUsed
    let events = 0
    let largest = 0
    let other = 0
    let peak = 0
    for await (const batch of webhook.batches()) {
      events += batch.length
      largest = Math.max(largest, batch.length)
      if (events % 1024 === 0) peak = Math.max(peak, process.memoryUsage().heapUsed)
      if (batch[0]!.root.auditID === 'other') other = events
      if (events === 256) void post(webhook, list('other'))
      if (events === 256 * 1000) await eventually(() => expect(webhook.stats.requests).toBe(2))
      if (other > 0) break
    }
    expect(largest).toBe(256)
    expect(other).toBe(1_000_002)
    expect(peak - before).toBeLessThan(200 * 1024 * 1024)
  })

  test.each([
    ['one event of two million values', `{"kind":"Event","auditID":"1","x":[${'{},'.repeat(2_000_000)}{}]}`],
    ['a list without a kind', `{"items":[${'{},'.repeat(4_000_000 - 10)}{}]}`],
    ['a list that is cut off', `{"kind":"EventList","items":[${'{},'.repeat(4_000_000 - 20)}`],
  ])('%s: refused before it is parsed', async (_, body) => {
    const webhook = await serve()
    expect(await post(webhook, body)).toMatchObject({ status: 400, text: 'too-large: more than 1000000 values\n' })
    expect(webhook.losses()).toEqual({ 'bad-body': 1 })
  })

  test('a client that fills the queue leaves room for other clients', async () => {
    const webhook = await serve({ maxQueuedBytes: 100_000 })
    const large = list('1') + ' '.repeat(20_000)
    const statuses: number[] = []
    for (let i = 0; i < 6; i++) statuses.push((await post(webhook, large, {}, '127.0.0.2')).status)
    expect(statuses).toEqual([200, 200, 429, 429, 429, 429])
    expect((await post(webhook, large, {}, '127.0.0.3')).status).toBe(200)
  })
})

describe('bad items', () => {
  test.each([
    ['too deep', '['.repeat(3000) + ']'.repeat(3000), 'too-deep'],
    ['too wide', `{"x":[${'1,'.repeat(1_100_000)}1]}`, 'too-large'],
    ['malformed', '{"auditID":}', 'bad-json'],
    ['not an event', '17', 'not-an-event'],
  ])('%s: only this item is refused', async (_, item, cause) => {
    const problems: AuditProblem[] = []
    const webhook = await serve({ onProblem: problem => problems.push(problem) })
    const padding = `{"auditID":"0","pad":"${'x'.repeat(5000)}"}`
    const body = `{"kind":"EventList","items":[${padding},${item},{"auditID":"2"}]}`
    expect((await post(webhook, body)).status).toBe(200)
    const ids: unknown[] = []
    for await (const event of webhook) {
      ids.push(event.root.auditID)
      if (event.root.auditID === '2') break
    }
    expect(ids).toEqual(['0', '2'])
    expect(problems).toMatchObject([{ cause, index: 1 }])
    expect(webhook.losses()).toEqual({ [cause]: 1 })
  })
})

describe('who may send', () => {
  test('with tokens configured, a request needs one of them', async () => {
    const webhook = await serve({ tokens: ['old-secret', 'new-secret'] })
    const as = async (authorization?: string) => {
      const { status, headers } = await post(webhook, list('1'), { ...(authorization && { authorization }) })
      return [status, headers['www-authenticate']]
    }
    expect(await as()).toEqual([401, 'Bearer'])
    expect(await as('Bearer secret')).toEqual([401, 'Bearer'])
    expect(await as('Basic old-secret')).toEqual([401, 'Bearer'])
    expect(await as('Bearer old-secret')).toEqual([200, undefined])
    expect(await as('bearer new-secret')).toEqual([200, undefined])
    expect(webhook.stats.refused.unauthorized).toBe(3)
    expect(webhook.losses()).toEqual({})
  })

  test.each<[AuditWebhookOptions, boolean]>([
    [{}, true],
    [{ host: '0.0.0.0' }, true],
    [{ host: '127.0.0.1' }, false],
    [{ host: '::1' }, false],
    [{ tokens: ['secret'] }, false],
  ])('%j: exposed is %s', async (options, exposed) => {
    const webhook = await serve({ host: '', ...options })
    expect(webhook.exposed !== undefined).toBe(exposed)
  })
})

test('a wrong path or content type is not a loss; a body without an event is', async () => {
  const webhook = await serve()
  await post({ url: webhook.url.replace('k8s-audit', 'x') } as AuditWebhook, list('1'))
  await post(webhook, list('1'), { 'content-type': 'text/plain' })
  expect(webhook.losses()).toEqual({})
  await post(webhook, '{"kind":"Pod"}')
  expect(webhook.losses()).toEqual({ 'bad-body': 1 })
})

describe('answering after evaluation', () => {
  test('200 is sent once the iteration has passed the last event', async () => {
    const webhook = await serve({ answer: 'evaluated' })
    let answered = false
    const answer = post(webhook, list('1', '2')).then(({ status }) => {
      answered = true
      return status
    })
    const batches = webhook.batches()[Symbol.asyncIterator]()
    const { value } = await batches.next()
    expect(value).toHaveLength(2)
    // The server has handled another request meanwhile, but not answered this one.
    await post({ url: webhook.url.replace('k8s-audit', 'x') } as AuditWebhook, '')
    expect(answered).toBe(false)
    const next = batches.next()
    expect(await answer).toBe(200)
    await webhook.close()
    expect((await next).done).toBe(true)
  })

  test('503 is sent when the iteration is left early', async () => {
    const webhook = await serve({ answer: 'evaluated', graceMs: 5000 })
    const answer = post(webhook, list('1'))
    for await (const event of webhook) {
      expect(event.root.auditID).toBe('1')
      break
    }
    expect((await answer).status).toBe(503)
  })
})
