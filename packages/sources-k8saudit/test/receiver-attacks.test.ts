/** Clients that abuse HTTP itself: heads, trailers, pipelines, handshakes, responses that are never read. */
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { setImmediate as turn } from 'node:timers/promises'
import { connect as connectTls } from 'node:tls'
import { gzipSync } from 'node:zlib'
import { afterEach, describe, expect, onTestFinished, test, vi } from 'vitest'
import { eventually } from '../../../scripts/testing/wait.ts'
import { clientOf } from '../src/http/client.ts'
import { Faults, HttpReceiver, type ReceiverOptions } from '../src/index.ts'

const pem = readFileSync(new URL('cases/webhook/localhost.pem', import.meta.url))
const PAGE = 'x'.repeat(16 * 1024 * 1024)

const open: (HttpReceiver | Socket)[] = []
afterEach(async () => {
  for (const one of open.splice(0)) {
    if ('destroy' in one) one.destroy()
    else await one.close()
  }
})

/** A receiver of bodies at /. Requests for /fault, /late-fault and /early-fault fail, /never never responds, /page is large. */
async function serve(options: Partial<ReceiverOptions> = {}): Promise<HttpReceiver> {
  const common = { host: '127.0.0.1', port: 0, maxBodyBytes: 100_000, graceMs: 0 }
  const receiver = new HttpReceiver(
    { ...common, ...options },
    {
      route: path => {
        if (path === '/early-fault') throw new Error('a fault of ours')
        if (path === '/small') return { type: 'text/plain', body: 'a page' }
        return path === '/page' ? { type: 'text/plain', body: PAGE } : 'body'
      },
      take: (body, _, path) => {
        if (path === '/fault') throw new Error('a fault of ours')
        if (path === '/late-fault') return Promise.reject(new Error('a fault of ours'))
        if (path === '/never') return new Promise(() => {})
        return { type: 'text/plain', body: `${body.length} bytes` }
      },
    },
  )
  await receiver.listen()
  open.push(receiver)
  return receiver
}

/** Sends a text, and then nothing. @returns what is received, and whether the connection was closed */
function send(receiver: HttpReceiver, text: string | Buffer) {
  const socket = connect(Number(new URL(receiver.url).port), '127.0.0.1')
  open.push(socket)
  const seen = { text: '', closed: false }
  socket.on('error', () => {})
  socket.on('close', () => (seen.closed = true))
  socket.on('data', chunk => (seen.text += chunk))
  socket.write(text)
  return { socket, seen }
}

const JSON_HEAD = 'Host: x\r\nContent-Type: application/json\r\n'
const post = (headers: string, body = '') => `POST / HTTP/1.1\r\n${JSON_HEAD}${headers}\r\n${body}`
const ended = (seen: { text: string; closed: boolean }, start: RegExp) =>
  eventually(() => expect(seen).toEqual({ text: expect.stringMatching(start), closed: true }))

/** Checks that another client is served. */
async function servesOthers(receiver: HttpReceiver): Promise<void> {
  const { seen } = send(receiver, post('Connection: close\r\nContent-Length: 2\r\n', '{}'))
  await ended(seen, /^HTTP\/1\.1 200 .*2 bytes/s)
}

describe('heads', () => {
  test.each([
    ['a million bytes of headers', `GET /page HTTP/1.1\r\n${'a: b\r\n'.repeat(200_000)}`, 431],
    ['a long URL', `GET /${'x'.repeat(1_000_000)} HTTP/1.1\r\n`, 431],
    ['one long header', `GET /page HTTP/1.1\r\nx: ${'y'.repeat(1_000_000)}`, 431],
    ['not HTTP', 'SSH-2.0-x\r\n', 400],
    ['two lengths', post('Content-Length: 2\r\nContent-Length: 20\r\n', '{}'), 400],
    ['a length and chunks', post('Content-Length: 2\r\nTransfer-Encoding: chunked\r\n', '{}'), 400],
  ])('%s: refused, closed and counted', async (_, text, status) => {
    const receiver = await serve()
    const { seen } = send(receiver, text)
    // With bytes of the client still on their way, the kernel may drop the answer.
    await eventually(() => expect(seen.closed).toBe(true))
    expect(seen.text).toMatch(text.length > 100_000 ? new RegExp(`^$|^HTTP/1.1 ${status} `) : `HTTP/1.1 ${status} `)
    expect(receiver.refused.malformed).toBe(1)
    await servesOthers(receiver)
  })

  test.each([
    ['nothing', ''],
    ['an unfinished head', 'POST / HTTP/1.1\r\nHost: x\r\n'],
  ])('%s: 408 after headMs', async (_, text) => {
    const receiver = await serve({ headMs: 200 })
    await ended(send(receiver, text).seen, /^HTTP\/1\.1 408 /)
    expect(receiver.refused.slow).toBe(1)
  })

  test('a head that arrives byte by byte gets no more time', async () => {
    const receiver = await serve({ headMs: 300 })
    const { socket, seen } = send(receiver, 'POST / HTTP/1.1\r\n')
    const trickle = setInterval(() => socket.write('x'), 20)
    await ended(seen, /^HTTP\/1\.1 408 /)
    clearInterval(trickle)
  })

  test.each([
    ['of a GET request', 'GET /small HTTP/1.1\r\n', 200],
    ['with an unknown expectation', 'POST / HTTP/1.1\r\nExpect: 200-maybe\r\n', 417],
  ])('a body %s that arrives byte by byte is cut off', async (_, head, status) => {
    const receiver = await serve({ headMs: 100, bodyMs: 100 })
    const { socket, seen } = send(receiver, `${head}${JSON_HEAD}Content-Length: 1000000\r\n\r\n`)
    const trickle = setInterval(() => socket.write('x'), 20)
    await ended(seen, new RegExp(`^HTTP/1\\.1 ${status} `))
    clearInterval(trickle)
  })

  test('an unfinished TLS handshake times out', async () => {
    // Enough time for the handshake that does finish.
    const receiver = await serve({ tls: { cert: pem }, headMs: 2000 })
    await ended(send(receiver, '').seen, /^$/)
    // The first bytes of a ClientHello.
    await ended(send(receiver, Buffer.from([22, 3, 1, 2, 0, 1])).seen, /^$/)
    expect(receiver.refused.slow).toBe(2)
    const socket = connectTls({ port: Number(new URL(receiver.url).port), ca: pem, servername: 'localhost' })
    open.push(socket)
    await once(socket, 'secureConnect')
  })
})

describe('Expect: 100-continue', () => {
  test('an authorised client is asked for the body', async () => {
    const receiver = await serve({ tokens: ['t'] })
    const head = post('Authorization: Bearer t\r\nExpect: 100-continue\r\nContent-Length: 2\r\n')
    const { socket, seen } = send(receiver, head)
    await eventually(() => expect(seen.text).toBe('HTTP/1.1 100 Continue\r\n\r\n'))
    socket.write('{}')
    await eventually(() => expect(seen.text).toMatch(/HTTP\/1\.1 200 .*2 bytes/s))
  })

  test.each([
    ['no token', '', 401],
    ['too large', 'Authorization: Bearer t\r\nContent-Length: 200000\r\n', 413],
  ])('%s: refused before the body is sent', async (_, headers, status) => {
    const receiver = await serve({ tokens: ['t'] })
    const { seen } = send(receiver, post(`${headers}Expect: 100-continue\r\n`))
    await eventually(() => expect(seen.text).toMatch(new RegExp(`^HTTP/1.1 ${status} `)))
  })
})

describe('pipelines', () => {
  test('with many requests at once: a few are answered, then the connection is closed', async () => {
    const receiver = await serve()
    const { seen } = send(receiver, 'GET /page HTTP/1.1\r\nHost: x\r\n\r\n'.repeat(2000))
    await eventually(() => expect(seen.closed).toBe(true))
    expect(receiver.requests).toBeLessThan(5)
    expect(receiver.refused.pipelined).toBe(1)
    await servesOthers(receiver)
  })

  test('requests sent one after the other are not limited', async () => {
    const receiver = await serve()
    const one = post('Content-Length: 2\r\n', '{}')
    const { socket, seen } = send(receiver, one)
    for (let i = 1; i <= 50; i++) {
      await eventually(() => expect(seen.text.split('2 bytes').length - 1).toBe(i))
      if (i < 50) socket.write(one)
    }
    expect(receiver.refused.pipelined).toBe(0)
  })

  test('only a few bodies can wait for their response', async () => {
    const receiver = await serve()
    const one = post('Content-Length: 1000\r\n', ' '.repeat(1000)).replace('/', '/never')
    const { seen } = send(receiver, one.repeat(100))
    await eventually(() => expect(seen.closed).toBe(true))
    expect(receiver.requests).toBe(4)
    await servesOthers(receiver)
  })
})

test.each([
  ['from another site', 'Origin: http://elsewhere.example\r\n'],
  ['from a site whose name resolves to this server', 'Origin: http://x\r\nSec-Fetch-Site: same-origin\r\n'],
  ['with an opaque origin', 'Origin: null\r\n'],
  ['with Sec-Fetch-Site alone', 'Sec-Fetch-Site: cross-site\r\n'],
])('a request by a page in a browser is refused: %s', async (_, head) => {
  const receiver = await serve()
  const { seen } = send(receiver, `POST / HTTP/1.1\r\n${JSON_HEAD}${head}Content-Length: 2\r\n\r\n{}`)
  await eventually(() => expect(seen.text).toContain('pages in a browser may not send this'))
  expect(seen.text).toMatch(/^HTTP\/1.1 403 /)
  expect(receiver.refused.unauthorized).toBe(1)
})

test('a silent client does not delay close, even before its TLS handshake', async () => {
  const receiver = await serve({ tls: { cert: pem } })
  const { socket, seen } = send(receiver, Buffer.from([22, 3, 1]))
  await once(socket, 'connect')
  await receiver.close()
  await eventually(() => expect(seen.closed).toBe(true))
})

describe('bodies', () => {
  const chunked = 'Transfer-Encoding: chunked\r\n'

  test.each([
    ['endless trailers', post(chunked, `2\r\n{}\r\n0\r\n${'a: b\r\n'.repeat(200_000)}`)],
    ['endless chunk extensions', post(chunked, `2;${'x=y;'.repeat(200_000)}`)],
    ['a chunk without a length', post(chunked, 'zz\r\n')],
  ])('%s: closed, and counted once', async (_, text) => {
    const receiver = await serve()
    const { seen } = send(receiver, text)
    await eventually(() => expect(seen.closed).toBe(true))
    await eventually(() => expect(Object.values(receiver.refused).reduce((sum, count) => sum + count)).toBe(1))
    await servesOthers(receiver)
  })

  test('a trailer that never arrives: 408', async () => {
    const receiver = await serve({ idleMs: 100 })
    await ended(send(receiver, post(chunked, '2\r\n{}\r\n0\r\nx: ')).seen, /^HTTP\/1\.1 408 /)
  })

  test('a gzip bomb is refused at the limit, and so is a large body that decompresses to nothing', async () => {
    const receiver = await serve()
    const bomb = gzipSync(Buffer.alloc(64 * 1024 * 1024))
    const nothing = Buffer.concat(Array<Buffer>(10_000).fill(gzipSync('')))
    for (const body of [bomb, nothing]) {
      const chunk = body.subarray(0, 80_000)
      const head = post(`Content-Encoding: gzip\r\n${chunked}`)
      const { socket, seen } = send(receiver, head)
      for (let at = 0; at < body.length && !seen.text; at += chunk.length) {
        const part = body.subarray(at, at + chunk.length)
        socket.write(`${part.length.toString(16)}\r\n`)
        socket.write(part)
        socket.write('\r\n')
        await turn()
      }
      await eventually(() => expect(seen.text).toMatch(/^HTTP\/1\.1 413 /))
    }
    expect(receiver.refused['body-too-large']).toBe(2)
  })
})

test.each(['/fault', '/late-fault', '/early-fault'])(
  '%s: the request fails, the log says why, and the receiver keeps running',
  async path => {
    const told: string[] = []
    const receiver = await serve({ onFault: text => told.push(text) })
    for (let i = 0; i < 3; i++) {
      const { seen } = send(receiver, post('Connection: close\r\nContent-Length: 2\r\n', '{}').replace('/', path))
      await ended(seen, /^HTTP\/1\.1 500 .*an error of the server/s)
      expect(seen.text).not.toContain('ours')
    }
    expect(receiver.refused.fault).toBe(3)
    expect(told).toEqual([expect.stringMatching(/^a request could not be handled: a fault of ours \(at .*:\d+\)\)$/)])
    await servesOthers(receiver)
  },
)

test('a fault is reported once a minute for each place in the code, whatever its message', () => {
  vi.useFakeTimers({ toFake: ['performance'] })
  onTestFinished(() => void vi.useRealTimers())
  vi.advanceTimersByTime(1)
  const told: string[] = []
  const faults = new Faults(text => told.push(text))
  const here = (message: string) => new Error(message)
  for (let i = 0; i < 1000; i++) faults.add(here(`${i}\n    at forged (${i}.ts:1:1)`))
  faults.add(new Error('elsewhere'))
  expect(told).toEqual([
    expect.stringMatching(/: 0\n {4}at forged.*\(at here .*\)$/s),
    expect.stringContaining('elsewhere'),
  ])
  vi.advanceTimersByTime(60_000)
  faults.add(here('x'.repeat(1e6)))
  expect(told[2]).toMatch(/: x{300} \(at here .*\); 999 more since the last message$/)
  faults.add('no error')
  expect(told[3]).toBe('a request could not be handled: no error (from an unknown place)')
})

test('a response that is never read is cut off', async () => {
  const receiver = await serve({ answerMs: 100 })
  const { socket, seen } = send(receiver, 'GET /page HTTP/1.1\r\nHost: x\r\n\r\n')
  socket.pause()
  await eventually(() => expect(receiver.refused.slow).toBe(1))
  socket.resume()
  await eventually(() => expect(seen.closed).toBe(true))
  expect(seen.text.length).toBeLessThan(PAGE.length)
})

test.each([
  ['127.0.0.1', '127.0.0.1'],
  ['::ffff:10.1.2.3', '10.1.2.3'],
  ['::1', '::/64'],
  ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
  ['2001:db8:1:2::7', '2001:db8:1:2::/64'],
  ['2001:db8::7', '2001:db8::/64'],
  ['fe80::1%eth0', 'fe80::/64'],
])('%s counts as %s', (remoteAddress, client) => {
  expect(clientOf({ remoteAddress })).toBe(client)
})
