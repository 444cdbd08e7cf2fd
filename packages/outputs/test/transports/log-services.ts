/** What log stores require of a request, according to their documentation. */
import type { Received } from './peer.ts'
import { any, flag, kindOf, list, map, matching, object, type Request, refuse, text, whole } from './stand-in.ts'

/** A field's type by its path, as Elasticsearch maps it when it is first seen. */
type Mapping = Map<string, 'object' | 'number' | 'text'>

/** Maps a document as dynamic mapping does. @returns what does not fit */
function mapDocument(mapping: Mapping, value: unknown, path = ''): string | undefined {
  if (value === null || (Array.isArray(value) && value.length === 0)) return undefined
  if (Array.isArray(value))
    return value.map(one => mapDocument(mapping, one, path)).find(problem => problem !== undefined)
  const kind = typeof value === 'object' ? 'object' : typeof value === 'number' ? 'number' : 'text'
  const known = mapping.get(path) ?? kind
  if ((known === 'object') !== (kind === 'object'))
    return `object mapping for [${path}] tried to parse field as ${kind}`
  if (known === 'number' && kind === 'text' && Number.isNaN(Number(value)))
    return `failed to parse field [${path}] of type [long]. Preview of field's value: '${value}'`
  mapping.set(path, known)
  if (kind !== 'object') return undefined
  // Dots in names make objects.
  const parents = (name: string) =>
    name
      .split('.')
      .slice(0, -1)
      .map((_, i, parts) => [path, ...parts.slice(0, i + 1)].join('.'))
  for (const [name, one] of Object.entries(value as object)) {
    const between = parents(name)
    const blocked = between.find(parent => (mapping.get(parent) ?? 'object') !== 'object')
    if (blocked !== undefined) return `object mapping for [${blocked}] tried to parse field as object`
    for (const parent of between) mapping.set(parent, 'object')
    const problem = mapDocument(mapping, one, `${path}.${name}`)
    if (problem !== undefined) return problem
  }
  return undefined
}

const bulkAction = object({ create: object({ _index: any, '_id?': text(512) }) })

/** Names of indices: lower case, none of these characters, at most 255 bytes. */
const INDEX = /^(?![-_+.])[^A-Z\\/*?"<>| ,#:]{1,255}$/

/** A response of `_bulk`: complete, or only what filter_path selects. */
function bulkReply(request: Request, outcomes: readonly { status: number; id: string; index: string; error?: any }[]) {
  const filter = request.url.searchParams.get('filter_path')
  if (filter !== null && filter !== 'errors,items.*.status,items.*.error.type,items.*.error.reason')
    refuse(400, 'filter_path')
  const items = outcomes.map(({ status, id, index, error }) => ({
    create: { ...(filter === null && { _index: index, _id: id, _version: 1 }), status, ...(error && { error }) },
  }))
  const body = { ...(filter === null && { took: 1 }), errors: outcomes.some(({ status }) => status >= 300), items }
  const headers = {
    'content-type': 'application/vnd.elasticsearch+json;compatible-with=8',
    'x-elastic-product': 'Elasticsearch',
  }
  return { status: 200, body: JSON.stringify(body), headers }
}

/** Indexes one document of a request, as Elasticsearch does. */
function index(documents: Map<string, unknown>, mappings: Map<string, Mapping>, action: string, source: string) {
  const { _index: name, _id = `auto-${documents.size}` } = JSON.parse(action).create
  const fail = (status: number, type: string, reason: string) => ({
    status,
    id: _id,
    index: name,
    error: { type, reason },
  })
  if (!INDEX.test(name)) return fail(400, 'invalid_index_name_exception', `Invalid index name [${name}]`)
  if (documents.has(`${name} ${_id}`))
    return fail(409, 'version_conflict_engine_exception', `[${_id}]: version conflict, document already exists`)
  const document = JSON.parse(source)
  if (!/^\d{4}-\d\d-\d\dT[\d:.]+Z$/.test(document['@timestamp'] ?? ''))
    return fail(400, 'document_parsing_exception', 'data stream timestamp field [@timestamp] is missing')
  if (!mappings.has(name)) mappings.set(name, new Map())
  const problem = mapDocument(mappings.get(name)!, document)
  if (problem !== undefined) return fail(400, 'document_parsing_exception', problem)
  documents.set(`${name} ${_id}`, document)
  return { status: 201, id: _id, index: name }
}

/** Documents and mappings of each running stand-in, by what it has received. */
const STORES = new WeakMap<Received[], { documents: Map<string, unknown>; mappings: Map<string, Mapping> }>()

export const API_KEY = 'VnVhQ2ZHY0JDZGJrUW0tZTVhT3g6dWkybHAyYXhUTm1zeWFrdzl0dk5udw=='

function takeBulk(request: Request, received: Received[]) {
  if (!STORES.has(received)) STORES.set(received, { documents: new Map(), mappings: new Map() })
  const { documents, mappings } = STORES.get(received)!
  const { headers, url, method, body } = request
  if (headers.authorization !== `ApiKey ${API_KEY}`) refuse(401, '{"error":{"type":"security_exception"},"status":401}')
  if (!['POST', 'PUT'].includes(method) || url.pathname !== '/_bulk') refuse(404, '{"error":"no handler"}')
  if (!/^application\/(x-ndjson|json|vnd\.elasticsearch\+x-ndjson)/.test(headers['content-type'] ?? ''))
    refuse(406, '{"error":"Content-Type is not supported"}')
  for (const parameter of url.searchParams.keys())
    if (!['filter_path', 'pipeline', 'refresh'].includes(parameter))
      refuse(400, `unrecognized parameter: [${parameter}]`)
  const lines = body.toString().split('\n')
  if (lines.pop() !== '' || lines.length % 2 !== 0)
    refuse(400, 'The bulk request must be terminated by a newline [\\n]')
  const outcomes = []
  for (let i = 0; i < lines.length; i += 2) {
    bulkAction(JSON.parse(lines[i]!))
    const outcome = index(documents, mappings, lines[i]!, lines[i + 1]!)
    outcomes.push(outcome)
    if (outcome.status === 201) received.push({ id: outcome.id, alert: JSON.parse(lines[i + 1]!) })
  }
  return bulkReply(request, outcomes)
}

const LABEL = /^[a-zA-Z_][a-zA-Z0-9_]*$/

const lokiLabels: (value: any, path?: string) => void = (value, path) => {
  map(text(2048), 15)(value, path)
  for (const name of Object.keys(value)) if (!LABEL.test(name)) refuse(400, `invalid label ${name}`)
}

const lokiPush = object({
  streams: list(
    object({
      stream: lokiLabels,
      values: list((value, path = '') => {
        list(any, 3, 2)(value, path)
        matching(/^\d{19}$/)(value[0], `${path}[0]`)
        text(256 << 10)(value[1], `${path}[1]`)
        if (value.length === 3) lokiMetadata(value[2], `${path}[2]`)
      }),
    }),
  ),
})

const lokiMetadata: (value: any, path?: string) => void = (value, path = '') => {
  map(text(), 128)(value, path)
  for (const name of Object.keys(value)) if (!LABEL.test(name)) refuse(400, `invalid label ${name}`)
  if (JSON.stringify(value).length > 64 << 10) refuse(400, 'structured metadata too large')
}

export const HEC_TOKEN = '11111111-2222-3333-4444-555555555555'

const hecEvent = object({
  time: any,
  host: text(255),
  source: text(),
  sourcetype: text(),
  'index?': text(),
  event: any,
  fields: map(text()),
})

/** How often each request was polled: the second poll reports that it is acknowledged. */
const asked = new WeakMap<Received[], Map<number, number>>()

function takeHec(request: Request, received: Received[]) {
  const reply = (status: number, code: number, more = {}) => ({
    status,
    body: JSON.stringify({ text: '', code, ...more }),
  })
  const channel = request.headers['x-splunk-request-channel']
  if (request.headers.authorization !== `Splunk ${HEC_TOKEN}`) return reply(403, 4)
  if (request.url.pathname === '/services/collector/ack') {
    if (channel === undefined) return reply(400, 10)
    const counts = asked.get(received) ?? new Map()
    asked.set(received, counts)
    const acks = (request.json().acks as number[]).map(id => {
      counts.set(id, (counts.get(id) ?? 0) + 1)
      return [id, counts.get(id) > 1]
    })
    return { status: 200, body: JSON.stringify({ acks: Object.fromEntries(acks) }) }
  }
  if (request.url.pathname !== '/services/collector/event') return { status: 404 }
  const events: any[] = []
  for (const [number, line] of request.body.toString().split('\n').entries()) {
    try {
      const event = JSON.parse(line)
      hecEvent(event)
      // The number must be written with nanoseconds.
      if (!/"time":\d{10}\.\d{9},/.test(line)) throw new Error('time')
      events.push(event)
    } catch {
      return reply(400, 6, { 'invalid-event-number': number })
    }
  }
  if (events.some(({ event }) => event === '')) return reply(400, 13, { 'invalid-event-number': 0 })
  for (const { fields, event } of events) received.push({ id: fields.alert_id, alert: event })
  return reply(200, 0, channel === undefined ? {} : { ackId: received.length })
}

const otlpValue: (value: any, path?: string) => void = (value, path = '') => {
  const [[kind, inner] = []] = Object.entries(value) as [string, any][]
  if (Object.keys(value).length !== 1) refuse(400, `${path}: a value has one kind`)
  const kinds: Record<string, () => void> = {
    stringValue: () => text(Number.POSITIVE_INFINITY, 0)(inner, path),
    intValue: () => matching(/^-?\d{1,19}$/)(inner, path),
    doubleValue: () => typeof inner === 'number' || refuse(400, path),
    boolValue: () => flag(inner, path),
    bytesValue: () => text()(inner, path),
    arrayValue: () => object({ values: list(otlpValue) })(inner, path),
  }
  if (!kinds[kind!]) refuse(400, `${path}: unknown kind ${kind}`)
  kinds[kind!]!()
}

const otlpAttributes = list(object({ key: text(), value: otlpValue }))

const otlpRequest = object({
  resourceLogs: list(
    object({
      resource: object({ attributes: otlpAttributes }),
      scopeLogs: list(
        object({
          scope: object({ name: text(), 'version?': text() }),
          logRecords: list(
            object({
              timeUnixNano: matching(/^\d+$/),
              observedTimeUnixNano: matching(/^\d+$/),
              severityNumber: whole(1, 24),
              severityText: text(),
              eventName: text(),
              body: otlpValue,
              attributes: otlpAttributes,
            }),
          ),
        }),
      ),
    }),
  ),
})

const attribute = (record: any, name: string) =>
  record.attributes.find(({ key }: { key: string }) => key === name)?.value.stringValue

const loki = (title: string, more: Record<string, unknown>) =>
  kindOf({
    type: 'loki',
    title,
    options: url => ({ url, ...more }),
    take(request, received) {
      if (request.url.pathname !== '/loki/api/v1/push') refuse(404, 'not found')
      if (request.headers['content-type'] !== 'application/json') refuse(400, 'content type')
      const push = request.json()
      lokiPush(push)
      for (const { values } of push.streams)
        for (const [, line, metadata] of values) received.push({ id: metadata.alert_id, alert: JSON.parse(line) })
      return { status: 204 }
    },
  })

export const LOG_SERVICES = {
  elasticsearch: kindOf({
    type: 'elasticsearch',
    title: 'Elasticsearch',
    options: url => ({ url, api_key: API_KEY }),
    take: takeBulk,
  }),
  loki: loki('Loki', { tenant: 'security' }),
  splunk: kindOf({
    type: 'splunk',
    title: 'Splunk',
    options: url => ({ url, token: HEC_TOKEN }),
    take: takeHec,
  }),
  splunkAck: kindOf({
    type: 'splunk',
    title: 'Splunk with acknowledgement',
    options: url => ({ url, token: HEC_TOKEN, ack: true, timeout: '3s' }),
    take: takeHec,
  }),
  otlp: kindOf({
    type: 'otlp',
    title: 'OpenTelemetry logs',
    options: url => ({ url: `${url}/v1/logs`, headers: { Authorization: 'Bearer hunter22' } }),
    take(request, received) {
      if (request.url.pathname !== '/v1/logs') refuse(404, 'not found')
      if (request.headers['content-type'] !== 'application/json') refuse(415, 'unsupported media type')
      const logs = request.json()
      otlpRequest(logs)
      for (const { scopeLogs } of logs.resourceLogs)
        for (const record of scopeLogs[0].logRecords) received.push({ id: attribute(record, 'log.record.uid') })
      return { status: 200, body: '{}', headers: { 'content-type': 'application/json' } }
    },
  }),
} as const
