/** User-defined endpoints: webhook and CloudEvents. */
import { createHmac, timingSafeEqual } from 'node:crypto'
import { any, kindOf, list, matching, object, oneOf, type Request, refuse, text } from './stand-in.ts'

export const SIGNING_KEY = Buffer.from('0123456789abcdef01234567')

/** Checks a signature as the specification of Standard Webhooks says, independently of the transport. */
export function verify({ headers, body }: Request, key: Buffer): void {
  const {
    'webhook-id': id,
    'webhook-timestamp': time,
    'webhook-signature': signatures,
  } = headers as Record<string, string>
  if (Math.abs(Date.now() / 1000 - Number(time)) > 300) refuse(401, 'message timestamp too old or too new')
  const expected = createHmac('sha256', key)
    .update(Buffer.concat([Buffer.from(`${id}.${time}.`), body]))
    .digest()
  const genuine = (signatures ?? '').split(' ').some(signature => {
    const [version, value = ''] = signature.split(',')
    const given = Buffer.from(value, 'base64')
    return version === 'v1' && given.length === expected.length && timingSafeEqual(given, expected)
  })
  if (!genuine) refuse(401, 'no matching signature found')
}

const ATTRIBUTES = {
  specversion: oneOf('1.0'),
  id: matching(/^[0-9a-f]{32}$/),
  source: text(),
  type: oneOf('falco.rule.output.v1'),
  time: matching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z$/),
  'priority?': text(),
  'rule?': text(),
  'eventsource?': text(),
  'hostname?': text(),
}

/** The attributes in `ce-` headers, decoded. */
function binaryAttributes(headers: Request['headers']): Record<string, string> {
  const pairs = Object.entries(headers).filter(([name]) => name.startsWith('ce-'))
  for (const [name, value] of pairs)
    if (/[^\u0021\u0023-\u007e]/.test(value as string))
      refuse(400, `${name} has characters that must be percent-encoded`)
  return Object.fromEntries(pairs.map(([name, value]) => [name.slice(3), decodeURIComponent(value as string)]))
}

export const HOOKS = {
  webhook: kindOf({
    type: 'webhook',
    title: 'Webhook, signed',
    options: url => ({ url: `${url}/hook`, signing_secret: `whsec_${SIGNING_KEY.toString('base64')}` }),
    take(request, received) {
      verify(request, SIGNING_KEY)
      received.push({ id: request.headers['idempotency-key'] as string, alert: request.json() })
      return { status: 204 }
    },
  }),
  cloudevents: kindOf({
    type: 'cloudevents',
    title: 'CloudEvents, binary',
    options: url => ({ url: `${url}/events` }),
    take(request, received) {
      const attributes = binaryAttributes(request.headers)
      object(ATTRIBUTES)(attributes)
      received.push({ id: attributes.id!, alert: request.json() })
      return { status: 202 }
    },
  }),
  cloudeventsBatch: kindOf({
    type: 'cloudevents',
    title: 'CloudEvents, batch',
    options: url => ({ url: `${url}/events`, mode: 'batch' }),
    take(request, received) {
      if (request.headers['content-type'] !== 'application/cloudevents-batch+json')
        refuse(415, 'unsupported media type')
      const events = request.json()
      list(object({ ...ATTRIBUTES, datacontenttype: text(), data: any }))(events)
      for (const event of events) received.push({ id: event.id, alert: event.data })
      return { status: 200 }
    },
  }),
} as const
