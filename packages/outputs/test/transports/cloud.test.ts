/** Google and Azure: credentials, wire formats, and responses about single alerts. */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { alertJson, PRIORITIES } from '@falc/engine'
import { afterEach, expect, test, vi } from 'vitest'
import { eventHubs } from '../../src/transports/event-hubs.ts'
import { googleLogging, googlePubsub } from '../../src/transports/google.ts'
import { CLOUD_SERVICES, TOKEN } from './cloud-services.ts'
import { idOf, item, open, patient } from './items.ts'
import { folder } from './peer.ts'
import { serve } from './stand-in.ts'

const falco = (...[n, change]: Parameters<typeof item>) => {
  const made = item(n, change)
  return { ...made, body: alertJson(made.alert) }
}

afterEach(() => vi.unstubAllEnvs())

test('Google Cloud Logging: the content of an entry', async () => {
  const service = await serve(CLOUD_SERVICES.googleLogging)
  const options = { resource: 'k8s_cluster', resource_labels: { cluster_name: 'eu' }, labels: { team: 'blue' } }
  const output = await open(googleLogging, { ...service.options(), ...options })
  expect(await output.send([falco(1)], patient())).toEqual({ delivered: 1 })
  expect(service.requests.at(-1)!.json()).toEqual({
    logName: 'projects/my-project/logs/falco',
    resource: { type: 'k8s_cluster', labels: { cluster_name: 'eu' } },
    partialSuccess: true,
    entries: [
      {
        severity: 'NOTICE',
        timestamp: '2023-11-14T22:13:20.123456790Z',
        insertId: idOf(1),
        labels: { team: 'blue', rule: 'Terminal shell in container', source: 'syscall', host: 'node-1' },
        jsonPayload: JSON.parse(falco(1).body),
      },
    ],
  })
})

test('Google Cloud Logging: priorities become severities', async () => {
  const service = await serve(CLOUD_SERVICES.googleLogging)
  const output = await open(googleLogging, service.options())
  await output.send(
    PRIORITIES.map((priority, i) => falco(i, { priority })),
    patient(),
  )
  const { entries } = service.requests.at(-1)!.json()
  expect(entries.map(({ severity }: { severity: string }) => severity)).toEqual([
    ...['EMERGENCY', 'ALERT', 'CRITICAL', 'ERROR', 'WARNING', 'NOTICE', 'INFO', 'DEBUG'],
  ])
})

test('Google Cloud Logging: if some entries of a request are refused, only these fail', async () => {
  const service = await serve(CLOUD_SERVICES.googleLogging)
  const output = await open(googleLogging, service.options())
  await output.send([falco(0)], patient())
  const logEntryErrors = { 1: { code: 3, message: 'bad entry' }, 2: { code: 14, message: 'unavailable' } }
  service.answer(400, {}, JSON.stringify({ error: { code: 400, details: [{ '@type': 'x', logEntryErrors }] } }))
  const answer = await output.send([falco(1), falco(2), falco(3), falco(4)], patient())
  expect(answer).toMatchObject({ delivered: 1, items: [{ class: 'poison' }, { class: 'later' }, undefined] })
})

test('Google: one token serves many requests; a refused token is replaced', async () => {
  const service = await serve(CLOUD_SERVICES.googlePubsub)
  const output = await open(googlePubsub, service.options())
  const tokens = () => service.requests.filter(({ url }) => url.pathname === '/token').length
  for (let i = 0; i < 3; i++) await output.send([falco(i)], patient())
  expect(tokens()).toBe(1)
  service.answer(401)
  expect(await output.send([falco(4)], patient())).toMatchObject({
    failure: { class: 'misconfigured', cause: 'http_401' },
  })
  expect(await output.send([falco(4)], patient())).toEqual({ delivered: 1 })
  expect(tokens()).toBe(2)
})

test('Google: an account that the token endpoint refuses is a misconfiguration', async () => {
  const service = await serve(CLOUD_SERVICES.googlePubsub)
  const { credentials, ...options } = service.options()
  const path = join(folder(), 'key.json')
  writeFileSync(path, readFileSync(credentials as string, 'utf8').replace('falc@', 'nobody@'))
  const output = await open(googlePubsub, { ...options, credentials: path })
  expect(await output.send([falco(1)], patient())).toMatchObject({
    failure: { class: 'misconfigured', cause: 'http_400' },
  })
})

test('Google: without a key file, the machine’s account is used', async () => {
  const metadata = await serve({
    ...CLOUD_SERVICES.googlePubsub,
    start: async () => {
      const service = await CLOUD_SERVICES.googlePubsub.start()
      service.answer(200, {}, JSON.stringify({ access_token: TOKEN, expires_in: 3599, token_type: 'Bearer' }))
      return service
    },
  })
  const service = await serve(CLOUD_SERVICES.googlePubsub)
  vi.stubEnv('GCE_METADATA_HOST', new URL(metadata.url).host)
  const { credentials: _, ...options } = service.options()
  const output = await open(googlePubsub, { ...options, ordering_key: '%alert.hostname', attributes: { team: 'blue' } })
  expect(await output.send([falco(1)], patient())).toEqual({ delivered: 1 })
  expect(metadata.requests[0]).toMatchObject({
    method: 'GET',
    url: { pathname: '/computeMetadata/v1/instance/service-accounts/default/token' },
    headers: { 'metadata-flavor': 'Google' },
  })
  expect(service.requests[0]!.json().messages).toEqual([
    {
      data: Buffer.from(falco(1).body).toString('base64'),
      attributes: {
        ...{ team: 'blue', id: idOf(1), priority: 'Notice', source: 'syscall' },
        ...{ rule: 'Terminal shell in container', 'content-type': 'application/json' },
      },
      orderingKey: 'node-1',
    },
  ])
})

test('Google: an invalid key file is rejected without showing its contents', async () => {
  const path = join(folder(), 'key.json')
  const options = { project: 'my-project', topic: 'falco', url: 'http://localhost', credentials: path }
  await expect(open(googlePubsub, options)).rejects.toThrow(/google_pubsub output: ENOENT/)
  for (const [content, message] of [
    ['{"type":"service_account","private_key":"hunter22"}', 'is not a key file'],
    ['{"hunter22', 'is not a key file'],
    ['{"type":"authorized_user"}', 'is not the key file of a service account'],
  ] as const) {
    writeFileSync(path, content)
    await expect(open(googlePubsub, options)).rejects.toThrow(`google_pubsub output: ${path} ${message}`)
  }
})

test('Azure Event Hubs: the content of an event; requests share a signature', async () => {
  const service = await serve(CLOUD_SERVICES.eventHubs)
  const output = await open(eventHubs, service.options())
  expect(await output.send([falco(1), falco(2)], patient())).toEqual({ delivered: 2 })
  expect(await output.send([falco(3)], patient())).toEqual({ delivered: 1 })
  const [first, second] = service.requests
  expect(second!.headers.authorization).toBe(first!.headers.authorization)
  expect(first!.json()[0]).toEqual({
    Body: falco(1).body,
    UserProperties: { id: idOf(1), priority: 'Notice', source: 'syscall', rule: 'Terminal shell in container' },
  })
})

test.each([
  ['', 'lacks Endpoint'],
  ['Endpoint=sb://x/;SharedAccessKeyName=a;SharedAccessKey=hunter22', 'lacks EntityPath'],
  ['Endpoint=hunter22;EntityPath=a;SharedAccessKeyName=a;SharedAccessKey=b', 'is not a URL'],
])('Azure Event Hubs refuses %s', async (connection_string, message) => {
  await expect(open(eventHubs, { connection_string })).rejects.toThrow(message)
  await expect(open(eventHubs, { connection_string })).rejects.not.toThrow('hunter22')
})
