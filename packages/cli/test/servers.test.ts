/** http_output, webserver and buffered_outputs of falco.yaml, with real servers and clients. */
import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import type { IncomingMessage } from 'node:http'
import { createServer, get, type Server } from 'node:https'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buffer, text } from 'node:stream/consumers'
import { gunzipSync } from 'node:zlib'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { freePort } from '../../../scripts/testing/port.ts'
import { eventually, until } from '../../../scripts/testing/wait.ts'
import { writeOneAlert } from './audit-events.ts'
import { startFalc } from './process.ts'

/** Certificate and key of "localhost". */
const PEM = join(import.meta.dirname, '../../sources-k8saudit/test/cases/webhook/localhost.pem')
const pem = readFileSync(PEM)

let dir: string
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'falc-servers-'))
  writeOneAlert(dir)
})
afterEach(() => rmSync(dir, { recursive: true }))

/** Runs falc with this configuration on the events until it exits. */
async function run(config: string, name = 'falco.yaml') {
  writeFileSync(join(dir, name), `rules_files: [rules.yaml]\n${config}`)
  const falc = startFalc(['run', '-c', name, '--k8s-audit', 'audit.jsonl'], dir)
  expect(await falc.exit).toBe(0)
  return falc.output
}

describe('http_output', () => {
  let server: Server
  let seen: { request: IncomingMessage; body: Buffer; client: string | undefined }[]
  let url: string
  beforeEach(async () => {
    seen = []
    const options = { cert: pem, key: pem, ca: pem, requestCert: true, rejectUnauthorized: false }
    server = createServer(options, async (request, response) => {
      const client = (request.socket as import('node:tls').TLSSocket).getPeerCertificate().subject?.CN
      seen.push({ request, body: await buffer(request), client: client as string | undefined })
      response.end('thanks\n')
    })
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
    url = `https://localhost:${(server.address() as AddressInfo).port}/in`
  })
  afterEach(() => {
    server.close()
    server.closeAllConnections()
  })

  test('checks the authority, sends a client certificate, compresses, and echoes the response', async () => {
    const { stdout, stderr } = await run(`
json_output: true
http_output:
  enabled: true
  url: ${url}
  user_agent: me
  ca_cert: ${PEM}
  mtls: true
  client_cert: ${PEM}
  client_key: ${PEM}
  echo: true
  compress_uploads: true
`)
    expect(stderr).not.toContain('not delivered')
    expect(stdout).toBe('thanks\n')
    const [{ request, body, client }] = seen as [(typeof seen)[0]]
    expect(request.headers).toMatchObject({
      'user-agent': 'me',
      'content-type': 'application/json',
      'content-encoding': 'gzip',
    })
    expect(JSON.parse(gunzipSync(body).toString())).toMatchObject({ rule: 'r', priority: 'Warning' })
    expect(client).toBe('localhost')
  })

  test('survives a reload with a malformed client certificate, which the error names', async () => {
    const yaml = (more: string) =>
      writeFileSync(
        join(dir, 'falco.yaml'),
        `rules_files: [rules.yaml]\nwatch_config_files: false\nhttp_output: {enabled: true, url: "${url}", insecure: true${more}}\n`,
      )
    const event = readFileSync(join(dir, 'audit.jsonl'))
    const got = () => seen.map(({ body }) => body.toString()).filter(text => text.includes('got it')).length
    yaml('')
    const falc = startFalc(['run', '-c', 'falco.yaml', '--k8s-audit', 'audit.jsonl', '--follow'], dir)
    await eventually(() => expect(got()).toBe(1))
    writeFileSync(join(dir, 'bad.pem'), 'no certificate\n')
    yaml(', mtls: true, client_cert: bad.pem, client_key: bad.pem')
    falc.child.kill('SIGHUP')
    await falc.sees('the previous configuration and rules stay in force: http output: bad.pem: ')
    appendFileSync(join(dir, 'audit.jsonl'), event)
    await eventually(() => expect(got()).toBe(2))
    falc.child.kill('SIGTERM')
    expect(await falc.exit).toBe(0)
    expect(falc.output.stderr).not.toContain('not delivered')
  })

  test('refuses an untrusted server and counts the alert as not delivered, unless insecure', async () => {
    const refused = await run(`http_output: {enabled: true, url: "${url}"}\n`)
    expect(refused.stderr).toMatch(
      /Alerts not delivered, by output and cause:\n {3}http: DEPTH_ZERO_SELF_SIGNED_CERT: 1\n/,
    )
    expect(seen).toEqual([])
    const trusting = await run(`http_output: {enabled: true, url: "${url}", insecure: true}\n`)
    expect(trusting.stderr).not.toContain('not delivered')
    expect(seen.map(({ body }) => body.toString())).toEqual(['10:20:30.000000000: Warning got it'])
    expect(seen[0]!.request.headers['user-agent']).toBe('falcosecurity/falco')
    expect(trusting.stdout).toBe('')
  })
})

test('webserver serves HTTPS with the configured health page, and no metrics by default', async () => {
  const port = await freePort()
  writeFileSync(
    join(dir, 'falco.yaml'),
    `rules_files: [rules.yaml]\nstdout_output: {enabled: true}\nwebserver: {enabled: true, listen_address: 127.0.0.1, listen_port: ${port}, ssl_enabled: true, ssl_certificate: ${PEM}, k8s_healthz_endpoint: /ok}\n`,
  )
  const falc = startFalc(['run', '-c', 'falco.yaml', '--k8s-audit', 'audit.jsonl', '--follow'], dir)
  await falc.sees('got it')
  const ask = (path: string) =>
    new Promise<string>((resolve, reject) => {
      get(`https://localhost:${port}${path}`, { ca: pem, agent: false }, async response =>
        resolve(`${response.statusCode} ${await text(response)}`),
      ).on('error', reject)
    })
  expect(await ask('/ok')).toBe('200 {"status": "ok"}')
  expect(await ask('/healthz')).toBe('404 ')
  expect(await ask('/metrics')).toBe('404 ')
  falc.child.kill('SIGTERM')
  expect(await falc.exit).toBe(0)
})

test('a program that does not exist: every alert is counted as lost', async () => {
  writeFileSync(join(dir, 'audit.jsonl'), readFileSync(join(dir, 'audit.jsonl'), 'utf8').repeat(200))
  const program = (keep: boolean) =>
    run(
      `stdout_output: {enabled: false}\nprogram_output: {enabled: true, keep_alive: ${keep}, program: /no/such/program}\n`,
      `keep-${keep}.yaml`,
    )
  for (const { stderr } of await Promise.all([true, false].map(program))) {
    expect(stderr).toContain('program: ended with code 127')
    expect(stderr).toMatch(/Alerts not delivered, by output and cause:\n {3}program: exit_127: 200\n/)
  }
})

test('buffered_outputs delays an alert, and -U does not', async () => {
  writeFileSync(
    join(dir, 'falco.yaml'),
    'rules_files: [rules.yaml]\nstdout_output: {enabled: true}\nbuffered_outputs: true\n',
  )
  /** Milliseconds from the opening of the source to the alert. */
  const wait = async (...flags: string[]) => {
    const falc = startFalc(['run', '-c', 'falco.yaml', '--k8s-audit', 'audit.jsonl', '--follow', ...flags], dir)
    await falc.sees('Opening event source')
    const start = performance.now()
    await falc.sees('got it')
    const passed = performance.now() - start
    falc.child.kill('SIGKILL')
    await falc.exit
    return passed
  }
  // On a busy machine either line is seen late, so one measurement says nothing.
  await until('an alert that waits', async () => (await wait()) > 800)
  await until('an alert that does not wait', async () => (await wait('-U')) < 800)
})
