import { createHmac } from 'node:crypto'
import { printJson } from '@falc/engine'
import { OutputError } from '../model/output.ts'
import { defineTransport, type Item } from '../model/transport.ts'
import { HTTP_OPTIONS, HttpClient, httpUrl } from '../net/http-client.ts'
import { fieldText } from '../text/alert-fields.ts'
import { Limits } from '../text/limits.ts'

const OUTPUT = 'event_hubs output'

/** Seconds that a token holds, and before its end that it is replaced. */
const TOKEN = { lifetime: 3600, early: 300 }

/** Bytes of an event's body: 256 kB a batch in the basic tier, 1 MB otherwise. */
const MAX_EVENT = 200 << 10

export const eventHubs = defineTransport({
  type: 'event_hubs',
  title: 'Azure Event Hubs',
  doc: `Alerts as events, many per HTTPS request, with the ID, rule, priority and source as properties. For more alerts per second, use type \`kafka\`: Event
Hubs has a Kafka endpoint.

201 means delivered. 400 and 413 drop an alert: the batch is resent in parts until the alert is found. After 401, 403 and 404, alerts stay queued.`,
  options: {
    connection_string: {
      kind: 'secret',
      required: true,
      doc: 'Connection string of a policy that may send, with `EntityPath` unless `hub` is set.',
      example: 'Endpoint=sb://NAME.servicebus.windows.net/;SharedAccessKeyName=send;SharedAccessKey=…;EntityPath=falco',
    },
    hub: { kind: 'text', doc: 'Event hub. Default: `EntityPath` of the connection string.' },
    ...HTTP_OPTIONS,
  },
  batch: { items: 100, bytes: 200 << 10 },
  linger: 500,
  ordered: false,
  async open(options, { note }) {
    const { base, hub, keyName, key } = connection(options.connection_string, options.hub)
    const url = new URL(`/${encodeURIComponent(hub)}/messages`, base)
    url.searchParams.set('api-version', '2014-01')
    const client = HttpClient.of(options, { output: OUTPUT, secrets: [key] })
    const limits = new Limits(text => note(`${OUTPUT}: ${text}`))
    let token = ''
    let replaceAt = 0
    const authorization = () => {
      const now = Math.floor(Date.now() / 1000)
      if (now >= replaceAt) {
        token = sasToken(`${base.origin}/${hub}`, keyName, key, now + TOKEN.lifetime)
        replaceAt = now + TOKEN.lifetime - TOKEN.early
      }
      return token
    }
    const event = (item: Item) => ({
      Body: limits.body(item, MAX_EVENT),
      UserProperties: {
        ...{ id: item.id, priority: item.alert.priority, source: item.alert.source },
        rule: limits.cut(fieldText(item.alert.rule), 256, 'rules'),
      },
    })
    return {
      async send(items, signal) {
        const headers = { 'content-type': 'application/vnd.microsoft.servicebus.json', authorization: authorization() }
        const failure = await client.send({ url, headers, body: printJson(items.map(event)), accepts: created }, signal)
        if (failure?.cause === 'http_401') replaceAt = 0
        return failure ? { delivered: 0, failure } : { delivered: items.length }
      },
      close: async () => client.close(),
    }
  },
})

const created = ({ status }: { readonly status: number }) => status === 201

/** Azure's connection string. Messages do not quote it. @throws {OutputError} */
function connection(text: string, option: string | undefined) {
  const parts = new Map(
    text.split(';').map(part => {
      const at = part.indexOf('=')
      return [part.slice(0, at).trim().toLowerCase(), part.slice(at + 1).trim()] as const
    }),
  )
  const need = (name: string, value = parts.get(name.toLowerCase())): string => {
    if (value) return value
    throw new OutputError('connection_string', `${OUTPUT}: connection_string lacks ${name}`, 'misconfigured')
  }
  // Azure's emulator has no TLS.
  const scheme = parts.get('usedevelopmentemulator') === 'true' ? 'http' : 'https'
  return {
    base: httpUrl(need('Endpoint').replace(/^\w+:/, `${scheme}:`), OUTPUT, 'Endpoint of connection_string'),
    hub: need('EntityPath', option ?? parts.get('entitypath')),
    keyName: need('SharedAccessKeyName'),
    key: need('SharedAccessKey'),
  }
}

/** A shared access signature for a hub. @param expires seconds since 1970 */
function sasToken(resource: string, keyName: string, key: string, expires: number): string {
  const sr = encodeURIComponent(resource.toLowerCase())
  const signature = createHmac('sha256', key).update(`${sr}\n${expires}`).digest('base64')
  return `SharedAccessSignature sr=${sr}&sig=${encodeURIComponent(signature)}&se=${expires}&skn=${encodeURIComponent(keyName)}`
}
