import { createServer, type IncomingMessage, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { buffer } from 'node:stream/consumers'
import { gunzipSync } from 'node:zlib'
import { afterEach, expect, test } from 'vitest'
import { Channel, HttpOutput } from '../src/index.ts'

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

const send = async (output: HttpOutput, line: string) => {
  const channel = new Channel(output)
  channel.push({ line, priority: 'Error' })
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

test('a time-out is tried again, and counted', async () => {
  const { url, seen } = await serve(0, 0, 200)
  const stats = await send(new HttpOutput({ url, json: false, timeout: 50 }), 'a')
  expect(stats).toMatchObject({ delivered: 1, dropped: {}, retries: 2 })
  expect(seen.length).toBe(3)
})

test('after the last retry the alert is lost under its cause', async () => {
  const { url } = await serve(0, 0)
  const stats = await send(new HttpOutput({ url, json: false, timeout: 50, maxConsecutiveTimeouts: 1 }), 'a')
  expect(stats).toMatchObject({ delivered: 0, dropped: { timeout: 1 }, retries: 1 })
})

test('a refusal is a loss', async () => {
  const { url } = await serve(503)
  expect(await send(new HttpOutput({ url, json: false }), 'a')).toMatchObject({ dropped: { http_503: 1 } })
})

test.each([
  ['nonsense', 'http output: not a URL: nonsense'],
  ['ftp://host/', 'http output: the URL must begin with http:// or https://: ftp://host/'],
])('refuses %s', (url, message) => {
  expect(() => new HttpOutput({ url, json: false })).toThrow(message)
})

test('says which certificate file is missing', () => {
  expect(() => new HttpOutput({ url: 'https://host/', json: false, caCert: '/no/such.pem' })).toThrow(
    "http output: ENOENT: no such file or directory, open '/no/such.pem'",
  )
})
