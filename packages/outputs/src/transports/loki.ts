import { type AlertData, type Json, printJson } from '@falc/engine'
import { OutputError } from '../model/output.ts'
import { defineTransport, type Item } from '../model/transport.ts'
import { basic, HTTP_OPTIONS, type HttpAnswer, HttpClient, httpUrl } from '../net/http-client.ts'
import { fieldOf, fieldText } from '../text/alert-fields.ts'
import { confined } from '../text/confined.ts'
import { Limits } from '../text/limits.ts'

const OUTPUT = 'loki output'

/** Labels whose values are few: a rule has one priority and one source. */
const LABELS: Readonly<Record<string, (alert: AlertData, hostname: string) => string>> = {
  rule: alert => alert.rule,
  priority: alert => alert.priority,
  source: alert => alert.source,
  hostname: (alert, hostname) => alert.hostname ?? hostname,
}

/** Output fields that become structured metadata, with `_` for `.`. */
const METADATA = [
  'k8s.ns.name',
  'k8s.pod.name',
  'container.id',
  'container.name',
  'proc.name',
  'user.name',
  'ka.user.name',
]

/** Characters of a label's or metadata's value: Loki's own limit is 2048 bytes. */
const MAX_VALUE = 512

/** Bytes of a line: Loki's `max_line_size`. */
const MAX_LINE = 256 << 10

export const loki = defineTransport({
  type: 'loki',
  title: 'Grafana Loki',
  doc: `Alerts as log lines in requests to \`/loki/api/v1/push\`. Labels are few, since each combination of values is a stream: pods, containers,
hosts and IDs are structured metadata, which needs Loki 3, or 2.9 with \`allow_structured_metadata\`.

204 means delivered. 400 (a line that is too long or too old) drops an alert: the batch is resent in parts until the alert is found. Loki
ignores a line that it already has.`,
  options: {
    url: { kind: 'url', required: true, doc: 'Address of Loki.', example: 'http://loki.example:3100' },
    path: { kind: 'text', default: '/loki/api/v1/push', doc: 'Path of the API.' },
    labels: {
      kind: 'list',
      default: ['rule', 'priority', 'source'],
      doc: 'Labels of an alert’s stream: of `rule`, `priority`, `source`, `hostname`.',
    },
    extra_labels: { kind: 'map', doc: 'Labels of all alerts. `job` is `falco` unless set here.' },
    structured_metadata: { kind: 'boolean', default: true, doc: 'Send structured metadata.' },
    tenant: {
      kind: 'template',
      doc: 'Tenant (`X-Scope-OrgID`). It must begin with literal text; values of fields are reduced to letters, digits, `-` and `_`.',
    },
    username: { kind: 'text', doc: 'User name.' },
    password: { kind: 'secret', doc: 'Password or API key.' },
    headers: { kind: 'map', secret: true, doc: 'Headers of each request.' },
    compress: { kind: 'boolean', default: true, doc: 'Compress requests with gzip.' },
    ...HTTP_OPTIONS,
  },
  batch: { items: 1000, bytes: 1 << 20 },
  linger: 500,
  ordered: 'all',
  async open(options, { hostname, note, template }) {
    const { labels, extra_labels = {}, username, password, headers = {}, compress } = options
    for (const label of labels)
      if (!Object.hasOwn(LABELS, label))
        throw new OutputError(
          'labels',
          `${OUTPUT}: labels are ${Object.keys(LABELS).join(', ')}, not ${label}`,
          'misconfigured',
        )
    const address = new URL(options.path, httpUrl(options.url, OUTPUT))
    const tenantOf = options.tenant === undefined ? () => '' : confined(options.tenant, OUTPUT, 'tenant', template)
    const authorization = basic(username, password)
    const secrets = [authorization, password, ...Object.values(headers)]
    const client = HttpClient.of(options, { output: OUTPUT, secrets })
    const limits = new Limits(text => note(`${OUTPUT}: ${text}`))
    const value = (text: string) => limits.cut(fieldText(text), MAX_VALUE, 'labels')
    const common = { 'content-type': 'application/json', ...(authorization && { authorization }), ...headers }

    const streamOf = (alert: AlertData) => ({
      job: 'falco',
      ...extra_labels,
      ...Object.fromEntries(labels.map(label => [label, value(LABELS[label]!(alert, hostname))])),
    })
    const metadataOf = ({ id, alert }: Item) => ({
      alert_id: id,
      hostname: value(alert.hostname ?? hostname),
      ...Object.fromEntries(
        METADATA.flatMap(name => {
          const text = fieldOf(alert, name)
          return text === undefined ? [] : [[name.replaceAll('.', '_'), value(text)]]
        }),
      ),
    })
    const entry = (item: Item): Json => {
      const line = [String(item.alert.time), limits.body(item, MAX_LINE)]
      return options.structured_metadata ? [...line, metadataOf(item)] : line
    }

    return {
      async send(items, signal) {
        for (const [tenant, of] of Map.groupBy(items, ({ alert }) => tenantOf(alert))) {
          const streams = Map.groupBy(of, ({ alert }) => printJson(streamOf(alert)))
          const shown = [...streams].map(
            ([stream, lines]) => `{"stream":${stream},"values":${printJson(lines.map(entry))}}`,
          )
          const request = {
            url: address,
            headers: { ...common, ...(tenant && { 'x-scope-orgid': tenant }) },
            body: `{"streams":[${shown.join(',')}]}`,
            gzip: compress,
            accepts: ({ status, body }: Pick<HttpAnswer, 'status' | 'body'>) => status === 204 || body === '',
          }
          const failure = await client.send(request, signal)
          // Entries that other tenants have received are sent again, and ignored there.
          if (failure) return { delivered: 0, failure }
        }
        return { delivered: items.length }
      },
      close: async () => client.close(),
    }
  },
})
