/** Elasticsearch: what is sent, and what responses about single alerts mean. */
import { alertJson } from '@falc/engine'
import { describe, expect, test } from 'vitest'
import { skipped } from '../../../../scripts/testing/needs.ts'
import { elasticsearch } from '../../src/transports/elasticsearch.ts'
import { idOf, item, open, patient } from './items.ts'
import { API_KEY, LOG_SERVICES } from './log-services.ts'
import { missingModule } from './peer.ts'
import { python } from './python.ts'
import { serve } from './stand-in.ts'

/** An item whose body is Falco's JSON. */
const falco = (...[n, change]: Parameters<typeof item>) => {
  const made = item(n, change)
  return { ...made, body: alertJson(made.alert) }
}

describe('Elasticsearch', () => {
  const lines = (body: Buffer) =>
    body
      .toString()
      .trimEnd()
      .split('\n')
      .map(line => JSON.parse(line))

  test('creates documents under the ID of the alert, in the index of its day', async () => {
    const service = await serve(LOG_SERVICES.elasticsearch)
    const output = await open(elasticsearch, { ...service.options(), pipeline: 'security' })
    const late = falco(2, { time: 1_600_000_000_000_000_000n })
    expect(await output.send([falco(1), late], patient())).toEqual({ delivered: 2 })
    const [request] = service.requests
    expect(request!.url.searchParams.get('pipeline')).toBe('security')
    expect(request!.headers).toMatchObject({ 'content-encoding': 'gzip', 'content-type': 'application/x-ndjson' })
    expect(lines(request!.body)).toEqual([
      { create: { _index: 'falco-2023.11.14', _id: idOf(1) } },
      { '@timestamp': '2023-11-14T22:13:20.123456790Z', ...JSON.parse(falco(1).body) },
      { create: { _index: 'falco-2020.09.13', _id: idOf(2) } },
      { '@timestamp': '2020-09-13T12:26:40.000000000Z', ...JSON.parse(late.body) },
    ])
  })

  test('an alert stored already counts as delivered; one that the mapping refuses fails alone', async () => {
    const service = await serve(LOG_SERVICES.elasticsearch)
    const output = await open(elasticsearch, service.options())
    await output.send([falco(1, { output_fields: { 'fd.num': 3 } })], patient())
    const bad = falco(3, { output_fields: { 'fd.num': 'three' } })
    const answer = await output.send([falco(1), falco(2), bad, falco(4)], patient())
    expect(answer.delivered).toBe(2)
    expect(answer.items).toEqual([
      {
        class: 'poison',
        cause: 'http_400',
        message: expect.stringMatching(
          /answered 400: document_parsing_exception: failed to parse field .* Preview of field's value: 'three'$/,
        ),
      },
      undefined,
    ])
    expect((await service.received()).map(({ id }) => id)).toEqual([idOf(1), idOf(2), idOf(4)])
  })

  test.each([
    [429, 'es_rejected_execution_exception', 'later'],
    [503, 'unavailable_shards_exception', 'later'],
    [403, 'cluster_block_exception', 'misconfigured'],
    [404, 'index_not_found_exception', 'misconfigured'],
  ])('status %i of a document (%s) means %s', async (status, type, meaning) => {
    const service = await serve(LOG_SERVICES.elasticsearch)
    const output = await open(elasticsearch, service.options())
    const items = [{ create: { status: 201 } }, { create: { status, error: { type, reason: 'x' } } }]
    service.answer(200, {}, JSON.stringify({ errors: true, items }))
    const answer = await output.send([falco(1), falco(2)], patient())
    expect(answer).toMatchObject({ delivered: 1, items: [{ class: meaning, cause: `http_${status}` }] })
  })

  test('a response that is not JSON delivers nothing', async () => {
    const service = await serve(LOG_SERVICES.elasticsearch)
    const output = await open(elasticsearch, service.options())
    service.answer(200, {}, '<html>welcome')
    expect(await output.send([falco(1)], patient())).toMatchObject({
      delivered: 0,
      failure: { class: 'later', cause: 'bad_answer' },
    })
  })

  test('the format that Elastic’s Falco integration reads', async () => {
    const service = await serve(LOG_SERVICES.elasticsearch)
    const integration = { index: 'logs-falco.alerts-default', suffix: 'none', layout: 'message' }
    const output = await open(elasticsearch, { ...service.options(), ...integration })
    expect(await output.send([falco(1)], patient())).toEqual({ delivered: 1 })
    expect(lines(service.requests[0]!.body)).toEqual([
      { create: { _index: 'logs-falco.alerts-default', _id: idOf(1) } },
      { '@timestamp': '2023-11-14T22:13:20.123456790Z', message: falco(1).body },
    ])
  })

  test('a field value cannot select an index without the literal prefix', async () => {
    const service = await serve(LOG_SERVICES.elasticsearch)
    const output = await open(elasticsearch, { ...service.options(), index: 'falco-%k8s.ns.name', suffix: 'none' })
    const sent = ['prod', '../.security', 'A'.repeat(500), '*', 'x,y'].map((name, i) =>
      falco(i, { output_fields: { 'k8s.ns.name': name } }),
    )
    expect(await output.send(sent, patient())).toEqual({ delivered: sent.length })
    const names = lines(service.requests[0]!.body).flatMap(line => (line.create ? [line.create._index] : []))
    expect(names).toEqual(['falco-prod', 'falco-_security', `falco-${'a'.repeat(64)}`, 'falco-_', 'falco-x_y'])
    const options = { ...service.options(), index: '%k8s.ns.name' }
    await expect(open(elasticsearch, options)).rejects.toThrow(
      'elasticsearch output: index must begin with text, not with a field',
    )
  })

  const reason = skipped('peers', missingModule('elasticsearch'))
  test.skipIf(reason)('the stand-in works with Elastic’s own client', async () => {
    const service = await serve(LOG_SERVICES.elasticsearch)
    const script = `
import json, sys
from elasticsearch import Elasticsearch, helpers
es = Elasticsearch(sys.argv[1], api_key=sys.argv[2])
def action(id, source, index='falco-2026.11.24'):
    return {'_op_type': 'create', '_index': index, '_id': id, '_source': {'@timestamp': '2026-11-24T10:00:00Z', **source}}
ok, errors = helpers.bulk(es, [action('a', {'pid': 1}), action('a', {'pid': 1}), action('b', {'pid': 'x'}), action('c', {}, 'UPPER')], raise_on_error=False)
print(json.dumps([ok, [[e['create']['status'], e['create']['error']['type']] for e in errors]]))
`
    expect(JSON.parse(await python(script, '', [service.url, API_KEY]))).toEqual([
      1,
      [
        [409, 'version_conflict_engine_exception'],
        [400, 'document_parsing_exception'],
        [400, 'invalid_index_name_exception'],
      ],
    ])
  })
})
