import { type AlertData, type Json, printJson } from '@falc/engine'
import type { Failure } from '../model/answer.ts'
import { defineTransport, type Item } from '../model/transport.ts'
import { HTTP_OPTIONS, HttpClient, httpUrl, isFailure, isJson } from '../net/http-client.ts'
import { SEVERITY } from '../text/severity.ts'

const OUTPUT = 'otlp output'

/** Output fields that OpenTelemetry's conventions have a name for. */
const ATTRIBUTES: Readonly<Record<string, string>> = {
  'proc.name': 'process.executable.name',
  'proc.exepath': 'process.executable.path',
  'proc.cmdline': 'process.command_line',
  'proc.pid': 'process.pid',
  'proc.ppid': 'process.parent_pid',
  'proc.cwd': 'process.working_directory',
  'user.name': 'process.user.name',
  'user.uid': 'process.user.id',
  'container.id': 'container.id',
  'container.name': 'container.name',
  'container.image.repository': 'container.image.name',
  'k8s.ns.name': 'k8s.namespace.name',
  'k8s.pod.name': 'k8s.pod.name',
  'k8s.pod.uid': 'k8s.pod.uid',
  'fd.name': 'file.path',
}

export const otlp = defineTransport({
  type: 'otlp',
  title: 'OpenTelemetry logs',
  doc: `Alerts as log records over OTLP/HTTP in JSON. The body is the template or the alert's output, and the severity is the priority. Attributes are
\`security_rule.name\`, the ID as \`log.record.uid\`, and the output fields, under the names of OpenTelemetry's conventions where they exist. The
resource is the host and the service \`falc\`.

200 without a partial success means delivered. A batch with rejected records is resent in parts until these are found, and they are dropped.`,
  options: {
    url: {
      kind: 'url',
      default: 'http://localhost:4318/v1/logs',
      doc: 'Address of the receiver, with the path. `https://otlp.example/otlp/v1/logs` is Loki’s or Grafana Cloud’s.',
    },
    headers: { kind: 'map', secret: true, doc: 'Headers of each request, such as `Authorization`.' },
    compress: { kind: 'boolean', default: true, doc: 'Compress requests with gzip.' },
    service: { kind: 'text', default: 'falc', doc: '`service.name` of the resource.' },
    ...HTTP_OPTIONS,
  },
  batch: { items: 512, bytes: 2 << 20 },
  linger: 500,
  ordered: 'all',
  async open(options, { hostname }) {
    const { headers = {}, compress, service } = options
    const url = httpUrl(options.url, OUTPUT)
    const client = HttpClient.of(options, { output: OUTPUT, secrets: Object.values(headers) })
    return {
      async send(items, signal) {
        const body = printJson(request(items, hostname, service))
        const sent = { url, headers: { 'content-type': 'application/json', ...headers }, body, gzip: compress, accepts }
        const answer = await client.request(sent, signal)
        const failure = isFailure(answer) ? answer : (answer.failure ?? rejection(answer.body, answer.server, client))
        return failure ? { delivered: 0, failure } : { delivered: items.length }
      },
      close: async () => client.close(),
    }
  },
})

const accepts = (answer: { readonly body: string }) => answer.body === '' || isJson(answer)

function request(items: readonly Item[], hostname: string, service: string): Json {
  const hosts = Map.groupBy(items, ({ alert }) => alert.hostname ?? hostname)
  const resourceLogs = [...hosts].map(([host, of]) => ({
    resource: { attributes: attributes({ 'service.name': service, 'host.name': host }) },
    scopeLogs: [{ scope: { name: 'falc' }, logRecords: of.map(record) }],
  }))
  return { resourceLogs }
}

function record({ id, alert, text }: Item): Json {
  const { rule, priority, source, tags, time } = alert
  return {
    timeUnixNano: String(time),
    observedTimeUnixNano: String(time),
    severityNumber: SEVERITY[priority].otlp,
    severityText: priority,
    eventName: 'falco.alert',
    body: { stringValue: text },
    attributes: attributes({
      'log.record.uid': id,
      'security_rule.name': rule,
      'falco.source': source,
      'falco.tags': tags,
      ...fields(alert),
    }),
  }
}

/** Output fields; one whose value is absent is left out. */
function fields({ output_fields }: AlertData): Record<string, unknown> {
  const present = Object.entries(output_fields).filter(([, value]) => value !== null)
  return Object.fromEntries(
    present.map(([name, value]) => [Object.hasOwn(ATTRIBUTES, name) ? ATTRIBUTES[name] : name, value]),
  )
}

const attributes = (values: Readonly<Record<string, unknown>>): Json =>
  Object.entries(values).map(([key, value]) => ({ key, value: anyValue(value) }))

/** An AnyValue: integers of 64 bits are text, larger ones are strings. */
function anyValue(value: unknown): Json {
  if (typeof value === 'boolean') return { boolValue: value }
  if (typeof value === 'bigint' || Number.isInteger(value)) {
    const integer = BigInt(value as bigint)
    return BigInt.asIntN(64, integer) === integer ? { intValue: String(integer) } : { stringValue: String(integer) }
  }
  if (typeof value === 'number' && Number.isFinite(value)) return { doubleValue: value }
  if (Array.isArray(value)) return { arrayValue: { values: value.map(anyValue) } }
  if (value instanceof Uint8Array) return { bytesValue: Buffer.from(value).toString('base64') }
  return { stringValue: String(value) }
}

/** The response does not name the rejected records: treated as a rejection of the batch, they are found by sending parts of it. */
function rejection(body: string, server: string, client: HttpClient): Failure | undefined {
  let partial: { rejectedLogRecords?: string | number; errorMessage?: string } | undefined
  try {
    partial = JSON.parse(body)?.partialSuccess
  } catch {
    return undefined
  }
  if (!Number(partial?.rejectedLogRecords)) return undefined
  const message = `${server} rejected ${partial!.rejectedLogRecords} log records: ${client.excerpt(partial!.errorMessage ?? '')}`
  return { class: 'poison', cause: 'rejected', message }
}
