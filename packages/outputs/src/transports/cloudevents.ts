import { cloudEvent, cloudEventAttributes } from '../formats/cloudevents.ts'
import { defineTransport, type Item } from '../model/transport.ts'
import { HttpClient, httpUrl } from '../net/http-client.ts'
import { inFlight } from '../net/in-flight.ts'
import { Limits } from '../text/limits.ts'
import { ENDPOINT_OPTIONS } from './webhook.ts'

const OUTPUT = 'cloudevents output'

/** CloudEvents over HTTP: each alert as one event. */
export const cloudevents = defineTransport({
  type: 'cloudevents',
  title: 'CloudEvents',
  doc: `Alerts as [CloudEvents](https://cloudevents.io) 1.0 of type \`falco.rule.output.v1\`, the alert's ID as \`id\`, its time as \`time\`, and the
extensions \`priority\`, \`rule\`, \`eventsource\` and \`hostname\`. The data is the alert in the output's format. In mode \`binary\`, one request per
alert with the attributes in \`ce-\` headers; in mode \`batch\`, many alerts per request as \`application/cloudevents-batch+json\`.

Responses are handled as for a webhook. A rejected batch is resent in parts.`,
  options: {
    ...ENDPOINT_OPTIONS,
    mode: { kind: 'choice', choices: ['binary', 'batch'], default: 'binary', doc: 'One event per request, or many.' },
    source: {
      kind: 'text',
      doc: 'The attribute `source`. Default: `/falc/` and the host name of the alert.',
      example: 'https://falco.org',
    },
  },
  batch: { items: 100, bytes: 1 << 20 },
  ordered: false,
  async open(options, { hostname, note }) {
    const { url, headers = {}, requests, mode } = options
    const address = httpUrl(url, OUTPUT)
    const client = HttpClient.of(options, { output: OUTPUT, sockets: requests, secrets: Object.values(headers) })
    const limits = new Limits(text => note(`${OUTPUT}: ${text}`))
    const cut = (text: string, limit: number) => limits.cut(text, limit, 'extensions')
    const attributes = ({ alert }: Item) => cloudEventAttributes(alert, { source: options.source, hostname, cut })
    const post = (type: string, more: Record<string, string>, body: string, signal: AbortSignal) =>
      client.send({ url: address, headers: { 'content-type': type, ...headers, ...more }, body }, signal)
    return {
      async send(items, signal) {
        if (mode === 'binary')
          return inFlight(items, requests, item =>
            post(item.contentType, binaryHeaders(attributes(item)), item.body, signal),
          )
        const events = items.map(item => cloudEvent(attributes(item), item.contentType, item.body))
        const failure = await post('application/cloudevents-batch+json', {}, `[${events.join(',')}]`, signal)
        return failure ? { delivered: 0, failure } : { delivered: items.length }
      },
      close: async () => client.close(),
    }
  },
})

type Attributes = Readonly<Record<string, string>>

/** The HTTP binding: what is not printable ASCII, blanks, quotes and percent signs are percent-encoded as UTF-8. */
function binaryHeaders(attributes: Attributes): Record<string, string> {
  return Object.fromEntries(
    Object.entries(attributes).map(([name, value]) => [
      `ce-${name}`,
      value.toWellFormed().replace(/[^\u0021\u0023\u0024\u0026-\u007e]/gu, percent),
    ]),
  )
}

const percent = (character: string): string =>
  [...Buffer.from(character)].map(byte => `%${byte.toString(16).toUpperCase().padStart(2, '0')}`).join('')
