import { describe, expect, onTestFinished, test } from 'vitest'
import { skipped } from '../../../../scripts/testing/needs.ts'
import { freePort } from '../../../../scripts/testing/port.ts'
import { alertmanager } from '../../src/transports/alertmanager.ts'
import { alertmanagerServer, missingAlertmanager } from './alertmanager.ts'
import { context, idOf, item, open, patient } from './items.ts'
import { cannotCertify, certificates } from './peer.ts'

async function server(web?: readonly string[]) {
  const started = await alertmanagerServer(web)
  onTestFinished(() => started.daemon.stop())
  return started
}

describe.skipIf(skipped('peers', missingAlertmanager))('Alertmanager', () => {
  test('labels, annotations and times', async () => {
    const { url, alerts } = await server()
    const transport = await open(alertmanager, { url: [`${url}/`], generator_url: 'http://console.test/' })
    const before = Date.now()
    expect(await transport.send([item(1)], patient())).toEqual({ delivered: 1 })
    const [alert] = await alerts()
    expect(alert).toMatchObject({
      labels: {
        alertname: 'Terminal shell in container',
        severity: 'information',
        priority: 'Notice',
        source: 'syscall',
        hostname: 'node-1',
      },
      annotations: {
        summary: 'A shell was spawned 1',
        description: '22:13:20.123456789: Notice A shell was spawned 1',
        id: idOf(1),
      },
      generatorURL: 'http://console.test/',
      // The alert of 2023 is delivered late, but fires all the same.
      startsAt: '2023-11-14T22:13:20.123Z',
      status: { state: 'active' },
    })
    expect(Object.keys(alert!.labels)).toHaveLength(5)
    expect(Date.parse(alert!.endsAt) - before).toBeGreaterThanOrEqual(300_000)
  })

  test('configured labels: one with an absent field is left out, an empty one removes the default', async () => {
    const { url, alerts } = await server()
    const labels = { process: '%proc.name', namespace: '%k8s.ns.name', hostname: '', severity: 'page' }
    const transport = await open(alertmanager, { url: [url], labels, annotations: { host: '%alert.hostname' } })
    await transport.send([item(1), item(2)], patient())
    const [alert, ...others] = await alerts()
    expect(others).toEqual([])
    expect(alert!.labels).toEqual({
      ...{ alertname: 'Terminal shell in container', priority: 'Notice', source: 'syscall' },
      ...{ process: 'bash', severity: 'page' },
    })
    expect(alert!.annotations.host).toBe('node-1')
  })

  test('a value cannot inject labels or alerts', async () => {
    const { url, alerts } = await server()
    const transport = await open(alertmanager, { url: [url], labels: { process: '%proc.name' } })
    const name = '"},{"labels":{"alertname":"forged"}}\n\u0000\ud800'
    expect(await transport.send([item(1, { rule: name, output_fields: { 'proc.name': name } })], patient())).toEqual({
      delivered: 1,
    })
    const [alert, ...others] = await alerts()
    expect(others).toEqual([])
    expect(alert!.labels.process).toBe('"},{"labels":{"alertname":"forged"}} \ufffd')
  })

  test('each Alertmanager of a cluster gets every alert; one that accepts it is enough', async () => {
    const [one, two] = [await server(), await server()]
    const notes: string[] = []
    const url = [one.url, two.url, `http://127.0.0.1:${await freePort()}`]
    const transport = await open(alertmanager, { url }, { ...context, note: text => void notes.push(text) })
    expect(await transport.send([item(1)], patient())).toEqual({ delivered: 1 })
    expect([await one.alerts(), await two.alerts()].map(alerts => alerts.length)).toEqual([1, 1])
    expect(notes).toHaveLength(1)
    await one.daemon.down()
    await two.daemon.down()
    expect(await transport.send([item(2)], patient())).toMatchObject({ delivered: 0, failure: { class: 'later' } })
  })

  test.skipIf(cannotCertify())('basic authentication and TLS', async () => {
    const pem = certificates()
    const tls = [`tls_server_config: { cert_file: ${pem.cert}, key_file: ${pem.key} }`]
    // The bcrypt hash of the password "pass".
    const { port } = await server([
      ...tls,
      'basic_auth_users:',
      '  user: $2b$04$hE.HhTYZPdW3eeT6CKZOaO4FiUPRuXriIkeHNqndKmK9Z49j0pHt.',
    ])
    const values = { url: [`https://127.0.0.1:${port}`], username: 'user', password: 'pass', tls_ca: pem.ca }
    expect(await (await open(alertmanager, values)).send([item(1)], patient())).toEqual({ delivered: 1 })
    const wrong = await open(alertmanager, { ...values, password: 'wrong' })
    expect(await wrong.send([item(1)], patient())).toMatchObject({
      failure: { class: 'misconfigured', cause: 'http_401' },
    })
    const unknown = await open(alertmanager, { ...values, tls_ca: undefined })
    expect(await unknown.send([item(1)], patient())).toMatchObject({ failure: { class: 'misconfigured' } })
  })

  test('a 400 response is poison, a 404 a misconfiguration', async () => {
    const { url } = await server()
    const none = { alertname: '', severity: '', priority: '', source: '', hostname: '' }
    const transport = await open(alertmanager, { url: [url], labels: none })
    expect(await transport.send([item(1)], patient())).toMatchObject({
      failure: { class: 'poison', cause: 'http_400' },
    })
    const elsewhere = await open(alertmanager, { url: [`${url}/prefix`] })
    expect(await elsewhere.send([item(1)], patient())).toMatchObject({
      failure: { class: 'misconfigured', cause: 'http_404' },
    })
  })
})

test.each([{ labels: { 'a.b': 'x' } }, { annotations: { 'a b': 'x' } }, { url: ['ftp://x'] }, { url: [] }])(
  'refuses malformed options: %o',
  async change => {
    await expect(open(alertmanager, { url: ['http://127.0.0.1:1'], ...change })).rejects.toThrow('alertmanager output')
  },
)
