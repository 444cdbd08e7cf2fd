/** falc relay as a process: alerts as Falco sends them, falcosidekick's configuration, and stand-ins for its services. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { parseAlert } from '@falc/engine'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { freePort } from '../../../scripts/testing/port.ts'
import { eventually } from '../../../scripts/testing/wait.ts'
import { startFalc } from './process.ts'

interface Request {
  readonly path: string
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly body: string
}

/** One server for all services: it responds as they do, and records what each received, by path. */
class Services {
  readonly requests: Request[] = []
  /** The status with which requests to a path fail. */
  readonly failing = new Map<string, number>()
  readonly #server: Server = createServer(async (request, response) => {
    const path = request.url!.split('?')[0]!
    const body = await text(request)
    const status = this.failing.get(path)
    if (status !== undefined) return response.writeHead(status).end('no')
    this.requests.push({ path, headers: request.headers, body })
    if (path !== '/es/_bulk') return response.writeHead(200).end('ok')
    const items = body
      .split('\n')
      .filter(line => line.startsWith('{"create"'))
      .map(() => ({ create: { status: 201 } }))
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ errors: false, items }))
  })

  async start(): Promise<string> {
    await new Promise<void>(resolve => this.#server.listen(0, '127.0.0.1', resolve))
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  to(path: string): Request[] {
    return this.requests.filter(request => request.path === path)
  }

  stop(): void {
    this.#server.close()
    this.#server.closeAllConnections()
  }
}

let dir: string
let services: Services
let url: string
let port: number
const started: ReturnType<typeof startFalc>[] = []
beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'falc-relay-e2e-'))
  services = new Services()
  url = await services.start()
  port = await freePort()
})
afterEach(async () => {
  for (const { child, exit } of started.splice(0)) {
    child.kill('SIGKILL')
    await exit
  }
  services.stop()
  rmSync(dir, { recursive: true })
})

async function startRelay(yaml: string, args: readonly string[] = [], env: Record<string, string> = {}) {
  writeFileSync(join(dir, 'sidekick.yaml'), `listenaddress: 127.0.0.1\nlistenport: ${port}\n${yaml}`)
  const relay = startFalc(['relay', '-c', 'sidekick.yaml', ...args], dir, env)
  started.push(relay)
  await relay.sees('Accepting alerts at')
  return relay
}

const ALERT = {
  ...{ hostname: 'web-1', priority: 'Warning', rule: 'Terminal shell', source: 'syscall', tags: ['shell'] },
  ...{ output: '10:00:00.123456789: Warning A shell (user=root)', time: '2026-11-24T10:00:00.123456789Z' },
  output_fields: { 'user.name': 'root', 'evt.arg[flags]': 'x', 'k8s.ns.name': null },
}
const post = (body: string, path = '/', headers: Record<string, string> = {}, method = 'POST') =>
  fetch(`http://127.0.0.1:${port}${path}`, {
    method,
    body,
    headers: { 'content-type': 'application/json', ...headers },
  })
const get = async (path: string) => (await fetch(`http://127.0.0.1:${port}${path}`)).text()

/** A configuration as in production: only falcosidekick's keys. */
const EXAMPLE = (url: string) => `
debug: false
customfields:
  cluster: blue
  zone: "%ZONE"
customtags: [fleet]
templatedfields:
  ns: '{{ or (index . "k8s.ns.name") "none" }}'
bracketreplacer: "_"
mutualtlsfilespath: /etc/certs
slack:
  webhookurl: ${url}/slack
  outputformat: all
  minimumpriority: warning
  messageformat: 'Alert: rule *{{ .Rule }}* triggered by user *{{ index .OutputFields "user.name" }}*'
teams:
  webhookurl: ${url}/teams
  minimumpriority: critical
discord:
  webhookurl: ${url}/discord
webhook:
  address: ${url}/webhook
  customHeaders:
    Authorization: Bearer hook-secret
elasticsearch:
  hostport: ${url}/es
  index: falco
  suffix: daily
loki:
  hostport: ${url}
alertmanager:
  hostport: ${url}
  endpoint: /api/v1/alerts
cloudevents:
  address: ${url}/cloudevents
gcp:
  cloudrun:
    endpoint: ${url}/run
    jwt: token
aws:
  lambda:
stan:
`

test('alerts reach the services of a falcosidekick configuration through http_output and the relay', async () => {
  const relay = await startRelay(EXAMPLE(url), [], { ZONE: 'a1' })
  writeFileSync(
    join(dir, 'falco.yaml'),
    `rules_files: [rules.yaml]
json_output: true
http_output: {enabled: true, url: "http://127.0.0.1:${port}/"}
stdout_output: {enabled: true}
`,
  )
  const rule = { rule: 'Got it', desc: 'd', condition: 'ka.verb = get', output: 'verb=%ka.verb user=%ka.user.name' }
  writeFileSync(
    join(dir, 'rules.yaml'),
    JSON.stringify([{ ...rule, priority: 'WARNING', source: 'k8s_audit', tags: ['k8s'] }]),
  )
  const event = (id: number) => ({
    ...{ kind: 'Event', auditID: `id-${id}`, stage: 'ResponseComplete', verb: 'get', user: { username: 'ada' } },
    stageTimestamp: `2026-05-04T10:20:3${id}.000000Z`,
  })
  writeFileSync(join(dir, 'audit.jsonl'), [0, 1, 2].map(id => JSON.stringify(event(id))).join('\n'))
  const falco = startFalc(['-c', 'falco.yaml', '--k8s-audit', 'audit.jsonl'], dir)
  expect(await falco.exit).toBe(0)
  const sent = falco.output.stdout.trim().split('\n').map(parseAlert)
  expect(sent).toHaveLength(3)

  await eventually(() => expect(services.to('/webhook')).toHaveLength(3))
  const received = services.to('/webhook').map(({ body }) => parseAlert(body))
  for (const [i, alert] of received.sort((a, b) => (a.time < b.time ? -1 : 1)).entries()) {
    const original = sent[i]!
    expect(alert).toMatchObject({ rule: 'Got it', priority: 'Warning', time: original.time, tags: ['fleet', 'k8s'] })
    expect(alert.output_fields).toEqual({ ...original.output_fields, cluster: 'blue', zone: 'a1', ns: 'none' })
  }
  expect(services.to('/webhook')[0]!.headers.authorization).toBe('Bearer hook-secret')
  expect(
    services
      .to('/webhook')
      .map(({ headers }) => headers['idempotency-key'])
      .sort(),
  ).toEqual(sent.map(({ id }) => id).sort())
  await eventually(() => {
    for (const path of ['/slack', '/discord', '/cloudevents', '/run']) expect(services.to(path), path).toHaveLength(3)
    for (const path of ['/es/_bulk', '/loki/api/v1/push', '/api/v2/alerts'])
      expect(services.to(path).length, path).toBeGreaterThan(0)
  })
  expect(services.to('/teams')).toEqual([])
  expect(JSON.stringify(JSON.parse(services.to('/slack')[0]!.body))).toContain(
    'Alert: rule *Got it* triggered by user *',
  )

  // The services have the alerts before the relay has their responses.
  await eventually(async () =>
    expect(await get('/metrics')).toContain(
      'falcosecurity_falcosidekick_outputs_total{destination="webhook",status="ok"} 3\n',
    ),
  )
  relay.child.kill('SIGTERM')
  expect(await relay.exit).toBe(0)
  expect(relay.output.stderr).not.toContain('hook-secret')
})

describe('routes', () => {
  test("respond like falcosidekick's", async () => {
    await startRelay(`webhook: {address: "${url}/webhook"}`)
    expect(await get('/ping')).toBe('pong\n')
    expect(await get('/healthz')).toBe('{"status": "ok"}')
    expect((await post(JSON.stringify(ALERT))).status).toBe(200)
    const form = { 'content-type': 'application/x-www-form-urlencoded' }
    for (const [what, answer, status] of [
      ['what curl -d sends', post(JSON.stringify(ALERT), '/', form), 200],
      ['the same from a page', post(JSON.stringify(ALERT), '/', { ...form, origin: 'http://elsewhere' }), 403],
      ['no JSON', post('{'), 400],
      ['no alert', post('{}'), 400],
      ['an unknown priority', post(JSON.stringify({ ...ALERT, priority: 'High' })), 400],
      ['another method', post('{}', '/', {}, 'PUT'), 405],
      ['another path', post('{}', '/other'), 404],
      ['another type', post('x', '/', { 'content-type': 'text/plain' }), 415],
      ['too large', post(JSON.stringify({ ...ALERT, output: 'x'.repeat(2 << 20) })), 413],
    ] as const)
      expect((await answer).status, what).toBe(status)
    expect(await (await post('{}')).text()).toBe('not an alert: it has no rule\n')
    await eventually(() => expect(services.to('/webhook')).toHaveLength(2))
    const page = await get('/metrics')
    expect(page).toContain('falcosecurity_falcosidekick_inputs_total{source="requests",status="accepted"} 2')
    expect(page).toContain('falcosecurity_falcosidekick_inputs_total{source="requests",status="rejected"} 4')
    expect(page).toContain(
      'falcosecurity_falcosidekick_falco_events_total{priority="4",priority_raw="warning",rule="Terminal shell",source="syscall"} 2',
    )
  })

  test('a test alert is sent regardless of minimum priorities', async () => {
    await startRelay(`webhook: {address: "${url}/webhook", minimumpriority: critical}`)
    await post(JSON.stringify(ALERT))
    expect((await fetch(`http://127.0.0.1:${port}/test`, { method: 'POST' })).status).toBe(200)
    await eventually(() => expect(services.to('/webhook')).toHaveLength(1))
    expect(parseAlert(services.to('/webhook')[0]!.body)).toMatchObject({ rule: 'Test rule', tags: ['example', 'test'] })
  })

  test('with --token-file, alerts need a token, and /ping does not', async () => {
    writeFileSync(join(dir, 'tokens'), 'one\ntwo\n')
    await startRelay(`webhook: {address: "${url}/webhook"}`, ['--token-file', 'tokens'])
    expect((await post(JSON.stringify(ALERT))).status).toBe(401)
    expect((await post('', '/test')).status).toBe(401)
    expect((await post(JSON.stringify(ALERT), '/', { authorization: 'Bearer three' })).status).toBe(401)
    expect((await post(JSON.stringify(ALERT), '/', { authorization: 'Bearer two' })).status).toBe(200)
    expect(await get('/ping')).toBe('pong\n')
    await eventually(() => expect(services.to('/webhook')).toHaveLength(1))
  })
})

test('a service that fails for a while receives every alert once it recovers', async () => {
  const relay = await startRelay(`webhook: {address: "${url}/webhook"}\ncloudevents: {address: "${url}/cloudevents"}`)
  services.failing.set('/webhook', 503)
  for (let i = 0; i < 20; i++) expect((await post(JSON.stringify({ ...ALERT, output: `alert ${i}` }))).status).toBe(200)
  await eventually(() => expect(services.to('/cloudevents')).toHaveLength(20))
  await relay.sees('answered 503')
  services.failing.clear()
  await eventually(() => expect(services.to('/webhook')).toHaveLength(20))
  const outputs = services.to('/webhook').map(({ body }) => parseAlert(body).output)
  expect(new Set(outputs).size).toBe(20)
})

test('an alert that is sent twice has the same ID both times', async () => {
  await startRelay(`webhook: {address: "${url}/webhook"}`)
  await post(JSON.stringify(ALERT))
  await post(JSON.stringify({ ...ALERT, uuid: '5b5dd5e3-bbe9-4d4c-9e0b-2f4a3f0b7e44' }))
  await eventually(() => expect(services.to('/webhook')).toHaveLength(2))
  const ids = services.to('/webhook').map(({ headers }) => headers['idempotency-key'])
  expect(ids[0]).toBe(ids[1])
})

test.each([
  ['no output', '{}', 'no output is configured'],
  ['an output that falc does not have', '{telegram: {token: t, chatid: "1"}}', 'falc has no output like telegram'],
  ['an invalid port', '{listenport: 99999, webhook: {address: "http://x"}}', 'listenport must be a port'],
])('%s: the relay does not start', async (_, yaml, reason) => {
  writeFileSync(join(dir, 'sidekick.yaml'), yaml)
  const relay = startFalc(['relay', '-c', 'sidekick.yaml'], dir)
  expect(await relay.exit).toBe(1)
  expect(relay.output.stderr).toContain(reason)
})

test('a port that is taken ends the relay, although an output listens already', async () => {
  const yaml = `listenaddress: 127.0.0.1
listenport: ${new URL(url).port}
outputs: [{ name: page, type: prometheus, listen: "127.0.0.1:${port}" }]
`
  writeFileSync(join(dir, 'sidekick.yaml'), yaml)
  const relay = startFalc(['relay', '-c', 'sidekick.yaml'], dir)
  started.push(relay)
  expect(await relay.exit).toBe(1)
  expect(relay.output.stderr).toContain('falc relay cannot listen')
})

test('--check shows the outputs', async () => {
  writeFileSync(join(dir, 'sidekick.yaml'), `{slack: {webhookurl: "${url}/slack"}, syslog: {host: h, port: 514}}`)
  const relay = startFalc(['relay', '-c', 'sidekick.yaml', '--check'], dir)
  expect(await relay.exit).toBe(0)
  expect(relay.output.stdout).toBe('slack: slack\nremote-syslog: syslog\n')
})
