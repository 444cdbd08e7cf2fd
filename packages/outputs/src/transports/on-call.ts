/** On-call services: one request per alert, with a key that groups repeated alerts into one incident. */
import { createHash } from 'node:crypto'
import { type AlertData, isoTime, type Json, printJson } from '@falc/engine'
import type { Failure } from '../model/answer.ts'
import {
  defineTransport,
  type Item,
  type OptionsOf,
  type OptionTable,
  type TransportDefinition,
} from '../model/transport.ts'
import { HTTP_OPTIONS, type HttpAnswer, HttpClient, httpUrl, isFailure } from '../net/http-client.ts'
import { inFlight } from '../net/in-flight.ts'
import { fieldOf, fieldTexts } from '../text/alert-fields.ts'
import { Limits } from '../text/limits.ts'
import { SEVERITY } from '../text/severity.ts'

const ON_CALL_OPTIONS = {
  dedup_key: {
    kind: 'template',
    doc: 'Alerts with the same key are one incident. Default: the rule, with the container, or the host.',
    example: '%alert.rule %k8s.ns.name',
  },
  ...HTTP_OPTIONS,
} as const satisfies OptionTable

/** Both services answer so. */
const accepted = ({ status }: { readonly status: number }) => status === 202

/** Requests at the same time. */
const REQUESTS = 4

interface Service<T extends OptionTable> {
  readonly type: string
  readonly title: string
  readonly doc: string
  readonly options: T
  /** Characters of a key; a longer one is replaced by its hash. */
  readonly maxKey: number
  /** Address and headers. */
  target(options: OptionsOf<T>): { url: string; path: string; headers?: Record<string, string>; secret: string }
  body(item: Item, key: string, limits: Limits, hostname: string, options: OptionsOf<T>): Json
  /** Interprets answers whose status does not suffice. */
  read?(answer: HttpAnswer): Failure | undefined
}

function defineOnCall<const T extends OptionTable>(
  service: Service<T>,
): TransportDefinition<typeof ON_CALL_OPTIONS & T> {
  const output = `${service.type} output`
  return defineTransport({
    type: service.type,
    title: service.title,
    doc: service.doc,
    options: { ...ON_CALL_OPTIONS, ...service.options },
    batch: { items: 16 },
    ordered: false,
    async open(values, { hostname, note, template }) {
      const options = values as OptionsOf<typeof ON_CALL_OPTIONS> & OptionsOf<T>
      const { url, path, headers = {}, secret } = service.target(options)
      const address = new URL(path, httpUrl(url, output))
      const client = HttpClient.of(options, { output, sockets: REQUESTS, secrets: [secret] })
      const limits = new Limits(text => note(`${output}: ${text}`))
      const render = options.dedup_key === undefined ? defaultKey : template(options.dedup_key)
      const send = async (item: Item, signal: AbortSignal) => {
        const body = service.body(item, bounded(render(item.alert), service.maxKey), limits, hostname, options)
        const request = {
          url: address,
          headers: { 'content-type': 'application/json', ...headers },
          body: printJson(body),
          accepts: accepted,
        }
        const answer = await client.request(request, signal)
        return isFailure(answer) ? answer : answer.failure && (service.read?.(answer) ?? answer.failure)
      }
      return {
        send: (items, signal) => inFlight(items, REQUESTS, item => send(item, signal)),
        close: async () => client.close(),
      }
    },
  })
}

/** Falco's `container.id` is `host` outside containers. */
function defaultKey(alert: AlertData): string {
  const container = fieldOf(alert, 'container.id')
  return `${alert.rule} ${container === undefined || container === 'host' ? (alert.hostname ?? '') : container}`
}

const bounded = (key: string, max: number) =>
  key.length <= max ? key.toWellFormed() : createHash('sha256').update(key).digest('hex')

/** Bytes of custom_details are bounded by the number and length of texts: 512 kB in all. */
const DETAILS = { fields: 200, text: 1000 }

export const pagerduty = defineOnCall({
  type: 'pagerduty',
  title: 'PagerDuty',
  doc: `One event of the Events API v2 per alert: \`dedup_key\` as configured, the template or the alert's output as \`summary\`, host as
\`source\`, the priority as \`severity\`, rule as \`class\`, container or pod as \`component\`, namespace as \`group\`, and everything else in
\`custom_details\`. Texts that exceed the service's limits are truncated; this is logged once.

202 means delivered. 400 drops the alert, unless it rejects the routing key: then alerts stay queued, as after 401 and 403.`,
  options: {
    routing_key: {
      kind: 'secret',
      required: true,
      doc: 'The integration key of the service, of type Events API v2.',
      example: 'R0UT1NGKEY',
    },
    url: {
      kind: 'url',
      default: 'https://events.pagerduty.com',
      doc: 'Where the API is; `https://events.eu.pagerduty.com` for the EU.',
    },
  },
  maxKey: 255,
  target: ({ routing_key, url }) => ({ url, path: '/v2/enqueue', secret: routing_key }),
  body({ id, alert, text }, dedup_key, limits, hostname, { routing_key }) {
    const component = fieldOf(alert, 'k8s.pod.name') ?? fieldOf(alert, 'container.name') ?? fieldOf(alert, 'proc.name')
    const group = fieldOf(alert, 'k8s.ns.name')
    const custom_details = {
      ...Object.fromEntries(
        limits
          .first(fieldTexts(alert), DETAILS.fields, 'fields')
          .map(([name, value]) => [name, limits.cut(value, DETAILS.text, 'fields')]),
      ),
      ...{ 'alert.id': id, 'alert.priority': alert.priority, 'alert.source': alert.source, 'alert.tags': alert.tags },
    }
    return {
      routing_key,
      event_action: 'trigger',
      dedup_key,
      payload: {
        summary: limits.cut(text.toWellFormed() || alert.rule, 1024, 'summaries'),
        source: alert.hostname ?? hostname,
        severity: SEVERITY[alert.priority].pagerDuty,
        timestamp: isoTime(alert.time),
        class: limits.cut(alert.rule, 255, 'rules'),
        ...(component !== undefined && { component: limits.cut(component, 255, 'components') }),
        ...(group !== undefined && { group: limits.cut(group, 255, 'groups') }),
        custom_details,
      },
    }
  },
  read: ({ status, body, failure }) =>
    status === 400 && body.includes('routing_key') ? { ...failure!, class: 'misconfigured' } : undefined,
})

/** Characters of all details together, less those of the ID. */
const OPSGENIE_DETAILS = 8000 - 41

export const opsgenie = defineOnCall({
  type: 'opsgenie',
  title: 'Opsgenie',
  doc: `One alert of the Alert API v2 per alert, with \`dedup_key\` as \`alias\`, the host as \`entity\`, the priority as P1 to P5, and the output fields
as details. Texts that exceed the service's limits are truncated; this is logged once. 202 means delivered; 422 drops the alert.`,
  options: {
    api_key: { kind: 'secret', required: true, doc: 'Key of an API integration.', example: 'eb243592-faa2-4ba2' },
    url: {
      kind: 'url',
      default: 'https://api.opsgenie.com',
      doc: 'Where the API is; `https://api.eu.opsgenie.com` for the EU.',
    },
  },
  maxKey: 512,
  target: ({ api_key, url }) => ({
    url,
    path: '/v2/alerts',
    headers: { authorization: `GenieKey ${api_key}` },
    secret: api_key,
  }),
  body({ id, alert, text }, alias, limits, hostname) {
    const texts = fieldTexts(alert).map(([name, value]) => [name, limits.cut(value, 500, 'fields')] as const)
    let size = 0
    const fitting = texts.findIndex(([name, value]) => (size += name.length + value.length) > OPSGENIE_DETAILS)
    const shown = limits.first(texts, fitting < 0 ? texts.length : fitting, 'fields')
    return {
      message: limits.cut(alert.rule, 130, 'rules'),
      alias,
      description: limits.cut(text.toWellFormed(), 15_000, 'texts'),
      tags: limits.first(alert.tags, 20, 'tags').map(tag => limits.cut(tag, 50, 'tags')),
      details: { ...Object.fromEntries(shown), 'alert.id': id },
      entity: limits.cut(alert.hostname ?? hostname, 512, 'hosts'),
      source: limits.cut(`falc ${alert.source}`, 100, 'sources'),
      priority: SEVERITY[alert.priority].opsgenie,
    }
  },
})
