/** Signing in with an identity provider that is strict, or lies. */
import { createHash, createSign, generateKeyPairSync, type KeyObject, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { afterAll, beforeAll, expect, onTestFinished, test, vi } from 'vitest'
import { Provider } from '../src/auth/oidc.ts'
import { ask, begin } from './start.ts'

const [own, other] = [1, 2].map(() => generateKeyPairSync('rsa', { modulusLength: 2048 }))
const base64 = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')

function signed(claims: object, key: KeyObject, alg = 'RS256'): string {
  const input = `${base64({ alg, kid: 'k', typ: 'JWT' })}.${base64(claims)}`
  const signature = alg === 'none' ? '' : createSign('sha256').update(input).sign(key, 'base64url')
  return `${input}.${signature}`
}

/** Changes the claims, the key or the algorithm of an ID token; nothing by default. */
type Lie = (claims: Record<string, unknown>) => { claims?: object; key?: KeyObject; alg?: string }

/** It accepts what the protocol allows, and nothing else. */
class IdentityProvider {
  lie: Lie = () => ({})
  readonly refusals: string[] = []
  readonly #codes = new Map<string, URLSearchParams>()
  readonly #server: Server = createServer(async (request, response) => {
    const url = new URL(request.url!, this.issuer)
    const answer = async (): Promise<object | string> => {
      if (url.pathname === '/.well-known/openid-configuration') return this.#description()
      if (url.pathname === '/jwks')
        return { keys: [{ ...own!.publicKey.export({ format: 'jwk' }), kid: 'k', alg: 'RS256', use: 'sig' }] }
      if (url.pathname === '/authorize') return this.#authorize(url.searchParams)
      return this.#token(request.headers.authorization, new URLSearchParams(await text(request)))
    }
    try {
      const given = await answer()
      if (typeof given === 'string') response.writeHead(302, { location: given }).end()
      else response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(given))
    } catch (error) {
      this.refusals.push((error as Error).message)
      response.writeHead(400, { 'content-type': 'application/json' }).end('{"error":"invalid_request"}')
    }
  })

  async listen(): Promise<void> {
    this.#server.listen(0, '127.0.0.1')
    await once(this.#server, 'listening')
  }

  close(): void {
    this.#server.closeAllConnections()
    this.#server.close()
  }

  get issuer(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  #description(): object {
    const { issuer } = this
    return {
      ...{
        issuer,
        authorization_endpoint: `${issuer}/authorize`,
        token_endpoint: `${issuer}/token`,
        jwks_uri: `${issuer}/jwks`,
      },
      ...{ response_types_supported: ['code'], subject_types_supported: ['public'] },
      ...{ id_token_signing_alg_values_supported: ['RS256'], code_challenge_methods_supported: ['S256'] },
    }
  }

  #authorize(given: URLSearchParams): string {
    check(given.get('response_type') === 'code', 'response_type')
    check(given.get('client_id') === 'falc', 'client_id')
    check(given.get('redirect_uri') === REDIRECT, 'redirect_uri')
    check(given.get('scope')!.split(' ').includes('openid'), 'scope')
    check(given.get('code_challenge_method') === 'S256' && /^[\w-]{43}$/.test(given.get('code_challenge')!), 'PKCE')
    check(/^.{20,}$/.test(given.get('state')!) && /^.{20,}$/.test(given.get('nonce')!), 'state and nonce')
    const code = randomBytes(16).toString('hex')
    this.#codes.set(code, given)
    return `${REDIRECT}?code=${code}&state=${encodeURIComponent(given.get('state')!)}`
  }

  #token(authorization: string | undefined, body: URLSearchParams): object {
    check(authorization === `Basic ${Buffer.from('falc:secret').toString('base64')}`, 'client secret')
    check(body.get('grant_type') === 'authorization_code', 'grant_type')
    const given = this.#codes.get(body.get('code')!)
    check(given !== undefined, 'code')
    this.#codes.delete(body.get('code')!)
    check(body.get('redirect_uri') === REDIRECT, 'redirect_uri')
    const challenge = createHash('sha256').update(body.get('code_verifier')!).digest('base64url')
    check(challenge === given!.get('code_challenge'), 'code_verifier')
    const now = Math.floor(Date.now() / 1000)
    const truth = {
      ...{ iss: this.issuer, aud: 'falc', sub: '1', iat: now, exp: now + 300, nonce: given!.get('nonce') },
      ...{ preferred_username: 'ann', groups: ['soc'] },
    }
    const { claims, key = own!.privateKey, alg } = this.lie(truth)
    return { access_token: 'a', token_type: 'Bearer', id_token: signed(claims ?? truth, key, alg) }
  }
}

function check(holds: boolean, what: string): void {
  if (!holds) throw new Error(what)
}

const SESSION_MS = 600_000
const REDIRECT = 'http://127.0.0.1:1/api/v1/oidc/callback'
const provider = new IdentityProvider()
const notes: string[] = []
let shared: Awaited<ReturnType<typeof begin>>
beforeAll(async () => {
  await provider.listen()
  const { issuer } = provider
  shared = await begin({
    roles: [{ group: 'soc', scopes: ['read'] }],
    oidc: { issuer, clientId: 'falc', clientSecret: 'secret', redirectUri: REDIRECT, session: SESSION_MS },
    note: text => notes.push(text),
  })
})
afterAll(async () => {
  await shared.end()
  provider.close()
})

const go = (path: string, cookie = '') =>
  fetch(new URL(path, shared.console.url), { redirect: 'manual', headers: { cookie } })
const cookieOf = (response: Response) => response.headers.get('set-cookie')?.split(';')[0]

/** Begins a sign-in, up to the redirect from the provider. */
async function begun() {
  const login = await go('/api/v1/oidc/login')
  expect([login.status, login.headers.get('set-cookie')]).toEqual([
    302,
    expect.stringContaining('HttpOnly; SameSite=Lax'),
  ])
  const back = await fetch(login.headers.get('location')!, { redirect: 'manual' })
  const { pathname, search } = new URL(back.headers.get('location')!)
  return { cookie: cookieOf(login)!, path: pathname + search }
}

test('a sign-in grants the scopes of the role, for a limited time, and works once', async () => {
  provider.lie = () => ({})
  expect(await ask(shared.console, '/api/v1/session')).toMatchObject({
    status: 401,
    json: { methods: ['token', 'oidc'] },
  })
  const { cookie, path } = await begun()
  const back = await go(path, cookie)
  expect([back.status, back.headers.get('location')]).toEqual([302, 'http://127.0.0.1:1/'])
  expect(back.headers.get('set-cookie')).toMatch(/^falc_session=.*HttpOnly; SameSite=Strict/)
  const session = await go('/api/v1/session', cookieOf(back))
  expect(await session.json()).toMatchObject({ name: 'ann', scopes: ['read'] })
  // Groups may change at the provider, so the session ends, even if a browser keeps its cookie.
  expect(back.headers.get('set-cookie')).toContain(`Max-Age=${SESSION_MS / 1000}`)
  const now = performance.now()
  const clock = vi.spyOn(performance, 'now')
  onTestFinished(() => clock.mockRestore())
  for (const [ms, status] of [
    [SESSION_MS - 60_000, 200],
    [SESSION_MS + 60_000, 401],
  ] as const) {
    clock.mockReturnValue(now + ms)
    expect((await go('/api/v1/session', cookieOf(back))).status).toBe(status)
  }
  clock.mockRestore()
  // The same redirect is not accepted twice.
  expect((await go(path, cookie)).status).toBe(401)
  expect(provider.refusals).toEqual([])
})

test('a redirect is accepted only from the browser that began the sign-in, and only for that sign-in', async () => {
  provider.lie = () => ({})
  const [first, second] = [await begun(), await begun()]
  expect((await go(first.path)).status).toBe(401)
  expect((await go(first.path, second.cookie)).status).toBe(401)
  const mixed = first.path.replace(/state=.*/, /state=.*/.exec(second.path)![0])
  // The code of another sign-in: the provider sees that the verifier does not match.
  expect((await go(mixed, second.cookie)).status).toBe(401)
  expect(provider.refusals).toEqual(['code_verifier'])
})

test('a sign-in survives 2,000 later ones; a changed cookie and another process are refused', async () => {
  provider.lie = () => ({})
  const { issuer } = provider
  const options = { issuer, clientId: 'falc', clientSecret: 'secret', redirectUri: REDIRECT }
  const own = new Provider(options, text => notes.push(text))
  const { location, cookie } = await own.begin()
  for (let n = 0; n < 2000; n++) await own.begin()
  const back = await fetch(location, { redirect: 'manual' })
  const { search } = new URL(back.headers.get('location')!)
  // Another process cannot open the sealed cookie, and a changed one is refused.
  await expect(new Provider(options, () => {}).end(search, cookie)).rejects.toThrow('begin again')
  const changed = cookie.replace(/=(.)/, (_, first) => `=${first === 'A' ? 'B' : 'A'}`)
  await expect(own.end(search, changed)).rejects.toThrow('begin again')
  expect(await own.end(search, cookie)).toEqual({ name: 'ann', groups: ['soc'] })
})

const lies: Record<string, Lie> = {
  'another nonce': truth => ({ claims: { ...truth, nonce: 'x' } }),
  'another audience': truth => ({ claims: { ...truth, aud: 'else' } }),
  'another issuer': truth => ({ claims: { ...truth, iss: 'http://127.0.0.1:1' } }),
  'an expiry in the past': truth => ({ claims: { ...truth, exp: 1000 } }),
  'another key': () => ({ key: other!.privateKey }),
  'no signature': () => ({ alg: 'none' }),
}
test.each(Object.keys(lies))('an ID token with %s is refused', async lie => {
  provider.lie = lies[lie]!
  const { cookie, path } = await begun()
  const back = await go(path, cookie)
  expect([back.status, back.headers.get('set-cookie')]).toEqual([401, null])
  expect(notes.at(-1)).toContain('sign-in refused')
})

test('a user without a role gets no session', async () => {
  provider.lie = truth => ({ claims: { ...truth, groups: ['others'] } })
  const { cookie, path } = await begun()
  const back = await go(path, cookie)
  expect([back.status, back.headers.get('set-cookie')]).toEqual([403, null])
})
