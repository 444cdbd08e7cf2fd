import { readFileSync, writeFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type Server } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { buffer } from 'node:stream/consumers'
import { gunzipSync } from 'node:zlib'
import { afterEach, expect, test } from 'vitest'
import { EMPTY } from '../../../scripts/testing/empty.ts'
import { DEADLINE_MS, until } from '../../../scripts/testing/wait.ts'
import { HttpOutput, OutputError } from '../src/index.ts'
import { deliverLines, line } from './lines.ts'
import { cannotCertify, selfSigned } from './transports/peer.ts'

let server: Server | undefined
afterEach(() => {
  server?.close()
  server?.closeAllConnections()
})

/** Starts a server that gives these answers in turn (0: none at all); returns its address and what it saw. */
async function serve(...answers: number[]) {
  const seen: { request: IncomingMessage; body: Buffer }[] = []
  server = createServer(async (request, response) => {
    seen.push({ request, body: await buffer(request) })
    const status = answers.shift() ?? 200
    if (status > 0) response.writeHead(status).end()
  })
  await new Promise<void>(resolve => server!.listen(0, '127.0.0.1', resolve))
  return { url: `http://127.0.0.1:${(server!.address() as AddressInfo).port}/in`, seen }
}

const send = async (output: HttpOutput, text: string) => {
  const channel = deliverLines(output, { backoff: { first: 5, max: 20 }, stallTimeout: DEADLINE_MS })
  channel.push(line(text))
  await channel.close()
  return channel.stats
}

test('posts with the headers of Falco', async () => {
  const { url, seen } = await serve()
  await send(new HttpOutput({ url: `"${url}"`, json: true }), '{"rule":"a"}')
  expect(seen[0]!.request).toMatchObject({ method: 'POST', url: '/in' })
  expect(seen[0]!.request.headers).toMatchObject({
    'content-type': 'application/json',
    'user-agent': 'falcosecurity/falco',
    'content-length': '12',
  })
  expect(seen[0]!.body.toString()).toBe('{"rule":"a"}')
})

test('compresses when asked to', async () => {
  const { url, seen } = await serve()
  await send(new HttpOutput({ url, json: false, compressUploads: true, userAgent: 'me' }), 'a'.repeat(1000))
  expect(seen[0]!.request.headers).toMatchObject({
    'content-type': 'text/plain',
    'user-agent': 'me',
    'content-encoding': 'gzip',
  })
  expect(gunzipSync(seen[0]!.body).toString()).toBe('a'.repeat(1000))
})

test('a request that times out is retried, and the retry is counted', async () => {
  const { url, seen } = await serve(0, 0, 200)
  const stats = await send(new HttpOutput({ url, json: false, timeout: 50 }), 'a')
  expect(stats).toMatchObject({ delivered: 1, dropped: EMPTY })
  // On a busy machine, the answer may be late, too, and an attempt may end before the server sees it.
  expect(seen.length).toBeGreaterThanOrEqual(3)
  expect(stats.retries).toBeGreaterThanOrEqual(seen.length - 1)
})

test('an alert that the server never answers is counted on close as lost to a timeout', async () => {
  const { url } = await serve(...new Array(1000).fill(0))
  const output = new HttpOutput({ url, json: false, timeout: 50, maxConsecutiveTimeouts: 1 })
  const channel = deliverLines(output, { backoff: { first: 5, max: 20 }, stallTimeout: 200 })
  channel.push(line('a'))
  await until('two retries', () => channel.stats.retries > 1)
  await channel.close()
  expect(channel.stats).toMatchObject({ delivered: 0, dropped: { timeout: 1 } })
})

test.each([500, 503, 429, 408, 401, 403, 404])('after %i the alert is sent again', async status => {
  const { url, seen } = await serve(status, status, 200)
  const stats = await send(new HttpOutput({ url, json: false }), 'a')
  expect(stats).toMatchObject({ delivered: 1, dropped: EMPTY, retries: 2 })
  expect(seen).toHaveLength(3)
})

test.each([400, 413, 422])('after %i the alert is lost and the next one sent', async status => {
  const { url, seen } = await serve(status, 200)
  const channel = deliverLines(new HttpOutput({ url, json: false }))
  for (const text of ['a', 'b']) channel.push(line(text))
  await channel.close()
  expect(channel.stats).toMatchObject({ delivered: 1, dropped: { [`http_${status}`]: 1 }, retries: 0 })
  expect(seen.map(({ body }) => body.toString())).toEqual(['a', 'b'])
})

test('an endless response neither delays nor fails the delivery, nor fills memory', async () => {
  let sent = 0
  server = createServer((request, response) => {
    request.resume()
    response.writeHead(200)
    const chunk = Buffer.alloc(64 * 1024)
    const more = () => {
      while (!response.destroyed && response.write(chunk)) sent += chunk.length
    }
    response.on('drain', more)
    more()
  })
  await new Promise<void>(resolve => server!.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const stats = await send(new HttpOutput({ url: `http://127.0.0.1:${port}/`, json: false, keepAlive: true }), 'a')
  expect(stats).toMatchObject({ delivered: 1, dropped: EMPTY })
  expect(sent).toBeLessThan(64 * 1024 * 1024)
})

test.skipIf(cannotCertify())('a reload with an invalid client key keeps the old certificate', async () => {
  const { cert, key } = selfSigned()
  const pem = { cert: readFileSync(cert), key: readFileSync(key) }
  const bodies: string[] = []
  const secure = createTlsServer({ ...pem, ca: pem.cert, requestCert: true }, async (request, response) => {
    bodies.push((await buffer(request)).toString())
    response.end()
  })
  server = secure
  await new Promise<void>(resolve => secure.listen(0, '127.0.0.1', resolve))
  const url = `https://localhost:${(secure.address() as AddressInfo).port}/`
  const log: string[] = []
  const output = new HttpOutput({ url, json: false, caCert: cert, mtls: true, clientCert: cert, clientKey: key })
  const channel = deliverLines(output, { log: (_, text) => log.push(text) })
  await channel.open()
  writeFileSync(key, 'not a key')
  await channel.reopen()
  channel.push(line('a'))
  await channel.close()
  expect(log).toEqual([expect.stringMatching(/^http output: .+ \(reopening\)$/)])
  expect(bodies).toEqual(['a'])
  const options = { url, json: false, mtls: true, clientCert: cert, clientKey: key }
  expect(() => new HttpOutput(options)).toThrow(OutputError)
})

test.each([
  ['user hunter22@host', /^http output: url is not a URL$/],
  ['ftp://user:hunter22@host/', /^http output: url must begin with http:\/\/ or https:\/\/$/],
])('refuses %s without showing it', (url, message) => {
  expect(() => new HttpOutput({ url, json: false })).toThrow(message)
})

test('says which certificate file is missing', () => {
  expect(() => new HttpOutput({ url: 'https://host/', json: false, caCert: '/no/such.pem' })).toThrow(
    "http output: ENOENT: no such file or directory, open '/no/such.pem'",
  )
})
