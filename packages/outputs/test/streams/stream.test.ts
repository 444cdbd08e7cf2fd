import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { get } from 'node:http'
import { get as getSecure } from 'node:https'
import { connect } from 'node:net'
import { createInterface } from 'node:readline'
import { expect, onTestFinished, test } from 'vitest'
import { freePort } from '../../../../scripts/testing/port.ts'
import { until } from '../../../../scripts/testing/wait.ts'
import { stream } from '../../src/transports/stream.ts'
import { alert, context, idOf, item, open, patient } from '../transports/items.ts'
import { cannotCertify, certificates, folder } from '../transports/peer.ts'

async function server(values: Record<string, unknown> = {}) {
  const port = await freePort()
  const transport = await open(stream, { listen: `127.0.0.1:${port}`, ...values })
  return { port, transport, url: `http://127.0.0.1:${port}/` }
}

/** A client: the lines that it has got so far. */
async function client(url: string, headers: Record<string, string> = {}) {
  const request = get(url, { headers, agent: false })
  onTestFinished(() => void request.destroy())
  const [response] = await once(request, 'response')
  response.on('error', () => {})
  const lines: string[] = []
  createInterface(response)
    .on('line', line => lines.push(line))
    .on('error', () => {})
  return { response, lines, request }
}

test('one line per alert', async () => {
  const { url, transport } = await server()
  const { lines, response } = await client(url)
  expect(response.headers['content-type']).toBe('application/x-ndjson')
  expect(await transport.send([item(1), item(2)], patient())).toEqual({ delivered: 2 })
  await until('both lines', () => lines.length === 2)
  expect(lines).toEqual([item(1).body, item(2).body])
})

test('server-sent events: a client that reconnects resumes where it left off, or gets a notice of loss', async () => {
  const { url, transport } = await server({ keep_alive: 100 })
  const accept = { accept: 'text/event-stream' }
  const first = await client(url, accept)
  await transport.send([item(1)], patient())
  await until('a comment that keeps the connection alive', () => first.lines.includes(':'))
  expect(first.response.headers['content-type']).toBe('text/event-stream')
  // Comments may come before it.
  const begin = first.lines.indexOf(`id: ${idOf(1)}`)
  expect(first.lines.slice(begin + 1, begin + 4)).toEqual(['event: alert', `data: ${item(1).body}`, ''])
  first.request.destroy()
  await transport.send([item(2), item(3)], patient())
  const ids = (lines: readonly string[]) => lines.filter(line => line.startsWith('id: ')).map(line => line.slice(4))
  const second = await client(url, { ...accept, 'last-event-id': idOf(1) })
  await until('what it has missed', () => ids(second.lines).length === 2)
  expect(ids(second.lines)).toEqual([idOf(2), idOf(3)])
  const third = await client(`${url}?after=${idOf(99)}`, accept)
  await until('that something is missing', () => third.lines.includes('data: null'))
  expect(third.lines[third.lines.indexOf('data: null') - 1]).toBe('event: lost')
})

test('a value cannot inject lines into the event stream', async () => {
  const { url, transport } = await server()
  const { lines } = await client(url, { accept: 'text/event-stream' })
  await transport.send([{ ...item(1), body: 'x\r\rid: forged\revent: lost' }, item(2)], patient())
  await until('both events', () => lines.filter(line => line === '').length === 2)
  expect(lines.slice(0, 4)).toEqual([`id: ${idOf(1)}`, 'event: alert', 'data: x id: forged event: lost', ''])
})

test('a client that does not read loses alerts, gets a notice, and delays no other client', async () => {
  const { port, url, transport } = await server({ buffer: 10 })
  const fast = await client(url)
  const slow = connect(port, '127.0.0.1')
  onTestFinished(() => void slow.destroy())
  slow.write('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n')
  await once(slow, 'data')
  slow.pause()
  const large = (n: number) => ({ ...item(n), alert: alert(n), body: JSON.stringify({ n, text: 'x'.repeat(100_000) }) })
  let sent = 0
  await until('the slow client loses alerts', async () => {
    await transport.send([large(++sent)], patient())
    await until('the fast client has it', () => fast.lines.length === sent)
    return (transport.undone?.slow_client ?? 0) > 20
  })
  let text = ''
  slow.on('data', chunk => (text += chunk)).resume()
  const lost = await until('the slow client is told', () => /^\{"lost":(\d+)\}$/m.exec(text))
  expect(Number(lost[1])).toBe(transport.undone!.slow_client)
  await until('it has the last one', () => text.includes(`{"n":${sent},`))
  expect(text.match(/"n":/g)).toHaveLength(sent - Number(lost[1]))
})

test('refuses a wrong token, method, path or host name, and clients beyond the limit', async () => {
  const { url, port } = await server({ token: 'secret-1', max_clients: 1 })
  const status = async (headers: Record<string, string>, path = '', method = 'GET') =>
    (await fetch(url + path, { method, headers, signal: patient() })).status
  expect(await status({})).toBe(401)
  expect(await status({ authorization: 'Bearer secret-2' })).toBe(401)
  expect(await status({}, '', 'POST')).toBe(405)
  expect(await status({}, 'x')).toBe(404)
  const { response } = await client(url, { authorization: 'Bearer secret-1' })
  expect(response.statusCode).toBe(200)
  expect(await status({ authorization: 'Bearer secret-1' })).toBe(503)
  // DNS rebinding: a web page whose host name resolves to this machine.
  const open = await server()
  const rebound = await client(open.url, { host: `evil.example:${port}` })
  expect(rebound.response.statusCode).toBe(403)
})

test.skipIf(cannotCertify())('TLS and client certificates', async () => {
  const pem = certificates()
  const { port, transport } = await server({ server_cert: pem.cert, server_key: pem.key, client_ca: pem.ca })
  const tls = { ca: readFileSync(pem.ca), agent: false } as const
  const stranger = getSecure(`https://127.0.0.1:${port}/`, tls)
  expect((await once(stranger, 'error'))[0]).toBeInstanceOf(Error)
  const pair = { cert: readFileSync(pem.clientCert), key: readFileSync(pem.clientKey) }
  const request = getSecure(`https://127.0.0.1:${port}/`, { ...tls, ...pair })
  onTestFinished(() => void request.destroy())
  const [response] = await once(request, 'response')
  response.on('error', () => {})
  await transport.send([item(1)], patient())
  expect(String((await once(response, 'data'))[0])).toBe(`${item(1).body}\n`)
})

test.skipIf(cannotCertify())('reopened, it keeps its clients, and uses renewed certificates', async () => {
  const dir = folder()
  const pem = certificates(dir)
  const { port, transport } = await server({ server_cert: pem.cert, server_key: pem.key })
  const connected = async () => {
    const request = getSecure(`https://127.0.0.1:${port}/`, { ca: readFileSync(pem.ca), agent: false })
    onTestFinished(() => void request.destroy())
    const [response] = await once(request, 'response')
    response.on('error', () => {})
    return response
  }
  const before = await connected()
  // Another authority, in the same files.
  certificates(dir)
  await transport.reopen!()
  const after = await connected()
  await transport.send([item(1)], patient())
  for (const response of [before, after]) expect(String((await once(response, 'data'))[0])).toBe(`${item(1).body}\n`)
})

test('closing the output ends the streams, after all that was sent', async () => {
  const { url, transport } = await server()
  const { lines, response } = await client(url)
  await transport.send([item(1), item(2)], patient())
  await Promise.all([transport.close(), once(response, 'end')])
  expect(lines).toHaveLength(2)
})

test.each([
  ['0.0.0.0:1', 'set token or client_ca'],
  ['[::]:1', 'set token or client_ca'],
  ['localhost', 'not HOST:PORT'],
])('refuses to listen on %s', async (listen, reason) => {
  await expect(open(stream, { listen }, context)).rejects.toMatchObject({
    class: 'misconfigured',
    message: expect.stringContaining(reason),
  })
})
