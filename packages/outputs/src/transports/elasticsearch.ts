import { type AlertData, isoTime, printJson } from '@falc/engine'
import { type Answer, answerOf, type Failure, statusFailure } from '../model/answer.ts'
import { defineTransport, type Item, type OptionTable } from '../model/transport.ts'
import { basic, HTTP_OPTIONS, type HttpAnswer, HttpClient, httpUrl, isFailure, strange } from '../net/http-client.ts'
import { confined } from '../text/confined.ts'

const OUTPUT = 'elasticsearch output'

const SEARCH_OPTIONS = {
  url: { kind: 'url', required: true, doc: 'Address of the cluster.', example: 'https://elasticsearch.example:9200' },
  index: {
    kind: 'template',
    default: 'falco',
    doc: 'Index or data stream. It must begin with literal text; values of fields are reduced to lower-case letters, digits, `-` and `_`.',
  },
  suffix: {
    kind: 'choice',
    choices: ['daily', 'monthly', 'annually', 'none'],
    default: 'daily',
    doc: 'Date after the name of the index, from the time of the alert in UTC: `-2026.11.24`, `-2026.11`, `-2026`. A data stream needs `none`.',
  },
  layout: {
    kind: 'choice',
    choices: ['document', 'message'],
    default: 'document',
    doc: 'The alert as the document, or as text in its field `message`, which Elastic’s Falco integration reads.',
  },
  pipeline: { kind: 'text', doc: 'Ingest pipeline.' },
  username: { kind: 'text', doc: 'User name.' },
  password: { kind: 'secret', doc: 'Password.' },
  api_key: { kind: 'secret', doc: 'API key, encoded as Elasticsearch shows it, instead of user name and password.' },
  headers: { kind: 'map', secret: true, doc: 'Headers of each request.' },
  compress: { kind: 'boolean', default: true, doc: 'Compress requests with gzip.' },
  ...HTTP_OPTIONS,
} as const satisfies OptionTable

/** Only what is read of an answer, which otherwise repeats each document's index and ID. */
const FILTER = 'errors,items.*.status,items.*.error.type,items.*.error.reason'

/** Elasticsearch and OpenSearch: `_bulk`. */
export const elasticsearch = defineTransport({
  type: 'elasticsearch',
  title: 'Elasticsearch and OpenSearch',
  doc: `Alerts in requests to \`_bulk\`, each as \`create\` with the alert's ID as \`_id\`: an alert that is sent twice is stored once. \`@timestamp\` is
the time of the alert.

For Elastic's [Falco integration](https://www.elastic.co/docs/reference/integrations/falco), which brings mapping and dashboards, set
\`index: logs-falco.alerts-default\`, \`suffix: none\` and \`layout: message\`.

Each alert has its own status: 409 means already stored; 429 and 5xx are retried; after 403 and 404, alerts stay queued until the
configuration is fixed; any other 4xx (a mapping conflict) drops the alert. A request that is rejected as too large is resent in parts.`,
  options: SEARCH_OPTIONS,
  batch: { items: 1000, bytes: 4 << 20 },
  linger: 500,
  ordered: 'all',
  async open(options, { template }) {
    const { username, password, api_key, headers = {}, compress, layout } = options
    const address = httpUrl(options.url, OUTPUT)
    address.pathname = `${address.pathname.replace(/\/$/, '')}/_bulk`
    address.searchParams.set('filter_path', FILTER)
    if (options.pipeline !== undefined) address.searchParams.set('pipeline', options.pipeline)
    const index = confined(options.index, OUTPUT, 'index', template)
    const suffix = SUFFIXES[options.suffix] ?? 0
    const authorization = api_key !== undefined ? `ApiKey ${api_key}` : basic(username, password)
    const secrets = [authorization, password, api_key, ...Object.values(headers)]
    const client = HttpClient.of(options, { output: OUTPUT, maxAnswer: 16 << 20, secrets })
    const all = { 'content-type': 'application/x-ndjson', ...(authorization && { authorization }), ...headers }
    return {
      async send(items, signal) {
        const body = items.map(item => action(item, index, suffix) + document(item, layout)).join('')
        const answer = await client.request({ url: address, headers: all, body, gzip: compress }, signal)
        if (isFailure(answer)) return { delivered: 0, failure: answer }
        return answer.failure ? { delivered: 0, failure: answer.failure } : read(answer, items.length, client)
      },
      close: async () => client.close(),
    }
  },
})

/** Characters of an ISO date that a suffix has. */
const SUFFIXES: Readonly<Record<string, number>> = { daily: 10, monthly: 7, annually: 4 }

function action({ id, alert }: Item, index: (alert: AlertData) => string, suffix: number): string {
  const date = suffix === 0 ? '' : `-${isoTime(alert.time).slice(0, suffix).replaceAll('-', '.')}`
  return `{"create":{"_index":${printJson(index(alert).toLowerCase() + date)},"_id":"${id}"}}\n`
}

/** The alert stays the text that it is, so that its integers stay exact. */
function document({ alert, body, contentType }: Item, layout: string): string {
  const time = `"@timestamp":"${isoTime(alert.time)}"`
  if (layout === 'message' || !/[/+]json\b/.test(contentType) || !body.startsWith('{'))
    return `{${time},"message":${printJson(body)}}\n`
  if (body.includes('"@timestamp":')) return `${body}\n`
  return `{${time}${body === '{}' ? '' : ','}${body.slice(1)}\n`
}

interface BulkAnswer {
  readonly errors: boolean
  readonly items?: readonly Readonly<Record<string, Outcome>>[]
}

type Outcome = { readonly status: number; readonly error?: { readonly type?: string; readonly reason?: string } }

/** The result of each document; undefined: not an answer of `_bulk`. */
function outcomesIn(body: string): readonly Outcome[] | 'all' | undefined {
  try {
    const { errors, items } = JSON.parse(body) as BulkAnswer
    return errors === false ? 'all' : items?.map(item => Object.values(item)[0] ?? { status: 500 })
  } catch {
    return undefined
  }
}

function read(answer: HttpAnswer, count: number, client: HttpClient): Answer {
  const outcomes = outcomesIn(answer.body)
  if (outcomes === 'all') return { delivered: count }
  if (outcomes?.length !== count) return { delivered: 0, failure: strange(answer) }
  return answerOf(
    outcomes.map(({ status, error }): Failure | undefined => {
      if (status === 409) return undefined
      return statusFailure(status, answer.server, undefined, client.excerpt(`${error?.type}: ${error?.reason}`))
    }),
  )
}
