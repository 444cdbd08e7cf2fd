/** Commands in containers: their outcomes, and the stand-in with Kubernetes' own clients. */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fromKubeconfig, KubeClient } from '@falc/kubernetes'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { skipped } from '../../../scripts/testing/needs.ts'
import { ApiServer } from '../../kubernetes/test/apiserver.ts'
import { cannotCertify, missing, missingModule, selfSigned } from '../../outputs/test/transports/peer.ts'
import { about, responding } from './cluster.ts'
import { folder } from './machine.ts'

const rights = { apiGroups: [''], resources: ['pods', 'pods/exec'], verbs: ['get', 'list', 'create'] }
const ALL = [{ kind: 'ClusterRole', metadata: { name: 'all' }, rules: [rights] }]

const reason = skipped('peers', missingModule('kubernetes', 'websocket')) ?? cannotCertify()

describe.skipIf(reason !== undefined)('commands in containers', () => {
  let server: ApiServer
  let client: KubeClient
  let certificate: ReturnType<typeof selfSigned>
  let uid: string
  const put = async () => {
    const pod = {
      metadata: { name: 'web-0', namespace: 'shop' },
      spec: { containers: ['web', 'proxy'].map(name => ({ name, image: name })) },
      status: { containerStatuses: [{ name: 'proxy', containerID: 'containerd://0123456789abcdef' }] },
    }
    return (await server.tell(`put Pod ${JSON.stringify(pod)}`)).metadata.uid
  }
  beforeAll(async () => {
    certificate = selfSigned(mkdtempSync(join(tmpdir(), 'falc-exec-')))
    server = await ApiServer.start(certificate)
    client = new KubeClient(fromKubeconfig(server.kubeconfig))
    uid = await put()
  })
  afterAll(async () => {
    client.close()
    await server.stop()
    rmSync(dirname(certificate.cert), { recursive: true })
  })

  const run = async (command: string, more: Record<string, unknown> = {}, params = 'container: web') => {
    const respond = responding(server, client)
    const { open, said } = await respond(
      `[{ exec_in_container: { command: ${command}, ${params} } }]`,
      about(uid, more),
    )
    await open.close()
    return said()
  }

  test('a field is one argument, whatever it contains', async () => {
    const hostile = '"; $(id) `id` \u0007 & > /x  \\ é\n--'
    expect(await run('[args, "a b", "%proc.cmdline"]', { 'proc.cmdline': hostile })).toBe(
      `done: ${JSON.stringify('a b')}\n${JSON.stringify(hostile).replace('é', '\\u00e9')}`,
    )
  })

  test.each([
    ['an exit code', '[fail, "3"]', 'failed: exit code 3: it fails'],
    ['a program that does not exist', '[nothing]', /^failed: exit code 127: exec: "nothing"/],
    ['a lost connection', '[vanish]', 'undecided: the connection ended before the command'],
  ])('%s is reported', async (_, command, expected) => {
    expect(await run(command)).toEqual(typeof expected === 'string' ? expected : expect.stringMatching(expected))
  })

  test('a command that does not end is undecided when its time is up', async () => {
    expect(await run('[sleep]', {}, 'container: web, timeout: 100ms')).toBe('undecided: no answer in time')
  })

  test('the beginning of a long output is kept, and the rest is counted', async () => {
    const path = await client.exec(
      '/api/v1/namespaces/shop/pods/web-0/exec',
      'web',
      ['flood', '300000'],
      AbortSignal.timeout(60_000),
    )
    expect([path.stdout.length, path.left, path.status]).toEqual([
      65_536,
      300_000 - 65_536,
      { metadata: {}, status: 'Success' },
    ])
  })

  test('the container is the one in the alert, and must belong to the pod', async () => {
    expect(await run('[args, x]', { 'container.id': '0123456789ab' }, '')).toBe('done: "x"')
    expect(await run('[args, x]', { 'container.id': 'ffffffffffff' }, '')).toMatch(/^gone/)
    expect(await run('[args, x]', {}, '')).toMatch(/^refused: the pod has 2 containers/)
  })

  test('a command for an unreachable server is refused', async () => {
    const nobody = new KubeClient({ server: 'http://127.0.0.1:1' })
    expect(await nobody.exec('/x', 'web', ['args'], AbortSignal.timeout(60_000))).toMatchObject({
      refused: { status: 0 },
    })
    nobody.close()
  })

  test('Kubernetes’ own client for Python works with the stand-in', () => {
    server.allow(ALL)
    const out = execFileSync(
      '/usr/bin/python3',
      [join(import.meta.dirname, 'exec_client.py'), server.url, server.token, certificate.cert],
      {
        encoding: 'utf8',
      },
    )
    expect(out).toBe('"a b"\n"$(id)"\n4 it fails\n403\n')
  })

  test.skipIf(skipped('peers', missing('kubectl')) !== undefined)('kubectl works with the stand-in', () => {
    server.allow(ALL)
    const kubectl = (args: readonly string[], input = '') =>
      execFileSync('kubectl', ['--kubeconfig', server.kubeconfig, '--cache-dir', folder(), '-n', 'shop', ...args], {
        ...{ encoding: 'utf8', input, stdio: ['pipe', 'pipe', 'ignore'] },
      })
    expect(kubectl(['exec', '-i', 'web-0', '-c', 'web', '--', 'args', 'a b', '$(id)'])).toBe('"a b"\n"$(id)"\n')
    expect(kubectl(['exec', '-i', 'web-0', '-c', 'web', '--', 'cat'], 'so it is')).toBe('so it is')
    expect(() => kubectl(['exec', '-i', 'web-0', '-c', 'web', '--', 'fail', '3'])).toThrow(
      expect.objectContaining({ status: 3 }),
    )
    expect(kubectl(['get', 'pods', '-o', 'name'])).toBe('pod/web-0\n')
  })
})
