/** Who may ask the console for what. */
import { request as httpRequest } from 'node:http'
import { alertJson } from '@falc/engine'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Console, newToken, parseTokens, type Scope } from '../src/index.ts'
import { ROUTES } from '../src/routes.ts'
import { alert, ask, begin, post, start } from './start.ts'

describe('who may do what', () => {
  const made = {
    reader: newToken('reader', ['read']),
    sender: newToken('sender', ['ingest']),
    both: newToken('both', ['read', 'ingest']),
  }
  const tokens = parseTokens(
    `# comment\n\n${Object.values(made)
      .map(({ line }) => line)
      .join('\n')}\n`,
  )
  const may: Record<keyof typeof made, readonly Scope[]> = {
    reader: ['read'],
    sender: ['ingest'],
    both: ['read', 'ingest'],
  }

  let shared: Awaited<ReturnType<typeof begin>>
  beforeAll(async () => {
    shared = await begin({ tokens })
  })
  afterAll(() => shared.end())

  test('routes × tokens', async () => {
    const { console } = shared
    for (const route of ROUTES) {
      const path = route.path.replace('{id}', 'ffff').replace('stream', 'stream?after=x')
      const init = (headers: Record<string, string>) => ({
        method: route.method,
        headers,
        ...(route.method === 'POST' && { body: '{' }),
      })
      const statusFor = async (headers: Record<string, string>) => (await ask(console, path, init(headers))).status
      expect(await statusFor({}), path).toBe(401)
      for (const [name, { token }] of Object.entries(made)) {
        const status = await statusFor({ authorization: `Bearer ${token}` })
        if (may[name as keyof typeof made].includes(route.scope))
          expect([200, 400, 404], `${name} ${path}`).toContain(status)
        else expect(status, `${name} ${path}`).toBe(403)
      }
    }
  })

  test('an open door takes alerts without a token, and shows nothing', async () => {
    const console = await start({ tokens, openDoor: true })
    expect((await ask(console, '/', post(alertJson(alert(1))))).status).toBe(200)
    expect((await ask(console, '/api/v1/alerts')).status).toBe(401)
  })

  test('a session of a browser begins with a token and ends', async () => {
    const { console } = shared
    const begun = await ask(console, '/api/v1/session', post('', { authorization: `Bearer ${made.reader.token}` }))
    const set = begun.headers.get('set-cookie')!
    expect(set).toMatch(/^falc_session=[\w-]{43}; HttpOnly; SameSite=Strict; Path=\/; Max-Age=43200$/)
    const cookie = set.split(';')[0]!
    expect((await ask(console, '/api/v1/alerts', { headers: { cookie } })).status).toBe(200)
    expect((await ask(console, '/api/v1/session', { headers: { cookie } })).json).toEqual({
      ...{ name: 'reader', scopes: ['read'], methods: ['token'] },
    })
    expect((await ask(console, '/api/v1/session')).status).toBe(401)
    expect((await ask(console, '/', { ...post('{'), headers: { cookie } })).status).toBe(403)
    await ask(console, '/api/v1/session', { method: 'DELETE', headers: { cookie } })
    expect((await ask(console, '/api/v1/alerts', { headers: { cookie } })).status).toBe(401)
    expect((await ask(console, '/api/v1/session', post(''))).status).toBe(401)
  })

  test('guessing is slowed down', async () => {
    const { console } = shared
    const guess = async (token: string) =>
      (await ask(console, '/api/v1/alerts', { headers: { authorization: `Bearer ${token}` } })).status
    for (let i = 0; i < 10; i++) expect(await guess(`guess${i}`)).toBe(401)
    expect(await guess('guess')).toBe(429)
    expect(await guess(made.reader.token)).toBe(429)
  })

  test('a token is not in its file', () => {
    expect(made.reader.line).not.toContain(made.reader.token.slice(5))
    expect(() => parseTokens('name read abc')).toThrow('line 1')
    expect(() => parseTokens(`\nname write ${'0'.repeat(64)}`)).toThrow('line 2')
  })

  test('an address that others can reach needs tokens', () => {
    expect(() => new Console({ path: 'x.db', host: '0.0.0.0' })).toThrow('that needs tokens')
  })
})

describe('a page of another site', () => {
  /** With the headers that fetch would not let us set. */
  function status(console: Console, headers: Record<string, string>, method = 'GET'): Promise<number> {
    return new Promise((resolve, reject) => {
      const request = httpRequest(new URL('/api/v1/alerts', console.url), { method, headers }, response => {
        response.resume()
        resolve(response.statusCode!)
      })
      request.on('error', reject).end()
    })
  }
  test('cannot read or write, nor give its name this machine’s address', async () => {
    const console = await start()
    const host = new URL(console.url).host
    expect(await status(console, { host })).toBe(200)
    expect(await status(console, { host, origin: `http://${host}` })).toBe(200)
    expect(await status(console, { host: host.replace('127.0.0.1', 'localhost') })).toBe(200)
    expect(await status(console, { host, origin: 'https://evil.example' })).toBe(403)
    expect(await status(console, { host, origin: 'null' })).toBe(403)
    expect(await status(console, { host, 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'no-cors' })).toBe(403)
    expect(await status(console, { host: 'evil.example' })).toBe(403)
    expect(await status(console, { host }, 'DELETE')).toBe(405)
  })
})
