/** Log stores: what is sent, and what responses about single alerts mean. */
import { alertJson, PRIORITIES } from '@falc/engine'
import { describe, expect, test } from 'vitest'
import { skipped } from '../../../../scripts/testing/needs.ts'
import { loki } from '../../src/transports/loki.ts'
import { otlp } from '../../src/transports/otlp.ts'
import { splunk } from '../../src/transports/splunk.ts'
import { hostile } from './hostile.ts'
import { alert, idOf, item, open, patient } from './items.ts'
import { LOG_SERVICES } from './log-services.ts'
import { missingModule } from './peer.ts'
import { python } from './python.ts'
import { serve } from './stand-in.ts'

/** An item whose body is Falco's JSON. */
const falco = (...[n, change]: Parameters<typeof item>) => {
  const made = item(n, change)
  return { ...made, body: alertJson(made.alert) }
}

describe('Loki', () => {
  test('few labels, the rest as structured metadata; one stream per rule', async () => {
    const service = await serve(LOG_SERVICES.loki)
    const output = await open(loki, {
      ...service.options(),
      extra_labels: { cluster: 'eu' },
      username: 'me',
      password: 'hunter22',
    })
    const fields = { 'k8s.pod.name': 'web-1', 'proc.cmdline': 'sh -c x' }
    const sent = [falco(1), falco(2, { rule: 'Other' }), falco(3, { output_fields: fields })]
    expect(await output.send(sent, patient())).toEqual({ delivered: 3 })
    const [request] = service.requests
    expect(request!.headers).toMatchObject({
      'x-scope-orgid': 'security',
      authorization: `Basic ${btoa('me:hunter22')}`,
    })
    const labels = { job: 'falco', cluster: 'eu', priority: 'Notice', source: 'syscall' }
    expect(request!.json()).toEqual({
      streams: [
        {
          stream: { ...labels, rule: alert(1).rule },
          values: [
            [
              '1700000000123456790',
              sent[0]!.body,
              { alert_id: idOf(1), hostname: 'node-1', proc_name: 'bash', container_id: 'abc' },
            ],
            ['1700000000123456792', sent[2]!.body, { alert_id: idOf(3), hostname: 'node-1', k8s_pod_name: 'web-1' }],
          ],
        },
        { stream: { ...labels, rule: 'Other' }, values: [['1700000000123456791', sent[1]!.body, expect.anything()]] },
      ],
    })
  })

  test('each tenant has its own request', async () => {
    const service = await serve(LOG_SERVICES.loki)
    const output = await open(loki, { ...service.options(), tenant: 'team-%k8s.ns.name' })
    const of = (n: number, name: string) => falco(n, { output_fields: { 'k8s.ns.name': name } })
    expect(await output.send([of(1, 'a'), of(2, 'b|c'), of(3, 'a')], patient())).toEqual({ delivered: 3 })
    expect(service.requests.map(({ headers }) => headers['x-scope-orgid'])).toEqual(['team-a', 'team-b_c'])
  })

  test('refuses labels with an unbounded number of values', async () => {
    const options = { url: 'http://localhost', labels: ['rule', 'k8s.pod.name'] }
    await expect(open(loki, options)).rejects.toThrow(
      'loki output: labels are rule, priority, source, hostname, not k8s.pod.name',
    )
  })
})

describe('Splunk', () => {
  test('events have the time and the host of the alert', async () => {
    const service = await serve(LOG_SERVICES.splunk)
    const output = await open(splunk, { ...service.options(), index: 'security' })
    expect(await output.send([falco(1)], patient())).toEqual({ delivered: 1 })
    const body = service.requests[0]!.body.toString()
    expect(body).toMatch(/^\{"time":1700000000\.123456790,/)
    expect(JSON.parse(body)).toMatchObject({
      ...{ host: 'node-1', source: 'falc', sourcetype: 'falco:alert', index: 'security' },
      event: JSON.parse(falco(1).body),
      fields: { alert_id: idOf(1), priority: 'Notice', rule: alert(1).rule },
    })
  })

  test('the event that the collector names is dropped, and the others are sent again', async () => {
    const service = await serve(LOG_SERVICES.splunk)
    const output = await open(splunk, service.options())
    const bad = { ...falco(2), body: '{"cut' }
    const answer = await output.send([falco(1), bad, falco(3)], patient())
    expect(answer).toMatchObject({
      delivered: 0,
      items: [{ class: 'later', after: 0 }, { class: 'poison' }, { class: 'later', after: 0 }],
    })
  })

  test.each([
    [400, 7, 'misconfigured'],
    [400, 6, 'poison'],
    [403, 4, 'misconfigured'],
    [400, 10, 'misconfigured'],
    [503, 9, 'later'],
    [500, 8, 'later'],
  ])('status %i with code %i means %s', async (status, code, meaning) => {
    const service = await serve(LOG_SERVICES.splunk)
    const output = await open(splunk, service.options())
    service.answer(status, {}, JSON.stringify({ text: '', code }))
    expect(await output.send([falco(1)], patient())).toMatchObject({ failure: { class: meaning } })
  })

  test('with ack, an alert that is not indexed in time does not count as delivered', async () => {
    const service = await serve(LOG_SERVICES.splunkAck)
    const output = await open(splunk, service.options())
    expect(await output.send([falco(1)], patient())).toEqual({ delivered: 1 })
    expect(service.requests.filter(({ url }) => url.pathname.endsWith('/ack')).length).toBe(2)
    service.answer(200, {}, JSON.stringify({ code: 0, ackId: 9 }))
    const answer = await output.send([falco(2)], AbortSignal.timeout(300))
    expect(answer).toMatchObject({ delivered: 0, failure: { class: 'later', cause: 'timeout' } })
  })
})

describe('OTLP', () => {
  test('severity, host and attributes follow the semantic conventions', async () => {
    const service = await serve(LOG_SERVICES.otlp)
    const output = await open(otlp, service.options())
    const fields = {
      'proc.name': 'bash',
      'proc.pid': 12n,
      'k8s.ns.name': 'prod',
      ratio: 0.5,
      big: 2n ** 63n,
      args: ['a', 'b'],
      no: null,
      yes: true,
    }
    const items = PRIORITIES.map((priority, i) =>
      item(i, { priority, output_fields: fields, hostname: `node-${i % 2}` }),
    )
    expect(await output.send(items, patient())).toEqual({ delivered: 8 })
    const { resourceLogs } = service.requests[0]!.json()
    expect(resourceLogs.map(({ resource }: any) => resource.attributes[1].value.stringValue)).toEqual([
      'node-0',
      'node-1',
    ])
    const records = resourceLogs.flatMap(({ scopeLogs }: any) => scopeLogs[0].logRecords)
    const numbers = records.map(({ severityText, severityNumber }: any) => [severityText, severityNumber])
    expect(Object.fromEntries(numbers)).toEqual({
      ...{ Emergency: 21, Alert: 19, Critical: 18, Error: 17, Warning: 13, Notice: 10, Informational: 9, Debug: 5 },
    })
    expect(records[0].attributes).toEqual(
      Object.entries({
        'log.record.uid': { stringValue: idOf(0) },
        'security_rule.name': { stringValue: alert(1).rule },
        'falco.source': { stringValue: 'syscall' },
        'falco.tags': { arrayValue: { values: [{ stringValue: 'container' }, { stringValue: 'T1059' }] } },
        'process.executable.name': { stringValue: 'bash' },
        'process.pid': { intValue: '12' },
        'k8s.namespace.name': { stringValue: 'prod' },
        ratio: { doubleValue: 0.5 },
        big: { stringValue: '9223372036854775808' },
        args: { arrayValue: { values: [{ stringValue: 'a' }, { stringValue: 'b' }] } },
        yes: { boolValue: true },
      }).map(([key, value]) => ({ key, value })),
    )
  })

  test('a response that rejects records fails the batch; one with only a warning delivers it', async () => {
    const service = await serve(LOG_SERVICES.otlp)
    const output = await open(otlp, service.options())
    service.answer(200, {}, JSON.stringify({ partialSuccess: { rejectedLogRecords: '1', errorMessage: 'too old' } }))
    const answer = await output.send([item(1), item(2)], patient())
    expect(answer).toMatchObject({
      delivered: 0,
      failure: { class: 'poison', cause: 'rejected', message: expect.stringContaining('1 log records: too old') },
    })
    service.answer(200, {}, JSON.stringify({ partialSuccess: { errorMessage: 'a warning' } }))
    expect(await output.send([item(1)], patient())).toEqual({ delivered: 1 })
  })

  const reason = skipped('peers', missingModule('opentelemetry.proto.collector.logs.v1.logs_service_pb2'))
  test.skipIf(reason)('OpenTelemetry’s own schema, which refuses unknown keys, parses the requests', async () => {
    const service = await serve(LOG_SERVICES.otlp)
    const output = await open(otlp, service.options())
    const items = [
      item(1),
      hostile(2, 5000),
      item(3, { output_fields: { bytes: new Uint8Array([1, 2]), big: -(2n ** 63n), nan: Number.NaN } }),
    ]
    expect(await output.send(items, patient())).toEqual({ delivered: 3 })
    const script = `
import sys
from google.protobuf import json_format
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
request = json_format.Parse(sys.stdin.buffer.read(), ExportLogsServiceRequest())
for resource in request.resource_logs:
    for record in resource.scope_logs[0].log_records:
        print([a.value.string_value for a in record.attributes if a.key == 'log.record.uid'][0], record.time_unix_nano, record.severity_number)
`
    const seen = await python(script, service.requests[0]!.body.toString())
    expect(seen.trim().split('\n').sort()).toEqual(
      items.map(({ id, alert }) => `${id} ${alert.time} ${alert.priority === 'Notice' ? 10 : 18}`),
    )
    await expect(python(script, '{"resourceLogs":[],"injected":1}')).rejects.toThrow('no field named "injected"')
  })
})
