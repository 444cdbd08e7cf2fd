/** Clients that abuse HTTP itself: heads, trailers, pipelines, handshakes, answers that nobody takes. */
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

/** A receiver that takes bodies at /, fails at /fault, /late-fault and /early-fault, never comes to an end with those at /never, and has a large page. */
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

/** Sends a text, and then nothing. @returns what is received, and whether the connection has been closed */
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

/** Another client is served. */
async function servesOthers(receiver: HttpReceiver): Promise<void> {
  const { seen } = send(receiver, post('Connection: close\r\nContent-Length: 2\r\n', '{}'))
  await ended(seen, /^HTTP\/1\.1 200 .*2 bytes/s)
}

describe('heads', () => {
  test.each([
    ['a million bytes of headers', `GET /page HTTP/1.1\r\n${'a: b\r\n'.repeat(200_000)}`, 431],
    ['a long URL', `GET /${'x'.repeat(1_000_000)} HTTP/1.1\r\n`, 431],
    ['one long header', `GET /page HTTP/1.1\r\nx: ${'y'.repeat(1_000_000)}`, 431],
    ['no HTTP', 'SSH-2.0-x\r\n', 400],
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
    ['a head that does not end', 'POST / HTTP/1.1\r\nHost: x\r\n'],
  ])('%s: 408 after a time', async (_, text) => {
    const receiver = await serve({ headMs: 200 })
    await ended(send(receiver, text).seen, /^HTTP\/1\.1 408 /)
    expect(receiver.refused.slow).toBe(1)
  })

  test('a head that comes byte by byte has no more time', async () => {
    const receiver = await serve({ headMs: 300 })
    const { socket, seen } = send(receiver, 'POST / HTTP/1.1\r\n')
    const trickle = setInterval(() => socket.write('x'), 20)
    await ended(seen, /^HTTP\/1\.1 408 /)
    clearInterval(trickle)
  })

  test.each([
    ['of a request that has none', 'GET /small HTTP/1.1\r\n', 200],
    ['with an expectation that nobody knows', 'POST / HTTP/1.1\r\nExpect: 200-maybe\r\n', 417],
  ])('a body %s, byte by byte: given up after a time', async (_, head, status) => {
    const receiver = await serve({ headMs: 100, bodyMs: 100 })
    const { socket, seen } = send(receiver, `${head}${JSON_HEAD}Content-Length: 1000000\r\n\r\n`)
    const trickle = setInterval(() => socket.write('x'), 20)
    await ended(seen, new RegExp(`^HTTP/1\\.1 ${status} `))
    clearInterval(trickle)
  })

  test('a TLS handshake that does not end is given up', async () => {
    // Time enough for the handshake that does end.
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
  test('whoever may send is asked for the body', async () => {
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
  ])('%s: refused before it is sent', async (_, headers, status) => {
    const receiver = await serve({ tokens: ['t'] })
    const { seen } = send(receiver, post(`${headers}Expect: 100-continue\r\n`))
    await eventually(() => expect(seen.text).toMatch(new RegExp(`^HTTP/1.1 ${status} `)))
  })
})

describe('pipelines', () => {
  test('of many requests at once, a few are answered, and the connection is closed', async () => {
    const receiver = await serve()
    const { seen } = send(receiver, 'GET /page HTTP/1.1\r\nHost: x\r\n\r\n'.repeat(2000))
    await eventually(() => expect(seen.closed).toBe(true))
    expect(receiver.requests).toBeLessThan(5)
    expect(receiver.refused.pipelined).toBe(1)
    await servesOthers(receiver)
  })

  test('one request after the other is served for as long as it likes', async () => {
    const receiver = await serve()
    const one = post('Content-Length: 2\r\n', '{}')
    const { socket, seen } = send(receiver, one)
    for (let i = 1; i <= 50; i++) {
      await eventually(() => expect(seen.text.split('2 bytes').length - 1).toBe(i))
      if (i < 50) socket.write(one)
    }
    expect(receiver.refused.pipelined).toBe(0)
  })

  test('bodies that wait for their answer are few', async () => {
    const receiver = await serve()
    const one = post('Content-Length: 1000\r\n', ' '.repeat(1000)).replace('/', '/never')
    const { seen } = send(receiver, one.repeat(100))
    await eventually(() => expect(seen.closed).toBe(true))
    expect(receiver.requests).toBe(4)
    await servesOthers(receiver)
  })
})

test.each([
  ['of another site', 'Origin: http://elsewhere.example\r\n'],
  ['whose own name leads here', 'Origin: http://x\r\nSec-Fetch-Site: same-origin\r\n'],
  ['that hides where it is from', 'Origin: null\r\n'],
  ['of a browser that says how only', 'Sec-Fetch-Site: cross-site\r\n'],
])('a page in a browser %s sends nothing', async (_, head) => {
  const receiver = await serve()
  const { seen } = send(receiver, `POST / HTTP/1.1\r\n${JSON_HEAD}${head}Content-Length: 2\r\n\r\n{}`)
  await eventually(() => expect(seen.text).toContain('pages in a browser may not send this'))
  expect(seen.text).toMatch(/^HTTP\/1.1 403 /)
  expect(receiver.refused.unauthorized).toBe(1)
})

test('a silent client does not hold up the end, not even before its TLS handshake', async () => {
  const receiver = await serve({ tls: { cert: pem } })
  const { socket, seen } = send(receiver, Buffer.from([22, 3, 1]))
  await once(socket, 'connect')
  await receiver.close()
  await eventually(() => expect(seen.closed).toBe(true))
})

describe('bodies', () => {
  const chunked = 'Transfer-Encoding: chunked\r\n'

  test.each([
    ['trailers without end', post(chunked, `2\r\n{}\r\n0\r\n${'a: b\r\n'.repeat(200_000)}`)],
    ['chunk extensions without end', post(chunked, `2;${'x=y;'.repeat(200_000)}`)],
    ['a chunk that has no length', post(chunked, 'zz\r\n')],
  ])('%s: closed, and counted once', async (_, text) => {
    const receiver = await serve()
    const { seen } = send(receiver, text)
    await eventually(() => expect(seen.closed).toBe(true))
    await eventually(() => expect(Object.values(receiver.refused).reduce((sum, count) => sum + count)).toBe(1))
    await servesOthers(receiver)
  })

  test('a trailer that does not come: 408', async () => {
    const receiver = await serve({ idleMs: 100 })
    await ended(send(receiver, post(chunked, '2\r\n{}\r\n0\r\nx: ')).seen, /^HTTP\/1\.1 408 /)
  })

  test('what decompresses to much is refused at the limit, and what decompresses to nothing, too', async () => {
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
  '%s: the request fails, the log tells why, and the receiver goes on',
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

test('a fault is told of once a minute for each place in the code, whatever its message', () => {
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

test('an answer that nobody takes is given up', async () => {
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
