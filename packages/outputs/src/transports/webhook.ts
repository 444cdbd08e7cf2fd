import { createHmac } from 'node:crypto'
import { OutputError } from '../model/output.ts'
import { defineTransport, type Item, type OptionTable } from '../model/transport.ts'
import { HTTP_OPTIONS, HttpClient, httpUrl } from '../net/http-client.ts'
import { inFlight } from '../net/in-flight.ts'

const OUTPUT = 'webhook output'

/** Options of every user-defined endpoint. */
export const ENDPOINT_OPTIONS = {
  url: {
    kind: 'url',
    required: true,
    secret: true,
    doc: 'Where alerts are sent. It is fixed: no part of it can come from an alert.',
    example: 'https://hooks.example/falc',
  },
  headers: {
    kind: 'map',
    secret: true,
    doc: 'Headers of each request, such as `Authorization`.',
  },
  requests: {
    kind: 'integer',
    default: 4,
    min: 1,
    max: 64,
    doc: 'Concurrent requests. With 1, alerts arrive in order.',
  },
  ...HTTP_OPTIONS,
} as const satisfies OptionTable

/** One request per alert to a user-defined endpoint. */
export const webhook = defineTransport({
  type: 'webhook',
  title: 'Webhook',
  doc: `One request per alert, whose body is the alert in the output's format. \`Idempotency-Key\` is the alert's ID, the same for each
attempt. With \`signing_secret\`, requests are signed as [Standard Webhooks](https://www.standardwebhooks.com) describes:
\`webhook-id\`, \`webhook-timestamp\` and \`webhook-signature\`.

A status below 300 means delivered. 408, 425, 429 and 5xx are retried, 429 and 503 not before \`Retry-After\`. After 3xx, 401, 403, 404, 405
and 410, alerts stay queued until the configuration is fixed. Any other 4xx drops the alert.`,
  options: {
    ...ENDPOINT_OPTIONS,
    method: { kind: 'choice', choices: ['POST', 'PUT', 'PATCH'], default: 'POST', doc: 'The method of requests.' },
    compress: { kind: 'boolean', default: false, doc: 'Compress bodies with gzip.' },
    signing_secret: {
      kind: 'secret',
      doc: 'Base64 of the key that signs requests, with or without `whsec_` before it.',
      example: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw',
    },
  },
  batch: { items: 64 },
  ordered: false,
  async open(options) {
    const { url, headers = {}, method, requests, compress, signing_secret } = options
    const address = httpUrl(url, OUTPUT)
    const sign = signing_secret === undefined ? () => ({}) : signer(signing_secret)
    const client = HttpClient.of(options, { output: OUTPUT, sockets: requests, secrets: Object.values(headers) })
    const request = (item: Item) => ({
      url: address,
      method,
      headers: { 'content-type': item.contentType, ...headers, 'idempotency-key': item.id, ...sign(item) },
      body: item.body,
      gzip: compress,
    })
    return {
      send: (items, signal) => inFlight(items, requests, item => client.send(request(item), signal)),
      close: async () => client.close(),
    }
  },
})

/** Standard Webhooks: HMAC-SHA256 of ID, time and body, before compression. @throws {OutputError} */
function signer(secret: string): (item: Item) => Record<string, string> {
  const key = Buffer.from(secret.replace(/^whsec_/, ''), 'base64')
  if (key.length < 16)
    throw new OutputError(
      'signing_secret',
      `${OUTPUT}: signing_secret is not Base64 of 16 bytes or more`,
      'misconfigured',
    )
  return ({ id, body }) => {
    const time = Math.floor(Date.now() / 1000)
    const signature = createHmac('sha256', key).update(`${id}.${time}.${body}`).digest('base64')
    return { 'webhook-id': id, 'webhook-timestamp': String(time), 'webhook-signature': `v1,${signature}` }
  }
}
