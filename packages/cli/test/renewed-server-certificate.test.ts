/** Certificates and tokens of falc's own servers are renewed in place: valid ones are put into use, and invalid ones are not. */
import { X509Certificate } from 'node:crypto'
import { readFileSync, renameSync, writeFileSync } from 'node:fs'
import { Agent, request } from 'node:https'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { expect, onTestFinished, test } from 'vitest'
import { freePort } from '../../../scripts/testing/port.ts'
import { eventually } from '../../../scripts/testing/wait.ts'
import { cannotCertify, certificates, folder } from '../../outputs/test/transports/peer.ts'
import { seenEvent, writeSeenRule } from './audit-events.ts'
import { type Started, startFalc } from './process.ts'

type Pem = ReturnType<typeof certificates>

/** Sends a request with a client certificate of the authority. @returns status and text */
async function ask(url: string, pem: Pem, options: { token?: string; body?: string } = {}): Promise<string> {
  const { token = '', body } = options
  const { promise, resolve, reject } = Promise.withResolvers<string>()
  const agent = new Agent({ keepAlive: false, maxCachedSessions: 0 })
  const own = { ca: readFileSync(pem.ca), cert: readFileSync(pem.clientCert), key: readFileSync(pem.clientKey) }
  const headers = { 'content-type': 'application/json', authorization: `Bearer ${token}` }
  const sent = request(url, { ...own, agent, headers, method: body === undefined ? 'GET' : 'POST' }, response => {
    text(response).then(answer => resolve(`${response.statusCode} ${answer}`), reject)
  })
  sent.on('error', reject).end(body)
  return promise
}

/** Writes a file under another name and renames it, so that no reader sees half of it. */
function install(path: string, ...contents: string[]): void {
  writeFileSync(`${path}.new`, contents.join(''))
  renameSync(`${path}.new`, path)
}

function started(args: string[], dir: string): Started {
  const falc = startFalc(args, dir)
  onTestFinished(async () => {
    falc.child.kill('SIGKILL')
    await falc.exit
  })
  return falc
}

const both = ({ cert, key }: Pem) => [readFileSync(key, 'utf8'), readFileSync(cert, 'utf8')]

test.skipIf(cannotCertify())('web server and audit webhook use renewed certificates and tokens, if valid', async () => {
  const dir = folder()
  const [first, second] = [certificates(), certificates()]
  const [web, audit] = [await freePort(), await freePort()]
  const at = (name: string) => join(dir, name)
  install(at('server.pem'), ...both(first))
  install(at('clients.pem'), readFileSync(first.ca, 'utf8'))
  install(at('tokens'), 'one\n')
  writeSeenRule(dir)
  const settings = `{sslCertificate: ${at('server.pem')}, clientCA: ${at('clients.pem')}, tokenFile: ${at('tokens')}}`
  writeFileSync(
    at('falco.yaml'),
    `rules_files: [rules.yaml]
stdout_output: {enabled: true}
engine: {kind: nodriver}
plugins:
  - {name: k8saudit, library_path: libk8saudit.so, open_params: "https://127.0.0.1:${audit}/k8s-audit", init_config: ${settings}}
load_plugins: [k8saudit]
webserver: {enabled: true, listen_port: ${web}, listen_address: 127.0.0.1, prometheus_metrics_enabled: true, ssl_enabled: true, ssl_certificate: ${at('server.pem')}}
`,
  )
  const falc = started(['run', '-c', 'falco.yaml'], dir)
  const page = (pem: Pem) => ask(`https://127.0.0.1:${web}/metrics`, pem)
  const happen = (name: string, pem: Pem, token: string) =>
    ask(`https://127.0.0.1:${audit}/k8s-audit`, pem, { token, body: seenEvent(name) })
  await falc.sees('Detecting with')
  await eventually(async () => expect(await happen('first', first, 'one')).toBe('200 '))
  await falc.sees('saw first')
  expect(await happen('forged', first, 'none')).toMatch('401 ')
  const expires = (pem: Pem) => Date.parse(new X509Certificate(readFileSync(pem.cert)).validTo) / 1000
  const shown = await page(first)
  for (const server of ['webserver', 'k8s_audit']) {
    expect(shown).toContain(`falc_certificate_expires_seconds{server="${server}"} ${expires(first)}\n`)
    expect(shown).toContain(`falc_certificate_reload_failures_total{server="${server}"} 0\n`)
  }
  expect(shown).toContain('falc_webhook_refused_total{source="k8s_audit",cause="unauthorized"} 1\n')
  expect(shown).toContain('falc_webhook_refused_total{source="k8s_audit",cause="busy"} 0\n')
  expect(shown).toContain('falc_webhook_queue_length{source="k8s_audit"} 0\n')

  install(at('server.pem'), ...both(second))
  await falc.sees('webserver: the new certificate or token is in use, valid until')
  await falc.sees('k8s_audit: the new certificate or token is in use, valid until')
  await expect(page(first)).rejects.toThrow('certificate')
  expect(await page(second)).toContain('200 ')
  // Clients of the earlier authority are still accepted.
  const mixed = { ...second, clientCert: first.clientCert, clientKey: first.clientKey }
  expect(await happen('mixed', mixed, 'one')).toBe('200 ')

  install(at('clients.pem'), readFileSync(second.ca, 'utf8'))
  await eventually(async () => expect(await happen('second', second, 'one')).toBe('200 '))
  await expect(happen('mixed', mixed, 'one')).rejects.toThrow()

  install(at('tokens'), 'two\n')
  await eventually(async () => expect(await happen('third', second, 'two')).toBe('200 '))
  expect(await happen('third', second, 'one')).toMatch(/^401 /)

  install(at('server.pem'), 'no certificate')
  await falc.sees('webserver: cannot reload, the earlier one stays in use: ')
  await falc.sees('k8s_audit: cannot reload, the earlier one stays in use: ')
  install(at('tokens'), '\n')
  await falc.sees('tokens has no token')
  expect(await happen('fourth', second, 'two')).toBe('200 ')
  await eventually(async () => {
    const text = await page(second)
    expect(text).toMatch(/falc_certificate_reload_failures_total\{server="webserver"\} [1-9]/)
    expect(text).toMatch(/falc_certificate_reload_failures_total\{server="k8s_audit"\} [1-9]/)
    expect(text).toContain(`falc_certificate_expires_seconds{server="k8s_audit"} ${expires(second)}\n`)
  })
  falc.child.kill('SIGTERM')
  expect(await falc.exit).toBe(0)
})

test.skipIf(cannotCertify())('falc relay uses a renewed certificate and token', async () => {
  const dir = folder()
  const [first, second] = [certificates(), certificates()]
  const [certfile, keyfile, tokens] = [join(dir, 'server.crt'), join(dir, 'server.key'), join(dir, 'tokens')]
  const both = ({ cert, key }: Pem) => {
    install(keyfile, readFileSync(key, 'utf8'))
    install(certfile, readFileSync(cert, 'utf8'))
  }
  both(first)
  install(tokens, 'one\n')
  const [port, plain] = [await freePort(), await freePort()]
  const tlsserver = { deploy: true, certfile, keyfile, notlspaths: ['/ping', '/metrics'], notlsport: plain }
  const config = { listenaddress: '127.0.0.1', listenport: port, tlsserver, webhook: { address: 'http://127.0.0.1:1' } }
  writeFileSync(join(dir, 'sidekick.yaml'), JSON.stringify(config))
  const relay = started(['relay', '-c', 'sidekick.yaml', '--token-file', tokens], dir)
  await relay.sees('Accepting alerts at')
  const send = (pem: Pem, token: string) => ask(`https://127.0.0.1:${port}/test`, pem, { token, body: '' })
  expect(await send(first, 'one')).toBe('200 ')
  both(second)
  await relay.sees('relay: the new certificate or token is in use')
  install(tokens, 'two\n')
  await eventually(async () => expect(await send(second, 'two')).toBe('200 '))
  expect(await send(second, 'one')).toMatch(/^401 /)
  await expect(send(first, 'two')).rejects.toThrow()
  const page = await (await fetch(`http://127.0.0.1:${plain}/metrics`)).text()
  expect(page).toMatch(/falc_certificate_expires_seconds\{server="relay"\} \d{10}\n/)
})
