import type { AlertData } from '@falc/engine'
import type { Answer, Failure } from '../model/answer.ts'
import { OutputError } from '../model/output.ts'
import { defineTransport, type Item, type OptionsOf, type TransportContext } from '../model/transport.ts'
import { HTTP_OPTIONS, HttpClient, httpUrl } from '../net/http-client.ts'
import { fieldText } from '../text/alert-fields.ts'
import { SEVERITY } from '../text/severity.ts'

const OUTPUT = 'alertmanager output'

const options = {
  url: {
    kind: 'list',
    required: true,
    doc: 'The Alertmanagers of a cluster: `http://HOST:PORT`, with the path prefix if there is one. Each receives every alert, as from Prometheus.',
    example: 'http://127.0.0.1:9093',
  },
  labels: {
    kind: 'map',
    doc: `Labels to add, or to replace, as templates: \`namespace: "%k8s.ns.name"\`. An empty template removes the label; a label whose field is
absent is omitted. Alerts with the same labels are one alert to Alertmanager: a label that always differs makes each a group of its own.`,
  },
  annotations: { kind: 'map', doc: 'Annotations to add, or to replace, as templates.' },
  expires_after: {
    kind: 'duration',
    default: 300_000,
    min: 1000,
    doc: 'How long an alert keeps firing after it was last repeated.',
  },
  generator_url: { kind: 'url', doc: 'Where the alert links to.' },
  username: { kind: 'text', doc: 'User name, for HTTP basic authentication.' },
  password: { kind: 'secret', doc: 'Password.' },
  token: { kind: 'secret', doc: 'Bearer token.' },
  ...HTTP_OPTIONS,
} as const

/** The default labels and annotations. `severity` is falcosidekick's: critical, warning, information. */
const LABELS: Readonly<Record<string, string>> = {
  alertname: '%alert.rule',
  priority: '%alert.priority',
  source: '%alert.source',
  hostname: '%alert.hostname',
}

/** Posts to the API of version 2. */
export const alertmanager = defineTransport({
  type: 'alertmanager',
  title: 'Alertmanager',
  doc: `\`POST /api/v2/alerts\` with the labels \`alertname\` (the rule), \`severity\`, \`priority\`, \`source\` and \`hostname\`, and the annotations
\`summary\` (the output's template), \`description\` (the whole alert) and \`id\`. A repeated alert extends the first one.

An alert counts as delivered when one of the Alertmanagers has accepted it. It is dropped if one rejects it (400) and none accepts it, even if another is down.`,
  options,
  batch: { items: 64, bytes: 1 << 20 },
  ordered: false,
  async open(values, context) {
    if (values.url.length === 0) throw new OutputError('url', `${OUTPUT}: url is empty`, 'misconfigured')
    const urls = values.url.map(url => httpUrl(`${url.replace(/\/+$/, '')}/api/v2/alerts`, OUTPUT))
    const render = alertOf(values, context)
    const secrets = [values.password, values.token]
    const client = HttpClient.of(values, { output: OUTPUT, sockets: urls.length, secrets })
    const headers = { 'content-type': 'application/json', ...authorization(values) }
    return {
      async send(items, signal): Promise<Answer> {
        const body = JSON.stringify(items.map(render))
        const failures = await Promise.all(urls.map(url => client.send({ url, headers, body }, signal)))
        const failed = failures.filter(failure => failure !== undefined)
        if (failed.length === urls.length) return { delivered: 0, failure: verdict(failed) }
        for (const { message } of failed) context.note(message)
        return { delivered: items.length }
      },
      close: async () => client.close(),
    }
  },
})

type Values = OptionsOf<typeof options>

function authorization({ username, password = '', token }: Values): Record<string, string> {
  if (token !== undefined) return { authorization: `Bearer ${token}` }
  if (username === undefined) return {}
  return { authorization: `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}` }
}

/** The combined answer of all servers: one that has read the alerts decides most, one that is down may accept them later. */
function verdict(failures: readonly Failure[]): Failure {
  const of = (kind: Failure['class']) => failures.find(failure => failure.class === kind)
  return of('poison') ?? of('later') ?? failures[0]!
}

type Texts = (alert: AlertData) => Record<string, string>

/** The JSON object of an alert. @throws {OutputError} for invalid names, and malformed templates */
function alertOf(values: Values, context: TransportContext): (item: Item) => object {
  const labels = texts('label', { ...LABELS, ...values.labels }, context)
  const annotations = texts('annotation', values.annotations ?? {}, context)
  const severity = values.labels?.severity === undefined
  return ({ id, alert, text }) => {
    const starts = Number(alert.time / 1_000_000n)
    return {
      labels: { ...(severity && { severity: SEVERITY[alert.priority].alertmanager }), ...labels(alert) },
      annotations: { summary: fieldText(text), description: fieldText(alert.output), id, ...annotations(alert) },
      startsAt: new Date(starts).toISOString(),
      // An alert that was delayed must not arrive as one that is over.
      endsAt: new Date(Math.max(starts, Date.now()) + values.expires_after).toISOString(),
      ...(values.generator_url !== undefined && { generatorURL: values.generator_url }),
    }
  }
}

function texts(what: string, templates: Readonly<Record<string, string>>, context: TransportContext): Texts {
  for (const name of Object.keys(templates))
    if (!/^[a-zA-Z_][a-zA-Z0-9_]*$/.test(name))
      throw new OutputError(
        'name',
        `${OUTPUT}: not the name of a ${what}: ${name} (letters, digits and _)`,
        'misconfigured',
      )
  const compiled = Object.entries(templates)
    .filter(([, template]) => template !== '')
    .map(([name, template]) => [name, context.template(template)] as const)
  return alert => {
    const rendered = compiled.map(([name, render]) => [name, fieldText(render(alert))] as const)
    return Object.fromEntries(rendered.filter(([, value]) => value !== '' && value !== '<NA>'))
  }
}
