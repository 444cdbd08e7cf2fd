import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer, type RequestListener, type Server } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import { type AddressInfo, connect } from 'node:net'
import { text } from 'node:stream/consumers'
import { gunzipSync } from 'node:zlib'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { eventually } from '../../../scripts/testing/wait.ts'
import { type Failure, retryAfter } from '../src/model/answer.ts'
import { type HttpAnswer, HttpClient, httpUrl, isFailure } from '../src/net/http-client.ts'
import { inFlight } from '../src/net/in-flight.ts'
import { readTls } from '../src/net/tls.ts'
import { cannotCertify, selfSigned } from './transports/peer.ts'

const servers: Server[] = []
const clients: HttpClient[] = []
afterEach(() => {
  for (const client of clients.splice(0)) client.close()
  for (const server of servers.splice(0)) {
    server.close()
    server.closeAllConnections()
  }
})

async function listen(server: Server): Promise<number> {
  servers.push(server)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return (server.address() as AddressInfo).port
}
const serve = async (listener: RequestListener) => `http://127.0.0.1:${await listen(createServer(listener))}`

function client(options: Partial<ConstructorParameters<typeof HttpClient>[0]> = {}): HttpClient {
  const made = new HttpClient({ output: 'chat', proxy: null, ...options })
  clients.push(made)
  return made
}
const forever = new AbortController().signal
const answer = (result: HttpAnswer | Failure): HttpAnswer => {
  if (isFailure(result)) throw new Error(result.message)
  return result
}

test.each([
  [200, undefined],
  [204, undefined],
  [301, 'misconfigured'],
  [400, 'poison'],
  [401, 'misconfigured'],
  [404, 'misconfigured'],
  [413, 'poison'],
  [429, 'later'],
  [500, 'later'],
  [503, 'later'],
])('%i means %s', async (status, meaning) => {
  const url = await serve((_, response) => response.writeHead(status, { 'Retry-After': '7', Location: '/x' }).end())
  const failure = await client().send({ url }, forever)
  expect(failure?.class).toBe(meaning)
  if (failure) expect(failure).toMatchObject({ cause: `http_${status}`, after: 7000 })
})

test.each([
  ['7', 7000],
  ['0.5', 500],
  ['Thu, 01 Jan 1970 00:00:09 GMT', 9000],
  // A failing server cannot ask for a retry without a pause.
  ['0', undefined],
  ['Wed, 31 Dec 1969 23:59:59 GMT', undefined],
  ['9'.repeat(400), undefined],
  ['soon', undefined],
])('Retry-After: %s', (header, ms) => {
  expect(retryAfter(header, 0)).toBe(ms)
})

test('sends method, headers, and a compressed body', async () => {
  let seen: unknown
  const url = await serve(async (request, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk)
    seen = {
      method: request.method,
      type: request.headers['content-type'],
      body: gunzipSync(Buffer.concat(chunks)).toString(),
    }
    response.end('{"ok":true}')
  })
  const result = await client().request(
    { url, method: 'PUT', headers: { 'Content-Type': 'a/b' }, body: 'hello', gzip: true },
    forever,
  )
  expect(answer(result)).toMatchObject({ status: 200, body: '{"ok":true}', cut: false })
  expect(seen).toEqual({ method: 'PUT', type: 'a/b', body: 'hello' })
})

test('reads a response up to a limit', async () => {
  const url = await serve((_, response) => response.end('x'.repeat(100_000)))
  expect(answer(await client({ maxAnswer: 1000 }).request({ url }, forever))).toMatchObject({
    body: 'x'.repeat(1000),
    cut: true,
  })
})

test('no message reveals the secrets of a URL or a header, even if the server echoes them', async () => {
  const url = await serve((request, response) =>
    response.writeHead(403).end(`no \u001b[31mservice at ${request.url} for\n${request.headers.authorization}`),
  )
  const made = client({ secrets: ['Bearer hunter22'] })
  const headers = { Authorization: 'Bearer hunter22' }
  const failure = await made.send({ url: `${url}/services/T0/B0/secretsecret?sig=abcdef`, headers }, forever)
  expect(failure!.message).toBe(`chat: ${new URL(url).host} answered 403: no [31mservice at /***?*** for ***`)
})

test('a connection that the server closed while idle is replaced without a failure', async () => {
  let requests = 0
  const used = new WeakSet<object>()
  const url = await serve(async (request, response) => {
    await text(request)
    // Like a server whose idle timeout expires while the request is on its way.
    if (used.has(request.socket)) return request.socket.resetAndDestroy()
    used.add(request.socket)
    requests++
    response.end()
  })
  const made = client()
  for (let i = 0; i < 3; i++) expect(await made.send({ url, body: 'a' }, forever)).toBeUndefined()
  expect(requests).toBe(3)
})

test('a server that never answers causes a timeout; closing ends the requests in flight', async () => {
  const url = await serve(() => {})
  const failure = await client().send({ url }, AbortSignal.timeout(20))
  expect(failure).toMatchObject({ class: 'later', cause: 'timeout' })
  const made = client()
  const pending = made.send({ url }, forever)
  made.close()
  expect(await pending).toMatchObject({ class: 'later' })
})

test('a signal aborts its own requests at any stage, and no others', async () => {
  let [asked, came] = [0, '']
  const url = await serve((request, response) => {
    asked++
    if (request.url === '/begun') response.write('half')
  })
  const made = client({ sockets: 4 })
  const [one, other] = [new AbortController(), new AbortController()]
  const pending = [made.send({ url }, one.signal), made.send({ url }, one.signal)]
  const begun = made.request({ url: `${url}/begun`, each: piece => void (came += piece) }, one.signal)
  const left = made.send({ url }, other.signal)
  await eventually(() => expect([asked, came]).toEqual([4, 'half']))
  one.abort(new Error('enough'))
  for (const failure of await Promise.all(pending)) expect(failure?.message).toContain('enough')
  expect(answer(await begun)).toMatchObject({ status: 200, cut: true })
  expect(await made.send({ url }, one.signal)).toMatchObject({ class: 'later' })
  expect(asked).toBe(4)
  other.abort()
  expect(await left).toMatchObject({ class: 'later' })
})

test.each([
  ['p%40ss', 'p@ss'],
  ['100%', '100%'],
])('the password %s of a URL is sent as %s', async (written, meant) => {
  const url = await serve((request, response) => response.end(request.headers.authorization))
  const { body } = answer(await client().request({ url: url.replace('//', `//me:${written}@`) }, forever))
  expect(body).toBe(`Basic ${btoa(`me:${meant}`)}`)
})

test('one client sends to several servers and paths', async () => {
  const paths: (string | undefined)[] = []
  const [one, other] = await Promise.all(
    ['one', 'other'].map(name => serve((request, response) => response.end(String(paths.push(name + request.url))))),
  )
  const made = client()
  const url = new URL(one!)
  for (const [base, path] of [
    [one, '/a'],
    [one, '/b'],
    [other, '/b?c=%20'],
    [one, '/a'],
  ] as const) {
    url.href = `${base}${path}`
    expect(await made.send({ url }, forever)).toBeUndefined()
  }
  expect(paths).toEqual(['one/a', 'one/b', 'other/b?c=%20', 'one/a'])
})

describe.skipIf(cannotCertify())('TLS and proxies', () => {
  let pem: { readonly cert: Buffer; readonly key: Buffer }
  beforeEach(() => {
    const { cert, key } = selfSigned()
    pem = { cert: readFileSync(cert), key: readFileSync(key) }
  })

  const serveTls = async () =>
    `https://localhost:${await listen(createTlsServer(pem, (_, response) => response.end('secure')))}/`

  /** A proxy that records its requests. */
  async function proxy(): Promise<{ url: string; asked: string[] }> {
    const asked: string[] = []
    const server = createServer((request, response) => {
      asked.push(`${request.method} ${request.url}`)
      response.end('proxied')
    })
    server.on('connect', (request, socket) => {
      asked.push(`CONNECT ${request.headers['proxy-authorization'] ?? ''}`)
      const [host, port] = request.url!.split(':')
      const target = connect(Number(port), host!, () => {
        socket.write('HTTP/1.1 200 OK\r\n\r\n')
        target.pipe(socket).pipe(target)
      })
      for (const end of [socket, target]) end.on('error', () => {})
    })
    return { url: `http://me:hunter22@127.0.0.1:${await listen(server)}`, asked }
  }

  test('a self-signed certificate is a misconfiguration, unless it is trusted or checks are off', async () => {
    const url = await serveTls()
    const failure = await client().send({ url }, forever)
    expect(failure).toMatchObject({ class: 'misconfigured', cause: 'DEPTH_ZERO_SELF_SIGNED_CERT' })
    const insecure = { rejectUnauthorized: false }
    expect(answer(await client({ tls: insecure }).request({ url }, forever)).body).toBe('secure')
    const trusting = { ca: pem.cert, rejectUnauthorized: true }
    expect(answer(await client({ tls: trusting }).request({ url }, forever)).body).toBe('secure')
  })

  test('a CA file that is missing is named in the error', () => {
    expect(() => readTls({ tls_ca: '/no/such.pem' }, 'chat')).toThrow(
      "chat: ENOENT: no such file or directory, open '/no/such.pem'",
    )
  })

  test('plain requests and tunnels go through the proxy', async () => {
    const { url, asked } = await proxy()
    const made = client({ proxy: url, tls: { ca: pem.cert, rejectUnauthorized: true } })
    const plain = await serve((_, response) => response.end('direct'))
    expect(answer(await made.request({ url: `${plain}/a` }, forever)).body).toBe('proxied')
    expect(answer(await made.request({ url: await serveTls() }, forever)).body).toBe('secure')
    expect(asked).toEqual([`POST ${plain}/a`, `CONNECT Basic ${btoa('me:hunter22')}`])
  })

  test('HTTP_PROXY and NO_PROXY are obeyed; HTTPS_PROXY does not apply to plain HTTP', async () => {
    const { url, asked } = await proxy()
    const plain = await serve((_, response) => response.end('direct'))
    const environment = async (env: Record<string, string>) => {
      for (const [name, value] of Object.entries(env)) vi.stubEnv(name, value)
      try {
        return answer(await client({ proxy: undefined }).request({ url: `${plain}/a` }, forever)).body
      } finally {
        vi.unstubAllEnvs()
      }
    }
    expect(await environment({ HTTP_PROXY: url })).toBe('proxied')
    expect(await environment({ HTTP_PROXY: url, NO_PROXY: '127.0.0.1' })).toBe('direct')
    expect(await environment({ HTTPS_PROXY: url })).toBe('direct')
    expect(asked).toEqual([`POST ${plain}/a`])
  })

  test('a proxy that is down or malformed is reported without its password', async () => {
    const closed = client({ proxy: 'http://me:hunter22@127.0.0.1:1' })
    for (const url of ['http://localhost/', 'https://localhost/']) {
      const failure = (await closed.send({ url }, forever))!
      expect(failure.class).toBe('later')
      expect(failure.message).not.toContain('hunter22')
    }
    expect(() => client({ proxy: 'me:hunter22@proxy' })).toThrow('chat: proxy must begin with http:// or https://')
  })
})

test('an error about a URL does not quote it', () => {
  expect(() => httpUrl('hooks.slack.com/secret', 'chat')).toThrow(/^chat: url is not a URL$/)
  expect(() => httpUrl('ftp://hooks/secret', 'chat', 'address')).toThrow(
    /^chat: address must begin with http:\/\/ or https:\/\/$/,
  )
})

test('several requests are in flight; after a failure that is not about an item, no more are started', async () => {
  const later: Failure = { class: 'later', cause: 'http_503', message: 'busy' }
  const poison: Failure = { class: 'poison', cause: 'http_400', message: 'no' }
  let open = 0
  let most = 0
  const begun: number[] = []
  const send = async (item: number) => {
    begun.push(item)
    most = Math.max(most, ++open)
    await new Promise(setImmediate)
    open--
    return item === 2 ? poison : item === 5 ? later : undefined
  }
  const result = await inFlight([0, 1, 2, 3, 4, 5, 6, 7, 8, 9], 3, send)
  expect(most).toBe(3)
  expect(begun.length).toBeLessThan(10)
  expect(result.delivered).toBe(2)
  expect(result.items![0]).toBe(poison)
  expect(result.items!.at(-1)).toBe(later)
})
