/** The parts of an artifact, and registries that lie: nothing from those is installed. */
import { execFileSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest'
import { eventually } from '../../../scripts/testing/wait.ts'
import { folder } from '../../outputs/test/transports/peer.ts'
import type { Config } from '../src/config/config.ts'
import type { Log } from '../src/log.ts'
import { requirementsOf } from '../src/updates/artifact.ts'
import { Follower } from '../src/updates/follow.ts'
import { listed, resolved } from '../src/updates/listed.ts'
import { nameOf, parseReference, printReference } from '../src/updates/reference.ts'
import { digestOf, RegistryError, Repository } from '../src/updates/registry.ts'
import { pack, unpack } from '../src/updates/tar.ts'
import { update } from '../src/updates/update.ts'
import { files, said, settings, startLiar } from './registry.ts'

let dir: string
beforeEach(() => {
  dir = folder()
})

describe('references', () => {
  test.each([
    ['ghcr.io/falcosecurity/rules/falco-rules:5', 'falco-rules', 'ghcr.io/falcosecurity/rules/falco-rules:5'],
    ['localhost:5000/base', 'base', 'localhost:5000/base:latest'],
    [`a.b/c@sha256:${'0'.repeat(64)}`, 'c', `a.b/c@sha256:${'0'.repeat(64)}`],
  ])('%s', (text, name, printed) => {
    expect([nameOf(parseReference(text)), printReference(parseReference(text))]).toEqual([name, printed])
  })
  test.each(['base', 'a.b/C', 'a.b/../c', 'a.b/c:', 'a.b/c/', 'a.b/c@sha256:0', 'a.b/c:x y', 'a.b/c/..', ''])(
    'not a reference: %s',
    text => expect(() => parseReference(text)).toThrow('is not REGISTRY/REPOSITORY'),
  )
})

describe('archives', () => {
  test('unpack to the files that were packed', () => {
    const some = files({ 'a.yaml': 'x'.repeat(1000), 'b.test.yaml': '', 'c.yaml': 'y'.repeat(512) })
    expect(unpack(pack(some)).map(({ name, content }) => [name, String(content)])).toEqual(
      some.map(({ name, content }) => [name, String(content)]),
    )
  })

  test('of two files with one name cannot be packed, since none would be unpacked', () => {
    const [one] = files({ 'a.yaml': '[]' })
    expect(() => pack([one!, one!])).toThrow('two files with the name "a.yaml" cannot be in an artifact')
  })

  test('of GNU tar with a folder entry can be unpacked', () => {
    mkdirSync(join(dir, 'd'))
    writeFileSync(join(dir, 'd', 'a.yaml'), '[]')
    expect(unpack(execFileSync('tar', ['-czf', '-', '-C', join(dir, 'd'), '.'])).map(({ name }) => name)).toEqual([
      'a.yaml',
    ])
  })

  test.each([
    ['a path', ['mkdir -p x; echo > x/a.yaml; tar -czf - x/a.yaml'], 'the name "x/a.yaml"'],
    ['a path out of the folder', ['echo > a; tar -czf - --transform s,a,../a, -P a'], 'the name "../a"'],
    ['a link', ['ln -s /etc/passwd a.yaml; tar -czf - a.yaml'], 'not a regular file'],
    ['a hidden file', ['echo > .a; tar -czf - .a'], 'the name ".a"'],
    ['a decompression bomb', ['head -c 70000000 /dev/zero | gzip'], 'cannot be unpacked'],
    ['data that is not an archive', ['echo hello'], 'cannot be unpacked'],
    [
      'an archive that is cut short',
      ['head -c 2000 /dev/urandom > a.yaml; tar -cf - a.yaml | head -c 1024 | gzip'],
      'cut short',
    ],
  ])('refused: %s', (_, [script], reason) => {
    const bytes = execFileSync('sh', ['-c', script!], { cwd: dir, maxBuffer: 1 << 24 })
    expect(() => unpack(bytes)).toThrow(reason)
  })
})

test('an unreachable index gives an error with the cause', async () => {
  const config = { updates: { indexes: ['https://name.invalid/index.yaml'] } } as unknown as Config
  await expect(listed(config)).rejects.toThrow(/^index https:\/\/name\.invalid\/index\.yaml: getaddrinfo E/)
})

test('requirements and dependencies become items of a rules file', () => {
  const alternatives = [{ name: 'json', version: '0.7.0' }]
  const required = said('1.0.0', {
    requirements: [{ name: 'engine_version_semver', version: '0.50.0' }],
    dependencies: [{ name: 'k8saudit', version: '0.7.0', alternatives }],
  })
  expect(JSON.parse(requirementsOf(required))).toEqual([
    { required_engine_version: '0.50.0' },
    { required_plugin_versions: [{ name: 'k8saudit', version: '0.7.0', alternatives }] },
  ])
})

describe('a registry that lies', () => {
  const manifest = (over: object = {}) =>
    JSON.stringify({
      config: {
        mediaType: 'application/vnd.cncf.falco.rulesfile.config.v1+json',
        digest: digestOf(Buffer.from('{}')),
        size: 2,
      },
      layers: [
        {
          mediaType: 'application/vnd.cncf.falco.rulesfile.layer.v1+tar.gz',
          digest: `sha256:${'0'.repeat(64)}`,
          size: 100,
        },
      ],
      ...over,
    })
  const [open, nobody] = [['updates.allow_unsigned=true'], '127.0.0.1:1']
  const asked = async (answer: Parameters<typeof startLiar>[0]) => {
    const { host, stop } = await startLiar(answer)
    onTestFinished(stop)
    const options = settings(dir, host, open)
    const reason = await update(parseReference(`${host}/r/base:1`), options).then(
      () => 'installed',
      error => (error as Error).message,
    )
    expect(options.generations.state).toEqual({ artifacts: [] })
    return reason
  }

  test('endless data is cut off', async () => {
    const reason = await asked((_, response) => {
      const more = () => {
        while (!response.destroyed && response.write(Buffer.alloc(65536)));
      }
      response.on('drain', more)
      more()
    })
    expect(reason).toBe('more than the 1048576 bytes that it may have')
  })

  test('a blob that does not match its digest is refused', async () => {
    const reason = await asked((request, response) => response.end(request.url!.includes('blobs') ? '[]' : manifest()))
    expect(reason).toMatch(/^blob sha256:\w+ has other bytes$/)
  })

  test('a declared size beyond the limit is refused', async () => {
    const config = {
      mediaType: 'application/vnd.cncf.falco.rulesfile.config.v1+json',
      digest: `sha256:${'0'.repeat(64)}`,
    }
    expect(await asked((_, response) => response.end(manifest({ config: { ...config, size: 1e12 } })))).toBe(
      'it is larger than 16 MiB',
    )
  })

  test('another kind of artifact is refused', async () => {
    expect(await asked((_, response) => response.end(manifest({ config: { mediaType: 'application/x' } })))).toContain(
      'not that of rules',
    )
  })

  test('follow goes on when it cannot note on the disk what it has refused', async () => {
    const { host, stop } = await startLiar((_, response) =>
      response.end(manifest({ config: { mediaType: 'application/x' } })),
    )
    onTestFinished(stop)
    const options = settings(dir, host, open)
    mkdirSync(join(options.generations.folder, 'refused.json.new'), { recursive: true })
    const warnings: string[] = []
    const log = { error: () => {}, warning: (text: string) => warnings.push(text) } as unknown as Log
    const follower = new Follower([parseReference(`${host}/r/base:1`)], options, log, () => {})
    const ending = new AbortController()
    const running = follower.run(ending.signal)
    await Promise.race([running, eventually(() => expect(warnings).toHaveLength(1))])
    ending.abort()
    await running
    expect(warnings[0]).toContain('EISDIR')
    const failed = follower.series().find(({ labels }) => labels?.outcome === 'failed')
    expect(failed?.value).toBe(1)
  })

  test('follow waits for an index that cannot be read at the start', async () => {
    let isUp = false
    const { host, stop } = await startLiar((request, response) => {
      if (!isUp) response.writeHead(503).end()
      else if (request.url === '/index.yaml')
        response.end(JSON.stringify([{ name: 'base', type: 'rulesfile', registry: host, repository: 'r/base' }]))
      else response.end(manifest({ config: { mediaType: 'application/x' } }))
    })
    onTestFinished(stop)
    const options = settings(dir, host, [...open, `updates.indexes[0]=http://${host}/index.yaml`])
    const config = { ...options.config, updates: { ...options.config.updates, every: 20 } }
    await expect(resolved('base:1', config)).rejects.toMatchObject({ again: true })
    const [warnings, errors] = [[] as string[], [] as string[]]
    const log = { error: (text: string) => errors.push(text), warning: (text: string) => warnings.push(text) }
    const follower = new Follower(['base:1'], { ...options, config }, log as unknown as Log, () => {})
    const ending = new AbortController()
    const running = follower.run(ending.signal)
    await eventually(() => expect(warnings.length).toBeGreaterThan(1))
    expect(warnings[0]).toBe(`base:1: index http://${host}/index.yaml: answered with 503; trying again`)
    isUp = true
    await eventually(() => expect(errors).toHaveLength(1))
    ending.abort()
    await running
    expect(errors[0]).toContain('base:1 is not installed: ')
  })

  test('follow refuses an artifact whose index turns out to give it the name of another', async () => {
    const index = join(dir, 'index.yaml')
    writeFileSync(index, JSON.stringify([{ name: 'ours', type: 'rulesfile', registry: nobody, repository: 'r/base' }]))
    const options = settings(dir, nobody, [...open, `updates.indexes[0]=${index}`])
    const warnings: string[] = []
    const log = { warning: (text: string) => warnings.push(text) } as unknown as Log
    const follower = new Follower(['ours:1', parseReference(`${nobody}/other/base:1`)], options, log, () => {})
    const ending = new AbortController()
    const running = follower.run(ending.signal)
    const clash = 'ours:1: two of the artifacts are named base, and each would replace the other'
    await eventually(() => expect(warnings).toContain(clash))
    ending.abort()
    await running
  })

  test('a redirect to a host without TLS is refused', async () => {
    const reason = await asked((_, response) => response.writeHead(307, { location: 'http://192.0.2.1/x' }).end())
    expect(reason).toBe('redirected to http://192.0.2.1, which has no TLS')
  })

  test('a redirect loop is refused', async () => {
    expect(await asked((request, response) => response.writeHead(307, { location: request.url }).end())).toBe(
      'redirected too often',
    )
  })

  test('a token service without TLS, which would get the password, is refused', async () => {
    const reason = await asked((_, response) =>
      response.writeHead(401, { 'www-authenticate': 'Bearer realm="http://192.0.2.1/t",service="s"' }).end(),
    )
    expect(reason).toBe('tokens are to come from http://192.0.2.1, which has no TLS')
  })
})

test('a host that a registry redirects to cannot ask for its password', async () => {
  const challenge = { 'www-authenticate': 'Bearer realm="https://b.example/t",service="s"' }
  const asked: string[] = []
  vi.stubGlobal('fetch', async (url: URL) => {
    asked.push(url.host)
    return url.host === 'a.example'
      ? new Response(null, { status: 307, headers: { location: 'https://b.example/x' } })
      : new Response('', { status: 401, headers: challenge })
  })
  onTestFinished(() => void vi.unstubAllGlobals())
  const repository = new Repository(parseReference('a.example/r/base:1'), { plain: [] })
  await expect(repository.manifest('1')).rejects.toThrow('b.example wants credentials')
  expect(asked).toEqual(['a.example', 'b.example'])
})

test('a registry with TLS cannot request its password without TLS', async () => {
  const challenge = { 'www-authenticate': 'Bearer realm="http://a.example/t",service="s"' }
  vi.stubGlobal('fetch', async () => new Response('', { status: 401, headers: challenge }))
  onTestFinished(() => void vi.unstubAllGlobals())
  const repository = new Repository(parseReference('a.example/r/base:1'), { plain: [] })
  await expect(repository.manifest('1')).rejects.toThrow('tokens are to come from http://a.example, which has no TLS')
})

test('the token flow sends the password to the token service, and the token with the request', async () => {
  const seen: string[] = []
  const other = await startLiar((request, response) => {
    seen.push(`other ${request.headers.authorization}`)
    response.end()
  })
  const { host, stop } = await startLiar((request, response) => {
    const { url = '', headers } = request
    seen.push(`${url.split('?')[0]} ${headers.authorization}`)
    if (url.startsWith('/token'))
      response.end(JSON.stringify({ token: new URL(url, 'http://x').searchParams.get('scope') }))
    else if (headers.authorization !== 'Bearer repository:r/base:pull')
      response.writeHead(401, { 'www-authenticate': `Bearer realm="http://${host}/token",service="s"` }).end()
    else response.writeHead(404).end()
  })
  onTestFinished(() => {
    stop()
    other.stop()
  })
  const auth = Buffer.from('me:secret').toString('base64')
  writeFileSync(join(dir, 'config.json'), JSON.stringify({ auths: { [host]: { auth } } }))
  const reference = parseReference(`${host}/r/base:1`)
  const repository = new Repository(reference, { plain: [host], credentials: join(dir, 'config.json') })
  expect(await repository.findManifest('1')).toBeUndefined()
  expect(seen).toEqual([
    '/v2/r/base/manifests/1 undefined',
    `/token Basic ${auth}`,
    '/v2/r/base/manifests/1 Bearer repository:r/base:pull',
  ])
})

test('a file of credentials that cannot be read is named', async () => {
  const { host, stop } = await startLiar((_, response) =>
    response.writeHead(401, { 'www-authenticate': 'Basic realm="r"' }).end(),
  )
  onTestFinished(stop)
  const credentials = join(dir, 'none.json')
  const repository = new Repository(parseReference(`${host}/r/base:1`), { plain: [host], credentials })
  await expect(repository.manifest('1')).rejects.toThrow(
    new RegistryError(`credentials ${credentials}: it does not exist`, false),
  )
})
