import { isoTime, type Json, printJson } from '@falc/engine'
import { GOOGLE_OPTIONS, GoogleCredentials } from '../cloud/google-credentials.ts'
import { type Answer, answerOf, type Failure, statusFailure } from '../model/answer.ts'
import {
  defineTransport,
  type Item,
  type OptionsOf,
  type OptionTable,
  type TransportContext,
  type TransportDefinition,
} from '../model/transport.ts'
import { type HttpAnswer, HttpClient, httpUrl, isFailure, isJson } from '../net/http-client.ts'
import { fieldText } from '../text/alert-fields.ts'
import { Limits } from '../text/limits.ts'
import { SEVERITY } from '../text/severity.ts'

interface Api<T extends OptionTable> {
  readonly type: string
  readonly title: string
  readonly doc: string
  readonly options: T
  readonly batch: { readonly items: number; readonly bytes: number }
  /** Path of the method. */
  path(options: OptionsOf<typeof GOOGLE_OPTIONS> & OptionsOf<T>): string
  /** Builds the body of a request. */
  body(
    options: OptionsOf<typeof GOOGLE_OPTIONS> & OptionsOf<T>,
    limits: Limits,
    context: TransportContext,
  ): (items: readonly Item[]) => string
  /** The failures of single items in a refusal. */
  read?(answer: HttpAnswer, count: number, client: HttpClient): Answer | undefined
}

function defineGoogle<const T extends OptionTable>(api: Api<T>): TransportDefinition<typeof GOOGLE_OPTIONS & T> {
  const output = `${api.type} output`
  return defineTransport({
    type: api.type,
    title: api.title,
    doc: api.doc,
    options: { ...GOOGLE_OPTIONS, ...api.options },
    batch: api.batch,
    linger: 500,
    ordered: 'all',
    async open(values, context) {
      const options = values as OptionsOf<typeof GOOGLE_OPTIONS> & OptionsOf<T>
      const url = new URL(api.path(options), httpUrl((options as unknown as { url: string }).url, output))
      const client = HttpClient.of(options, { output })
      const credentials = new GoogleCredentials(options.credentials, client, output)
      const bodyOf = api.body(options, new Limits(text => context.note(`${output}: ${text}`)), context)
      return {
        async send(items, signal) {
          const authorization = await credentials.authorization(signal)
          if (typeof authorization !== 'string') return { delivered: 0, failure: authorization }
          const headers = { 'content-type': 'application/json', authorization }
          const answer = await client.request(
            { url, headers, body: bodyOf(items), gzip: true, accepts: isJson },
            signal,
          )
          if (isFailure(answer)) return { delivered: 0, failure: answer }
          if (!answer.failure) return { delivered: items.length }
          if (answer.status === 401) credentials.forget()
          return api.read?.(answer, items.length, client) ?? { delivered: 0, failure: answer.failure }
        },
        async close() {
          client.close()
          credentials.close()
        },
      }
    },
  })
}

/** Bytes of an entry's payload: an entry has 256 kB at most. */
const MAX_ENTRY = 240_000

export const googleLogging = defineGoogle({
  type: 'google_logging',
  title: 'Google Cloud Logging',
  doc: `Alerts as log entries: the priority as \`severity\`, the alert's time as \`timestamp\`, rule and source as labels, and the alert as
\`jsonPayload\`. The ID is the \`insertId\`, so an alert that is sent twice is stored once. Numbers beyond 2^53 lose precision in Google's payloads.

If some entries are rejected, the others are written. After 401, 403 and 404, alerts stay queued.`,
  options: {
    url: { kind: 'url', default: 'https://logging.googleapis.com', doc: 'Address of the API.' },
    log: { kind: 'text', default: 'falco', doc: 'Name of the log.' },
    resource: { kind: 'text', default: 'global', doc: 'Type of the monitored resource.', example: 'k8s_cluster' },
    resource_labels: { kind: 'map', doc: 'Labels of the monitored resource.' },
    labels: { kind: 'map', doc: 'Labels of all entries.' },
  },
  batch: { items: 1000, bytes: 5 << 20 },
  path: () => '/v2/entries:write',
  body({ project, log, resource, resource_labels = {}, labels = {} }, limits, { hostname }) {
    const entry = (item: Item): string => {
      const { id, alert } = item
      const own = {
        rule: limits.cut(fieldText(alert.rule), 512, 'rules'),
        source: alert.source,
        host: alert.hostname ?? hostname,
      }
      const { google: severity } = SEVERITY[alert.priority]
      const head = { severity, timestamp: isoTime(alert.time), insertId: id, labels: { ...labels, ...own } }
      const body = limits.body(item, MAX_ENTRY)
      const payload = isObject(item, body) ? `"jsonPayload":${body}` : `"textPayload":${printJson(body)}`
      return `${printJson(head).slice(0, -1)},${payload}}`
    }
    const head = {
      logName: `projects/${project}/logs/${encodeURIComponent(log)}`,
      resource: { type: resource, labels: resource_labels },
      partialSuccess: true,
    }
    return items => `${printJson(head).slice(0, -1)},"entries":[${items.map(entry).join(',')}]}`
  },
  read: readPartial,
})

const isObject = ({ contentType }: Item, body: string) => /[/+]json\b/.test(contentType) && body.startsWith('{')

/** google.rpc.Code of a refused entry as an HTTP status. */
const STATUS: Readonly<Record<number, number>> = { 3: 400, 5: 404, 7: 403, 8: 429, 13: 500, 14: 503, 16: 401 }

/** With partialSuccess, entries that are not named were written. */
function readPartial({ body, server }: HttpAnswer, count: number, client: HttpClient): Answer | undefined {
  try {
    const details: { logEntryErrors?: Record<string, { code: number; message?: string }> }[] =
      JSON.parse(body).error.details
    const errors = details.find(({ logEntryErrors }) => logEntryErrors)?.logEntryErrors
    if (!errors) return undefined
    const failures = Array.from({ length: count }, (_, i): Failure | undefined => {
      const error = errors[String(i)]
      return error && statusFailure(STATUS[error.code] ?? 500, server, undefined, client.excerpt(error.message ?? ''))
    })
    return answerOf(failures)
  } catch {
    return undefined
  }
}

export const googlePubsub = defineGoogle({
  type: 'google_pubsub',
  title: 'Google Pub/Sub',
  doc: `One message per alert: the alert as data, and the attributes \`id\`, \`rule\`, \`priority\` and \`source\`. 200 means delivered. Pub/Sub
does not recognise an alert that is sent twice; subscribers can, by \`id\`.`,
  options: {
    url: {
      kind: 'url',
      default: 'https://pubsub.googleapis.com',
      doc: 'Address of the API, of a region for ordered messages.',
    },
    topic: { kind: 'text', required: true, doc: 'Topic.', example: 'falco' },
    attributes: { kind: 'map', doc: 'Attributes of all messages.' },
    ordering_key: { kind: 'template', doc: 'Messages with the same key arrive in order.', example: '%alert.hostname' },
  },
  batch: { items: 1000, bytes: 4 << 20 },
  path: ({ project, topic }) =>
    `/v1/projects/${encodeURIComponent(project)}/topics/${encodeURIComponent(topic)}:publish`,
  body({ attributes = {}, ordering_key }, limits, { template }) {
    const keyOf = ordering_key === undefined ? undefined : template(ordering_key)
    const message = ({ id, alert, body, contentType }: Item): Json => ({
      data: Buffer.from(body.toWellFormed()).toString('base64'),
      attributes: {
        ...attributes,
        ...{ id, priority: alert.priority, source: alert.source, 'content-type': contentType },
        rule: limits.cut(fieldText(alert.rule), 256, 'rules'),
      },
      ...(keyOf && { orderingKey: limits.cut(fieldText(keyOf(alert)), 256, 'ordering keys') }),
    })
    return items => printJson({ messages: items.map(message) })
  },
})
