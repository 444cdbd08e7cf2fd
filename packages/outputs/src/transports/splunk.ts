import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { printJson } from '@falc/engine'
import { type Answer, answerOf, type Failure, type FailureClass } from '../model/answer.ts'
import { defineTransport, type Item } from '../model/transport.ts'
import { HTTP_OPTIONS, type HttpAnswer, HttpClient, httpUrl, isFailure } from '../net/http-client.ts'
import { fieldText } from '../text/alert-fields.ts'
import { Limits } from '../text/limits.ts'

const OUTPUT = 'splunk output'

/** The meaning of the HTTP Event Collector's codes, where the status does not suffice. */
const CODES: Readonly<Record<number, FailureClass>> = {
  ...{ 1: 'misconfigured', 2: 'misconfigured', 3: 'misconfigured', 4: 'misconfigured', 7: 'misconfigured' },
  ...{ 10: 'misconfigured', 11: 'misconfigured', 14: 'misconfigured', 16: 'misconfigured' },
  ...{ 5: 'poison', 6: 'poison', 12: 'poison', 13: 'poison', 15: 'poison' },
  ...{ 8: 'later', 9: 'later', 18: 'later' },
}

/** Milliseconds between two questions whether alerts are indexed. */
const ACK_EVERY = 500

/** Alerts whose number in the batch the collector could not read are sent again without it. */
const UNTOUCHED: Failure = {
  class: 'later',
  cause: 'http_400',
  message: `${OUTPUT}: sent together with an alert that was refused`,
  after: 0,
}

export const splunk = defineTransport({
  type: 'splunk',
  title: 'Splunk HTTP Event Collector',
  doc: `Alerts as events in requests to \`/services/collector/event\`, with the alert's time and host, and its ID, rule and priority as indexed fields.

200 with code 0 means delivered. With \`ack\`, an alert counts as delivered once Splunk has indexed it; the token must have indexer
acknowledgement enabled. After codes about the token or the index, alerts stay queued. Codes 6, 12, 13 and 15 drop the alert that they name;
503 with code 9 is retried.`,
  options: {
    url: { kind: 'url', required: true, doc: 'Address of the collector.', example: 'https://splunk.example:8088' },
    token: {
      kind: 'secret',
      required: true,
      doc: 'Token of the collector.',
      example: '11111111-2222-3333-4444-555555555555',
    },
    index: { kind: 'text', doc: 'Index. Default: the token’s.', example: 'security' },
    source: { kind: 'text', default: 'falc', doc: 'Splunk’s `source`.' },
    sourcetype: { kind: 'text', default: 'falco:alert', doc: 'Splunk’s `sourcetype`.' },
    ack: { kind: 'boolean', default: false, doc: 'Wait until alerts are indexed.' },
    headers: { kind: 'map', secret: true, doc: 'Headers of each request.' },
    compress: { kind: 'boolean', default: true, doc: 'Compress requests with gzip.' },
    ...HTTP_OPTIONS,
  },
  batch: { items: 500, bytes: 700 << 10 },
  linger: 500,
  deadline: 60_000,
  ordered: 'all',
  async open(options, { hostname, note }) {
    const { url, token, index, source, sourcetype, ack, headers: own = {}, compress } = options
    const base = httpUrl(url, OUTPUT)
    const channel = randomUUID()
    const headers = {
      'content-type': 'application/json',
      authorization: `Splunk ${token}`,
      ...(ack && { 'x-splunk-request-channel': channel }),
      ...own,
    }
    const client = HttpClient.of(options, { output: OUTPUT, secrets: [token, ...Object.values(own)] })
    const limits = new Limits(text => note(`${OUTPUT}: ${text}`))
    const post = (path: string, body: string, signal: AbortSignal, gzip = compress) =>
      client.request({ url: new URL(path, base), headers, body, gzip, accepts }, signal)

    const event = ({ id, alert, body, contentType }: Item): string => {
      const [seconds, rest] = [alert.time / 1_000_000_000n, alert.time % 1_000_000_000n]
      const fields = { alert_id: id, priority: alert.priority, rule: limits.cut(fieldText(alert.rule), 512, 'rules') }
      const rest_ = {
        host: limits.cut(fieldText(alert.hostname ?? hostname), 255, 'hosts'),
        ...{ source, sourcetype, ...(index !== undefined && { index }), fields },
      }
      const content = /[/+]json\b/.test(contentType) ? body : printJson(body)
      return `{"time":${seconds}.${String(rest).padStart(9, '0')},"event":${content},${printJson(rest_).slice(1)}`
    }

    /** Asks until everything of a request is indexed. */
    const indexed = async (ackId: number, server: string, signal: AbortSignal): Promise<Failure | undefined> => {
      for (;;) {
        const path = `/services/collector/ack?channel=${channel}`
        const answer = await post(path, JSON.stringify({ acks: [ackId] }), signal, false)
        if (isFailure(answer)) return answer
        if (answer.failure) return failureOfCode(answer)
        if (parse(answer.body).acks?.[ackId] === true) return undefined
        await sleep(ACK_EVERY, undefined, { signal }).catch(() => {})
        if (signal.aborted)
          return { class: 'later', cause: 'timeout', message: `${server} has not indexed the alerts in time` }
      }
    }

    return {
      async send(items, signal) {
        const answer = await post('/services/collector/event', items.map(event).join('\n'), signal)
        if (isFailure(answer)) return { delivered: 0, failure: answer }
        if (answer.failure) return refused(answer, items.length)
        const { ackId } = parse(answer.body)
        const failure = ack ? await indexed(ackId ?? -1, answer.server, signal) : undefined
        return failure ? { delivered: 0, failure } : { delivered: items.length }
      },
      close: async () => client.close(),
    }
  },
})

/** The response to events has a code, the one to a query about them does not. */
function accepts({ body }: { readonly body: string }): boolean {
  const { code, acks } = parse(body)
  return code === 0 || acks !== undefined
}

interface HecAnswer {
  readonly code?: number
  readonly ackId?: number
  readonly acks?: Readonly<Record<string, boolean>>
  readonly 'invalid-event-number'?: number
}

function parse(body: string): HecAnswer {
  try {
    return JSON.parse(body) ?? {}
  } catch {
    return {}
  }
}

function failureOfCode(answer: HttpAnswer): Failure {
  const kind = CODES[parse(answer.body).code ?? -1]
  return { ...answer.failure!, ...(kind && { class: kind }) }
}

/** The collector names the event that it could not read. */
function refused(answer: HttpAnswer, count: number): Answer {
  const failure = failureOfCode(answer)
  const number = parse(answer.body)['invalid-event-number']
  if (failure.class !== 'poison' || number === undefined || number < 0 || number >= count)
    return { delivered: 0, failure }
  return answerOf(Array.from({ length: count }, (_, i) => (i === number ? failure : UNTOUCHED)))
}
