/** Who may request what from the console. */
import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { request as httpRequest } from 'node:http'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { alertJson } from '@falc/engine'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { until } from '../../../scripts/testing/wait.ts'
import { Console, newToken, parseTokens, SCOPES, type Scope, tokensIn } from '../src/index.ts'
import { ROUTES } from '../src/routes.ts'
import { alert, ask, begin, idOf, post, start } from './start.ts'

describe('tokens and sessions', () => {
  const made = {
    ...Object.fromEntries(SCOPES.map(scope => [scope, newToken(scope, [scope])])),
    reader: newToken('reader', ['read']),
    tenant: newToken('tenant', ['read', 'triage'], ['ours']),
  } as Record<Scope | 'reader' | 'tenant', ReturnType<typeof newToken>>
  const tokens = parseTokens(
    `# comment\n\n${Object.values(made)
      .map(({ line }) => line)
      .join('\n')}\n`,
  )
  const bearer = (name: keyof typeof made) => ({ authorization: `Bearer ${made[name].token}` })

  let shared: Awaited<ReturnType<typeof begin>>
  beforeAll(async () => {
    shared = await begin({ tokens })
  })
  afterAll(() => shared.end())

  test('each route accepts its own scope and no other; routes about all namespaces refuse a tenant', async () => {
    const { console } = shared
    for (const { method, path: pattern, scope, whole, open } of ROUTES) {
      if (open) continue
      const path = pattern.replace('{id}', 'ffff').replace('stream', 'stream?after=x')
      const statusFor = async (headers: Record<string, string>) =>
        (await ask(console, path, { method, headers, ...(['POST', 'PATCH'].includes(method) && { body: '{' }) })).status
      expect(await statusFor({}), path).toBe(401)
      for (const name of [...SCOPES, 'tenant'] as const) {
        const may = name === 'tenant' ? !whole && (scope === 'read' || scope === 'triage') : name === scope
        const status = await statusFor(bearer(name))
        if (may) expect([200, 400, 404], `${name} ${method} ${path}`).toContain(status)
        else expect(status, `${name} ${method} ${path}`).toBe(403)
      }
    }
  })

  test('a token for one namespace neither reads nor changes alerts of other namespaces', async () => {
    const { console } = shared
    const about = (n: number, namespace: string) =>
      alert(n, {
        rule: `Rule ${namespace}`,
        output_fields: { 'k8s.ns.name': namespace, 'proc.name': `sh-${namespace}` },
      })
    await console.writer.insert([about(1, 'ours'), about(2, 'theirs'), about(3, 'theirs')])
    const text = async (path: string, name: keyof typeof made) =>
      (await fetch(new URL(path, console.url), { headers: bearer(name), signal: AbortSignal.timeout(60_000) })).text()
    const parameters: Record<string, string> = {
      '/api/v1/top': '?by=rule',
      '/api/v1/groups': '?by=rule,proc.name',
      '/api/v1/histogram': '?by=rule',
      '/api/v1/facets': '?fields=rule,proc.name,namespace',
      '/api/v1/tune': '?rule=Rule%20theirs',
    }
    const shown: string[] = []
    for (const { method, path: pattern, scope, whole } of ROUTES) {
      if (method !== 'GET' || scope !== 'read' || whole || pattern.endsWith('stream')) continue
      const path =
        pattern.replace('{id}', pattern.includes('rules') ? 'Rule%20theirs' : idOf(2)) + (parameters[pattern] ?? '')
      expect(await text(path, 'tenant'), path).not.toContain('theirs"')
      if ((await text(path, 'reader')).includes('theirs')) shown.push(pattern.replace('/api/v1/', ''))
    }
    expect(shown).toEqual([
      'alerts',
      'alerts/{id}',
      ...['top', 'histogram', 'facets', 'groups', 'rules', 'rules/{id}', 'tune'],
    ])

    const send = async (method: string, path: string, body: object) =>
      (await ask(console, path, { ...post(JSON.stringify(body), bearer('tenant')), method })).json
    const change = (body: object) => send('PATCH', '/api/v1/alerts', { state: 'closed', reason: 'x', ...body })
    expect((await change({ ids: [idOf(1), idOf(2)] })).changed).toBe(1)
    expect((await change({ select: { filter: 'proc.name startswith sh', state: 'open' } })).changed).toBe(0)
    const silence = { condition: 'proc.name startswith sh', from: '2026-01-01', until: '2099-01-01', reason: 'x' }
    expect(await send('POST', '/api/v1/silences', silence)).toMatchObject({ count: 1, author: 'tenant' })
    const silenced = JSON.parse(await text('/api/v1/alerts?silenced=only', 'reader')).alerts
    expect(silenced.map((one: any) => one.alert.id)).toEqual([idOf(1)])
    expect(JSON.parse(await text('/api/v1/status', 'tenant')).count).toBe(1)
  })

  test('anonymous ingest accepts alerts without a token, but serves none', async () => {
    const console = await start({ tokens, anonymousIngest: true })
    expect((await ask(console, '/', post(alertJson(alert(1))))).status).toBe(200)
    expect((await ask(console, '/api/v1/alerts')).status).toBe(401)
  })

  test('a browser session begins with a token, and ends when it is deleted', async () => {
    const { console } = shared
    const begun = await ask(console, '/api/v1/session', post('', { authorization: `Bearer ${made.read.token}` }))
    const set = begun.headers.get('set-cookie')!
    expect(set).toMatch(/^falc_session=[\w-]{43}; HttpOnly; SameSite=Strict; Path=\/; Max-Age=43200$/)
    const cookie = set.split(';')[0]!
    expect((await ask(console, '/api/v1/alerts', { headers: { cookie } })).status).toBe(200)
    expect((await ask(console, '/api/v1/session', { headers: { cookie } })).json).toEqual({
      ...{ name: 'read', scopes: ['read'], methods: ['token'] },
    })
    expect((await ask(console, '/api/v1/session')).status).toBe(401)
    expect((await ask(console, '/', { ...post('{'), headers: { cookie } })).status).toBe(403)
    await ask(console, '/api/v1/session', { method: 'DELETE', headers: { cookie } })
    expect((await ask(console, '/api/v1/alerts', { headers: { cookie } })).status).toBe(401)
    expect((await ask(console, '/api/v1/session', post(''))).status).toBe(401)
  })

  test('sessions follow changes of the token file; removing a token ends its sessions and streams', async () => {
    const file = join(mkdtempSync(join(tmpdir(), 'falc-tokens-')), 'tokens')
    onTestFinished(() => rmSync(dirname(file), { recursive: true }))
    const ann = newToken('ann', ['read', 'triage'])
    const write = (text: string) => {
      // As an editor does: a new file replaces the old one.
      writeFileSync(`${file}.new`, text)
      renameSync(`${file}.new`, file)
    }
    write(ann.line)
    const notes: string[] = []
    const console = await start({ tokens: tokensIn(file, text => notes.push(text)) })
    const begun = await ask(console, '/api/v1/session', post('', { authorization: `Bearer ${ann.token}` }))
    const headers = { cookie: begun.headers.get('set-cookie')!.split(';')[0]! }
    const stream = await fetch(new URL('/api/v1/stream', console.url), { headers })
    const scopes = async () => (await ask(console, '/api/v1/session', { headers })).json.scopes
    expect(await scopes()).toEqual(['read', 'triage'])
    write(ann.line.replace('read,triage', 'read'))
    expect(await scopes()).toEqual(['read'])
    write('nonsense')
    expect(await scopes()).toEqual(['read'])
    expect(notes).toEqual([expect.stringMatching(/line 1 .*the tokens stay as they were$/)])
    write('# nobody')
    expect((await ask(console, '/api/v1/alerts', { headers })).status).toBe(401)
    // The server ends the stream.
    for await (const _ of stream.body!);
  })

  test('after ten wrong tokens a client is throttled, even with a valid one', async () => {
    const { console } = shared
    const guess = async (token: string) =>
      (await ask(console, '/api/v1/alerts', { headers: { authorization: `Bearer ${token}` } })).status
    for (let i = 0; i < 10; i++) expect(await guess(`guess${i}`)).toBe(401)
    expect(await guess('guess')).toBe(429)
    expect(await guess(made.read.token)).toBe(429)
  })

  test('the file does not contain the token itself, and malformed lines are refused', () => {
    expect(made.read.line).not.toContain(made.read.token.slice(5))
    expect(() => parseTokens('name read abc')).toThrow('line 1')
    expect(() => parseTokens(newToken('x', ['admin'], ['ours']).line)).toThrow('cannot be for some namespaces')
    expect(() => parseTokens(`${newToken('x', ['read'], []).line} ,`)).toThrow('no namespace')
    expect(() => parseTokens(`\nname write ${'0'.repeat(64)}`)).toThrow('line 2')
  })

  test('listening on an address that other machines can reach requires tokens', () => {
    expect(() => new Console({ path: 'x.db', host: '0.0.0.0' })).toThrow('which requires tokens')
  })
})

test('user headers are believed from a trusted proxy, and from no other client', async () => {
  const roles = [
    { group: 'soc', scopes: ['read', 'triage'] },
    { group: 'team', scopes: ['read'], namespaces: ['ours'] },
  ] as const
  const [proxied, direct] = await Promise.all(
    [['127.0.0.0/8'], ['10.0.0.1']].map(addresses => start({ roles, proxy: { addresses } })),
  )
  const rightsOf = async (console: Console, headers: Record<string, string>) => {
    const { status, json } = await ask(console, '/api/v1/session', { headers })
    return status === 200 ? json : status
  }
  const ann = { 'x-forwarded-user': 'ann', 'x-forwarded-groups': 'x, team, soc' }
  expect(await rightsOf(proxied!, ann)).toMatchObject({ name: 'ann', scopes: ['read', 'triage'] })
  expect(await rightsOf(proxied!, { ...ann, 'x-forwarded-groups': 'team' })).toMatchObject({
    ...{ scopes: ['read'], namespaces: ['ours'] },
  })
  expect(await rightsOf(proxied!, { ...ann, 'x-forwarded-groups': 'nobody' })).toBe(403)
  expect(await rightsOf(proxied!, {})).toBe(401)
  expect(await rightsOf(direct!, ann)).toBe(401)
})

describe('a page of another site', () => {
  /** A request with headers that fetch does not allow. */
  function status(
    console: Console,
    headers: Record<string, string>,
    method = 'GET',
    path = '/api/v1/alerts',
    body = '',
  ): Promise<number> {
    return new Promise((resolve, reject) => {
      const request = httpRequest(new URL(path, console.url), { method, headers }, response => {
        response.resume()
        resolve(response.statusCode!)
      })
      request.on('error', reject).end(body)
    })
  }
  test('is refused, also if its host name has been given this machine’s address', async () => {
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

  test('cannot send alerts, even where programs need no token', async () => {
    const console = await start({ tokens: [], anonymousIngest: true })
    const sent = (headers: Record<string, string>) => status(console, headers, 'POST', '/', alertJson(alert(1)))
    expect(await sent({ host: 'falc.example' })).toBe(200)
    expect(await sent({ host: 'evil.example', origin: 'http://evil.example' })).toBe(403)
    expect(await sent({ host: 'falc.example', 'sec-fetch-site': 'same-origin' })).toBe(403)
  })
})

test('one client can hold half of the connections, and other clients still connect', async () => {
  const console = await start()
  const { port } = new URL(console.url)
  const sockets = Array.from({ length: 300 }, () =>
    connect(Number(port), '127.0.0.1')
      .on('error', () => {})
      .resume(),
  )
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy()
  })
  const closed = () => sockets.filter(socket => socket.destroyed).length
  await until('those beyond the half are closed', () => closed() === 44)
  const answer = await new Promise(resolve =>
    httpRequest(new URL('/healthz', console.url), { localAddress: '127.0.0.2' }, resolve).end(),
  )
  expect(answer).toMatchObject({ statusCode: 200 })
  expect(closed()).toBe(44)
})
