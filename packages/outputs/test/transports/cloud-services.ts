/** What the services of Google and Azure require of a request, according to their documentation. */
import { createHmac, createPublicKey, createVerify, generateKeyPairSync } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  any,
  flag,
  kindOf,
  list,
  map,
  matching,
  object,
  oneOf,
  type Reply,
  type Request,
  refuse,
  text,
} from './stand-in.ts'

const dir = mkdtempSync(join(tmpdir(), 'falc-google-'))
process.on('exit', () => rmSync(dir, { recursive: true, force: true }))

const { privateKey, publicKey } = generateKeyPairSync('rsa', {
  modulusLength: 2048,
  privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  publicKeyEncoding: { type: 'spki', format: 'pem' },
})

/** The key file of a service account. */
export function keyFile(tokenUri: string): string {
  const path = join(dir, `${tokenUri.replace(/\W+/g, '-')}.json`)
  const account = {
    type: 'service_account',
    project_id: 'my-project',
    private_key_id: 'key-1',
    private_key: privateKey,
    client_email: 'falc@my-project.iam.gserviceaccount.com',
    token_uri: tokenUri,
  }
  writeFileSync(path, JSON.stringify(account))
  return path
}

export const TOKEN = 'ya29.a0AfB_byC'

const claims = object({
  iss: oneOf('falc@my-project.iam.gserviceaccount.com'),
  scope: oneOf('https://www.googleapis.com/auth/cloud-platform'),
  aud: text(),
  iat: any,
  exp: any,
})

/** Google's token endpoint: exchanges a signed assertion for a token. */
function grantToken(request: Request): Reply {
  const form = new URLSearchParams(request.body.toString())
  if (form.get('grant_type') !== 'urn:ietf:params:oauth:grant-type:jwt-bearer')
    refuse(400, '{"error":"unsupported_grant_type"}')
  const [head, body, signature] = (form.get('assertion') ?? '').split('.')
  const decode = (part: string) => JSON.parse(Buffer.from(part, 'base64url').toString())
  object({ alg: oneOf('RS256'), typ: oneOf('JWT'), kid: oneOf('key-1') })(decode(head!))
  const genuine = createVerify('RSA-SHA256')
    .update(`${head}.${body}`)
    .verify(createPublicKey(publicKey), signature!, 'base64url')
  if (!genuine) refuse(400, '{"error":"invalid_grant","error_description":"Invalid JWT Signature."}')
  const claimed = decode(body!)
  claims(claimed)
  const now = Date.now() / 1000
  if (
    claimed.aud !== request.url.href ||
    claimed.iat > now + 60 ||
    claimed.exp <= now ||
    claimed.exp > claimed.iat + 3600
  )
    refuse(400, '{"error":"invalid_grant"}')
  return { status: 200, body: JSON.stringify({ access_token: TOKEN, expires_in: 3599, token_type: 'Bearer' }) }
}

const isToken = ({ url }: Request) => url.pathname === '/token'

function expectToken({ headers }: Request): void {
  if (headers.authorization !== `Bearer ${TOKEN}`) refuse(401, '{"error":{"code":401,"status":"UNAUTHENTICATED"}}')
}

const RFC3339 = matching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{1,9}Z$/)

const SEVERITIES = ['DEFAULT', 'DEBUG', 'INFO', 'NOTICE', 'WARNING', 'ERROR', 'CRITICAL', 'ALERT', 'EMERGENCY']

const writeRequest = object({
  logName: matching(/^projects\/[a-z][-a-z0-9]{4,28}[a-z0-9]\/logs\/[\w.%-]{1,511}$/),
  resource: object({ type: text(), labels: map(text()) }),
  partialSuccess: flag,
  entries: list(
    (entry, path = '') => {
      object({
        severity: oneOf(...SEVERITIES),
        timestamp: RFC3339,
        insertId: text(512),
        labels: map(text(64 << 10), 64),
        'jsonPayload?': map(any),
        'textPayload?': text(),
      })(entry, path)
      if ('jsonPayload' in entry === 'textPayload' in entry) refuse(400, `${path}: one payload`)
      if (JSON.stringify(entry).length > 256 << 10)
        refuse(400, `${path}: Log entry with size exceeds maximum size of 256.0K`)
    },
    1000,
    1,
  ),
})

const attributes = map((value, path = '') => {
  text(1024)(value, path)
  if (Buffer.byteLength(value) > 1024) refuse(400, `${path}: longer than 1024 bytes`)
}, 100)

const publishRequest = object({
  messages: list(object({ data: matching(/^[A-Za-z0-9+/]+=*$/), attributes, 'orderingKey?': text(1024) }), 1000, 1),
})

export const SAS_KEY = 'c2hhcmVkIGFjY2VzcyBrZXkgb2YgYSB0ZXN0'

/** Checks a shared access signature as Azure documents it. */
function expectSas({ headers, url }: Request): void {
  const [scheme, query] = (headers.authorization ?? '').split(' ')
  const { sr, sig, se, skn } = Object.fromEntries(new URLSearchParams((query ?? '').replaceAll('+', '%2B')))
  if (scheme !== 'SharedAccessSignature' || skn !== 'send') refuse(401, 'MalformedToken')
  const expected = createHmac('sha256', SAS_KEY)
    .update(`${encodeURIComponent(sr!)}\n${se}`)
    .digest('base64')
  if (sig !== expected || Number(se) < Date.now() / 1000) refuse(401, 'InvalidSignature')
  if (new URL(sr!).pathname !== '/falco' || new URL(sr!).host !== url.host) refuse(401, 'InvalidAudience')
}

const eventBatch = list(object({ Body: text(), UserProperties: map(text()) }), 1000, 1)

export const CLOUD_SERVICES = {
  googleLogging: kindOf({
    type: 'google_logging',
    title: 'Google Cloud Logging',
    options: url => ({ url, project: 'my-project', credentials: keyFile(`${url}/token`) }),
    aside: isToken,
    take(request, received) {
      if (isToken(request)) return grantToken(request)
      expectToken(request)
      if (request.url.pathname !== '/v2/entries:write') refuse(404, 'not found')
      if (request.body.length > 10 << 20) refuse(400, 'request too large')
      const write = request.json()
      writeRequest(write)
      const known = new Set(received.map(({ id }) => id))
      for (const { insertId, jsonPayload } of write.entries)
        if (!known.has(insertId)) received.push({ id: insertId, alert: jsonPayload })
      return { status: 200, body: '{}' }
    },
  }),
  googlePubsub: kindOf({
    type: 'google_pubsub',
    title: 'Google Pub/Sub',
    options: url => ({ url, project: 'my-project', topic: 'falco', credentials: keyFile(`${url}/token`) }),
    aside: isToken,
    take(request, received) {
      if (isToken(request)) return grantToken(request)
      expectToken(request)
      if (request.url.pathname !== '/v1/projects/my-project/topics/falco:publish') refuse(404, 'not found')
      if (request.body.length > 10 << 20) refuse(400, 'request too large')
      const publish = request.json()
      publishRequest(publish)
      for (const message of publish.messages)
        received.push({ id: message.attributes.id, alert: JSON.parse(Buffer.from(message.data, 'base64').toString()) })
      const messageIds = publish.messages.map((_: unknown, i: number) => String(received.length + i))
      return { status: 200, body: JSON.stringify({ messageIds }) }
    },
  }),
  eventHubs: kindOf({
    type: 'event_hubs',
    title: 'Azure Event Hubs',
    options: url => ({
      connection_string: `Endpoint=${url.replace('http:', 'sb:')}/;SharedAccessKeyName=send;SharedAccessKey=${SAS_KEY};EntityPath=falco;UseDevelopmentEmulator=true`,
    }),
    take(request, received) {
      expectSas(request)
      if (request.url.pathname !== '/falco/messages') refuse(404, 'not found')
      if (request.headers['content-type'] !== 'application/vnd.microsoft.servicebus.json') refuse(400, 'content type')
      const events = request.json()
      eventBatch(events)
      const size = events.reduce((sum: number, { Body }: { Body: string }) => sum + Buffer.byteLength(Body), 0)
      if (size > 256 << 10) refuse(413, 'The message exceeds the maximum size')
      for (const event of events) received.push({ id: event.UserProperties.id, alert: JSON.parse(event.Body) })
      return { status: 201 }
    },
  }),
} as const
