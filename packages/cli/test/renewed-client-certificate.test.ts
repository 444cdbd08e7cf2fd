/** Client certificates that are renewed under the same file names: SIGHUP puts the new ones into use. */
import { appendFileSync, copyFileSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import type { TLSSocket } from 'node:tls'
import { expect, onTestFinished, test } from 'vitest'
import { freePort } from '../../../scripts/testing/port.ts'
import { eventually } from '../../../scripts/testing/wait.ts'
import { cannotCertify, certificates, folder } from '../../outputs/test/transports/peer.ts'
import { seenEvent, writeSeenRule } from './audit-events.ts'
import { startFalc } from './process.ts'

/** Starts an HTTPS server that lists the certificates of its clients. */
async function server(pem: ReturnType<typeof certificates>) {
  const clients: string[] = []
  const files = { ca: readFileSync(pem.ca), cert: readFileSync(pem.cert), key: readFileSync(pem.key) }
  const made = createServer({ ...files, requestCert: true, rejectUnauthorized: false }, (request, response) => {
    clients.push((request.socket as TLSSocket).getPeerCertificate().fingerprint256)
    request.resume().on('end', () => response.end())
  })
  await new Promise<void>(resolve => made.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    made.close()
    made.closeAllConnections()
  })
  return { url: `https://127.0.0.1:${(made.address() as AddressInfo).port}/`, clients }
}

test.skipIf(cannotCertify()).each([
  [
    'outputs',
    (url: string, ca: string) => `outputs:
  - {name: hook, type: webhook, url: "${url}", tls_ca: ${ca}, tls_cert: client.pem, tls_key: client.key}`,
  ],
  [
    'http_output',
    (url: string, ca: string) => `json_output: true
http_output: {enabled: true, url: "${url}", ca_cert: ${ca}, mtls: true, client_cert: client.pem, client_key: client.key}`,
  ],
])('SIGHUP reloads the client certificate of %s', async (_, config) => {
  const dir = folder()
  const [first, second] = [certificates(), certificates()]
  const { url, clients } = await server(first)
  const install = (pem: typeof first) => {
    copyFileSync(pem.clientCert, join(dir, 'client.pem'))
    copyFileSync(pem.clientKey, join(dir, 'client.key'))
  }
  const happen = (name: string) => appendFileSync(join(dir, 'audit.jsonl'), `${seenEvent(name)}\n`)
  install(first)
  writeSeenRule(dir)
  writeFileSync(
    join(dir, 'falco.yaml'),
    `rules_files: [rules.yaml]\nstdout_output: {enabled: true}\n${config(url, first.ca)}\n`,
  )
  happen('one')
  const falc = startFalc(['run', '-c', 'falco.yaml', '--k8s-audit', 'audit.jsonl', '--follow'], dir)
  onTestFinished(async () => {
    falc.child.kill('SIGKILL')
    await falc.exit
  })
  await eventually(() => expect(clients).toHaveLength(1))
  install(second)
  falc.child.kill('SIGHUP')
  await falc.sees('Reloaded configuration and rules')
  happen('two')
  await eventually(() => expect(clients).toHaveLength(2))
  expect(clients[0]).not.toBe(clients[1])
  // A reload without changes leaves the certificate in use.
  falc.child.kill('SIGHUP')
  happen('three')
  await eventually(() => expect(clients).toHaveLength(3))
  expect(clients[2]).toBe(clients[1])
})

test.skipIf(cannotCertify())('SIGHUP reloads the client certificate of falc relay', async () => {
  const dir = folder()
  const [first, second] = [certificates(), certificates()]
  const { url, clients } = await server(first)
  const [certfile, keyfile] = [join(dir, 'client.pem'), join(dir, 'client.key')]
  const install = (pem: typeof first) => {
    copyFileSync(pem.clientCert, certfile)
    copyFileSync(pem.clientKey, keyfile)
  }
  install(first)
  const port = await freePort()
  const config = {
    ...{ listenaddress: '127.0.0.1', listenport: port, mutualtlsclient: { certfile, keyfile, cacertfile: first.ca } },
    webhook: { address: url, mutualtls: true },
  }
  writeFileSync(join(dir, 'sidekick.yaml'), JSON.stringify(config))
  const relay = startFalc(['relay', '-c', 'sidekick.yaml'], dir)
  onTestFinished(async () => {
    relay.child.kill('SIGKILL')
    await relay.exit
  })
  await relay.sees('Accepting alerts at')
  const send = async () => (await fetch(`http://127.0.0.1:${port}/test`, { method: 'POST' })).status
  expect(await send()).toBe(200)
  await eventually(() => expect(clients).toHaveLength(1))
  install(second)
  relay.child.kill('SIGHUP')
  await eventually(async () => {
    expect(await send()).toBe(200)
    expect(new Set(clients).size).toBe(2)
  })
  relay.child.kill('SIGTERM')
  expect(await relay.exit).toBe(0)
})
