/** The health server, which is open to everyone: hostile clients are limited, and other clients are served meanwhile. */

import { once } from 'node:events'
import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { request } from 'node:http'
import { connect, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { SteadyPage } from '@falc/outputs'
import { afterEach, expect, test } from 'vitest'
import { freePort } from '../../../scripts/testing/port.ts'
import { eventually } from '../../../scripts/testing/wait.ts'
import { EARLY_LOG, Log } from '../src/log.ts'
import { startWebserver, type Webserver } from '../src/run/webserver.ts'
import { startFalc } from './process.ts'

const undo: (() => void)[] = []
afterEach(() => {
  for (const one of undo.splice(0).reverse()) one()
})

const CONFIG = {
  ...{ enabled: true, threadiness: 0, listen_address: '127.0.0.1', k8s_healthz_endpoint: '/healthz' },
  ...{ prometheus_metrics_enabled: true, ssl_enabled: false, ssl_certificate: '' },
}

async function serve() {
  const made = { pages: 0, refused: {} as Readonly<Record<string, number>> }
  const listen_port = await freePort()
  const server: Webserver = await startWebserver(
    { ...CONFIG, listen_port },
    {
      versions: () => '{}',
      metrics: refused => {
        made.pages++
        made.refused = refused
        // Something that takes a while.
        const end = performance.now() + 20
        while (performance.now() < end);
        return 'x'.repeat(100_000)
      },
    },
    new Log(EARLY_LOG),
  )
  undo.push(server.stop)
  expect(server.url).toBe(`http://127.0.0.1:${listen_port}`)
  return { server, made, port: listen_port }
}

/** Connects from an address: every 127.x.x.x is a separate client. */
async function client(port: number, from: string): Promise<Socket> {
  const socket = connect({ port, host: '127.0.0.1', localAddress: from })
  undo.push(() => socket.destroy())
  socket.on('error', () => {})
  await once(socket, 'connect')
  return socket
}

async function ask(port: number, path: string, method = 'GET'): Promise<readonly [number, string, string?]> {
  const asked = request({ port, host: '127.0.0.1', path, method, agent: false })
  asked.end()
  const [response] = await once(asked, 'response')
  return [response.statusCode, await text(response), response.headers.allow]
}

test('the connections of one client are limited, and other clients are served', async () => {
  const { port, made } = await serve()
  const sockets: Socket[] = []
  for (let i = 0; i < 64; i++) sockets.push(await client(port, '127.0.0.2'))
  const refused = await client(port, '127.0.0.2')
  await eventually(() => expect(refused.destroyed).toBe(true))
  expect(await ask(port, '/healthz')).toEqual([200, '{"status": "ok"}', undefined])
  await ask(port, '/metrics')
  expect(made.refused.connections).toBe(1)
})

test('frequent requests for the metrics do not rebuild the page each time', async () => {
  const { port, made } = await serve()
  const begin = performance.now()
  // A page that took 20 ms to make is served for another 400, however long the requests take on this machine.
  const most = () => 1 + (performance.now() - begin) / 400
  for (let i = 0; i < 10; i++) expect((await ask(port, '/metrics'))[0]).toBe(200)
  expect(made.pages).toBeLessThanOrEqual(most())
  const flood = await client(port, '127.0.0.2')
  flood.write('GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n'.repeat(5000))
  flood.resume()
  await eventually(() => expect(flood.destroyed).toBe(true))
  expect(made.pages).toBeLessThanOrEqual(most())
})

test('a page is reused for twenty times as long as it took to make', () => {
  let now = 0
  let made = 0
  const page = new SteadyPage(
    () => {
      now += 3
      return String(++made)
    },
    () => now,
  )
  expect(page.text).toBe('1')
  now = 62
  expect(page.text).toBe('1')
  now = 63
  expect(page.text).toBe('2')
})

test('other paths and methods are refused', async () => {
  const { port } = await serve()
  expect(await ask(port, '/healthz?x')).toEqual([200, '{"status": "ok"}', undefined])
  expect(await ask(port, '/healthz', 'HEAD')).toEqual([200, '', undefined])
  expect((await ask(port, '/etc/passwd'))[0]).toBe(404)
  expect((await ask(port, '/../healthz'))[0]).toBe(404)
  expect(await ask(port, '/', 'POST')).toEqual([405, 'POST is not allowed\n', 'GET, HEAD'])
})

test('stopping does not wait for open connections', async () => {
  const { port, server } = await serve()
  const silent = await client(port, '127.0.0.2')
  const half = await client(port, '127.0.0.2')
  half.write('GET /heal')
  server.stop()
  await eventually(() => expect([silent.destroyed, half.destroyed]).toEqual([true, true]))
})

test('falc run without free descriptors keeps detecting, and serves again once some are free', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'falc-webserver-'))
  undo.push(() => rmSync(dir, { recursive: true }))
  writeFileSync(
    join(dir, 'rules.yaml'),
    '- {rule: r, desc: d, condition: ka.verb = get, output: "got %ka.user.name", priority: WARNING, source: k8s_audit}\n',
  )
  const read = (user: string) =>
    appendFileSync(
      join(dir, 'audit.jsonl'),
      `{"kind":"Event","auditID":"1","verb":"get","stage":"ResponseComplete","user":{"username":"${user}"}}\n`,
    )
  read('first')
  const port = await freePort()
  const web = `webserver={enabled: true, listen_address: 127.0.0.1, listen_port: ${port}}`
  const flags = ['run', '-r', 'rules.yaml', '--k8s-audit', 'audit.jsonl', '--follow', '--from-start', '-o', web]
  const falc = startFalc(flags, dir, {}, { descriptors: 60 })
  undo.push(() => falc.child.kill('SIGKILL'))
  // By then the log is open: falc exits if it cannot open its input.
  await falc.sees('got first')
  const sockets: Socket[] = []
  for (let i = 1; i <= 100; i++) sockets.push(await client(port, `127.0.0.${i}`))
  read('second')
  await falc.sees('got second')
  for (const socket of sockets) socket.destroy()
  await eventually(async () => expect((await ask(port, '/healthz'))[0]).toBe(200))
  falc.child.kill('SIGTERM')
  expect(await falc.exit).toBe(0)
})
