import { expect, test } from 'vitest'
import { cloudevents } from '../../src/transports/cloudevents.ts'
import { webhook } from '../../src/transports/webhook.ts'
import { HOOKS, SIGNING_KEY, verify } from './hooks.ts'
import { LURES } from './hostile.ts'
import { item, open, patient } from './items.ts'
import { serve } from './stand-in.ts'

test('webhook: method, headers, compression and signature', async () => {
  const service = await serve(HOOKS.webhook)
  const headers = { Authorization: 'Bearer hunter22', 'X-Team': 'blue' }
  const output = await open(webhook, { ...service.options(), method: 'PUT', headers, compress: true })
  const sent = item(1)
  expect(await output.send([sent], patient())).toEqual({ delivered: 1 })
  const [request] = service.requests
  expect(request).toMatchObject({
    method: 'PUT',
    headers: {
      authorization: 'Bearer hunter22',
      'x-team': 'blue',
      'idempotency-key': sent.id,
      'webhook-id': sent.id,
      'content-type': 'application/json',
      'content-encoding': 'gzip',
    },
  })
  expect(request!.body.toString()).toBe(sent.body)
  const forged = { ...request!, body: Buffer.from('{}') }
  expect(() => verify(forged, SIGNING_KEY)).toThrow('no matching signature found')
})

test('webhook: an alert has the same idempotency key in each attempt', async () => {
  const service = await serve(HOOKS.webhook)
  const output = await open(webhook, service.options())
  service.answer(500)
  await output.send([item(1)], patient())
  await output.send([item(1)], patient())
  expect(new Set(service.requests.map(({ headers }) => headers['idempotency-key'])).size).toBe(1)
})

test('webhook: an invalid signing secret is rejected', async () => {
  const options = { url: 'http://localhost/', signing_secret: 'whsec_abc' }
  await expect(open(webhook, options)).rejects.toThrow(
    'webhook output: signing_secret is not Base64 of 16 bytes or more',
  )
})

test('CloudEvents: attributes survive being sent in headers', async () => {
  const service = await serve(HOOKS.cloudevents)
  const output = await open(cloudevents, service.options())
  for (const rule of ['plain', 'with "quotes", 100 % and\r\nlines', 'café 𝒳', ...LURES]) {
    expect(await output.send([item(1, { rule })], patient())).toEqual({ delivered: 1 })
    const header = service.requests.at(-1)!.headers['ce-rule'] as string
    expect(decodeURIComponent(header)).toBe(rule.toWellFormed().replace(/[\r\n\u0000-\u001f\u202e]+/g, ' '))
  }
  expect(service.requests[0]!.headers).toMatchObject({
    'ce-specversion': '1.0',
    'ce-id': item(1).id,
    'ce-source': '/falc/node-1',
    'ce-type': 'falco.rule.output.v1',
    'ce-time': '2023-11-14T22:13:20.123456790Z',
    'ce-priority': 'Notice',
    'ce-eventsource': 'syscall',
    'ce-hostname': 'node-1',
  })
})

test('CloudEvents: a batch keeps integers that JavaScript would round, and text that is not JSON', async () => {
  const service = await serve(HOOKS.cloudeventsBatch)
  const output = await open(cloudevents, service.options())
  const exact = { ...item(1), body: '{"evt.time":1700000000123456789}' }
  const text = { ...item(2), body: 'CEF:0|a "quoted" \\ text', contentType: 'text/plain' }
  expect(await output.send([exact, text], patient())).toEqual({ delivered: 2 })
  const { body } = service.requests[0]!
  expect(body.toString()).toContain('"data":{"evt.time":1700000000123456789}')
  expect(JSON.parse(body.toString())[1]).toMatchObject({ datacontenttype: 'text/plain', data: text.body })
})

test('CloudEvents: a refused batch fails as a whole, for the delivery to split', async () => {
  const service = await serve(HOOKS.cloudeventsBatch)
  const output = await open(cloudevents, service.options())
  service.answer(400)
  expect(await output.send([item(1), item(2)], patient())).toMatchObject({ delivered: 0, failure: { class: 'poison' } })
})

test('webhook: all alerts arrive when several requests are sent at a time', async () => {
  const service = await serve(HOOKS.webhook)
  const output = await open(webhook, { ...service.options(), requests: 8 })
  const items = Array.from({ length: 40 }, (_, i) => item(i))
  expect(await output.send(items, patient())).toEqual({ delivered: 40 })
  expect((await service.received()).map(({ id }) => id).sort()).toEqual(items.map(({ id }) => id))
})
