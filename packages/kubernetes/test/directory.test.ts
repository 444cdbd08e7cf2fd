/** The directory of pods, against a strict stand-in for the API server whose watches may end at any time. */
import { copyFileSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { skipped } from '../../../scripts/testing/needs.ts'
import { until } from '../../../scripts/testing/wait.ts'
import { missingModule } from '../../outputs/test/transports/peer.ts'
import { type Change, Directory, KINDS, KubeClient, metadataRole } from '../src/index.ts'
import { ApiServer } from './apiserver.ts'
import { NODE, World } from './world.ts'

/** By hand: FALC_STEPS=100000. */
const STEPS = Number(process.env.FALC_STEPS ?? 1500)
const PODS = Number(process.env.FALC_PODS ?? 3000)
const SEED = Number(process.env.FALC_SEED ?? 1)

describe.skipIf(skipped('peers', missingModule('kubernetes')))('pods of a node', () => {
  let server: ApiServer
  const open: Directory[] = []
  const put = (kind: string, value: unknown) => server.tell(`put ${kind} ${JSON.stringify(value)}`)

  beforeAll(async () => {
    server = await ApiServer.start()
    server.allow([metadataRole()])
  })
  afterAll(async () => {
    for (const directory of open) directory.close()
    await server.stop()
  })

  const follow = (options: Partial<ConstructorParameters<typeof Directory>[1]> = {}) => {
    const client = new KubeClient({ server: server.url, token: { file: server.token } }, 16)
    const directory = new Directory(client, { node: NODE, backoff: { first: 5, max: 50 }, ...options })
    open.push(directory)
    return directory
  }

  test.each(['list', 'watch'] as const)(
    'without the right to %s, no kind can be followed, and each reports a problem',
    async verb => {
      const { rules, ...role } = metadataRole()
      server.allow([
        { ...role, rules: rules.map(rule => ({ ...rule, verbs: rule.verbs.filter(one => one !== verb) })) },
      ])
      try {
        const directory = follow()
        const kinds = KINDS.map(({ resource }) => resource).sort()
        const told = new Set<string>()
        await until('every kind', () => {
          for (const kind of Object.keys(directory.problems)) told.add(kind)
          return kinds.every(kind => told.has(kind))
        })
        directory.close()
      } finally {
        server.allow([metadataRole()])
      }
    },
  )

  test('a pod is described with its namespace, node, owners and services, and changes with them', async () => {
    await put('Namespace', { metadata: { name: 'shop', uid: 'n1', labels: { team: 'a' } } })
    await put('Node', { metadata: { name: NODE, uid: 'k1', labels: { zone: 'z' } } })
    await put('Deployment', { metadata: { name: 'web', namespace: 'shop', uid: 'd1', labels: { app: 'web' } } })
    const owner = (kind: string, name: string, uid: string) => ({
      ownerReferences: [{ apiVersion: 'apps/v1', kind, name, uid, controller: true }],
    })
    await put('ReplicaSet', {
      metadata: { name: 'web-1', namespace: 'shop', uid: 'r1', ...owner('Deployment', 'web', 'd1') },
    })
    await put('Service', {
      metadata: { name: 'front', namespace: 'shop', uid: 's1' },
      spec: { selector: { app: 'web' } },
    })
    await put('Service', { metadata: { name: 'all', namespace: 'shop', uid: 's2' }, spec: {} })
    const pod = {
      metadata: {
        name: 'web-1-x',
        namespace: 'shop',
        uid: 'p1',
        labels: { app: 'web' },
        ...owner('ReplicaSet', 'web-1', 'r1'),
      },
      spec: { nodeName: NODE, containers: [] },
      status: { podIP: '10.0.0.1' },
    }
    await put('Pod', pod)
    const directory = follow()
    const found = await until('the pod', () => directory.synced && directory.find('p1'))
    expect(found).toEqual({
      complete: true,
      description: {
        ...{ name: 'web-1-x', uid: 'p1', labels: { app: 'web' }, ip: '10.0.0.1' },
        ns: { name: 'shop', uid: 'n1', labels: { team: 'a' } },
        node: { name: NODE, uid: 'k1', labels: { zone: 'z' } },
        owners: {
          rs: { name: 'web-1', uid: 'r1', labels: {} },
          deployment: { name: 'web', uid: 'd1', labels: { app: 'web' } },
        },
        services: [{ name: 'front', uid: 's1', labels: {} }],
      },
    })
    const changes: Change[] = []
    directory.onChange = change => changes.push(change)
    await put('Pod', { ...pod, metadata: { ...pod.metadata, labels: { app: 'db' } } })
    await until('its change', () => directory.find('p1')!.description.services.length === 0)
    // No stored property changes, so no change is reported.
    await put('Pod', {
      ...pod,
      status: { ...pod.status, phase: 'Running' },
      metadata: { ...pod.metadata, labels: { app: 'db' } },
    })
    await server.tell('remove Namespace - shop')
    await until('the end of its namespace', () => directory.find('p1')!.description.ns.uid === undefined)
    expect(changes).toEqual([{ uid: 'p1' }, { namespace: 'shop' }])
    // A deleted pod is found for a while, since events arrive late.
    await server.tell('remove Pod shop web-1-x')
    await until('its end', () => directory.sizes.pods === 0)
    expect(directory.find('p1')!.description.name).toBe('web-1-x')
    directory.close()
  })

  test('a static pod is found by the hash in the name of its control groups', async () => {
    await put('Pod', {
      metadata: {
        name: 'etcd',
        namespace: 'kube-system',
        uid: 'e1',
        annotations: { 'kubernetes.io/config.hash': 'feed' },
      },
      spec: { nodeName: NODE, containers: [] },
    })
    const directory = follow()
    expect((await until('the pod', () => directory.find('feed'))).description.uid).toBe('e1')
    directory.close()
  })

  test('a static pod that was created again during a gap is still found by its hash', async () => {
    const etcd = (uid: string) => ({
      metadata: { name: 'etcd', namespace: 'kube-system', uid, annotations: { 'kubernetes.io/config.hash': 'beef' } },
      spec: { nodeName: NODE, containers: [] },
    })
    await put('Pod', etcd('b1'))
    const directory = follow()
    await until('the first', () => directory.find('b1'))
    await put('Pod', etcd('b2'))
    await until('the second', () => directory.find('b2'))
    // A list after a gap no longer has the first.
    await until('its end', async () => {
      await put('Namespace', { metadata: { name: 'gap' } })
      await server.tell('compact')
      await server.tell('disconnect')
      return directory.find('b1')?.deleted
    })
    expect(directory.find('beef')?.description.uid).toBe('b2')
    directory.close()
  })

  test('while a token cannot be read, kinds have a problem; then they are followed', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'falc-token-'))
    onTestFinished(() => rmSync(folder, { recursive: true }))
    const file = join(folder, 'token')
    const directory = new Directory(new KubeClient({ server: server.url, token: { file } }, 16), {
      node: NODE,
      backoff: { first: 5, max: 50 },
    })
    open.push(directory)
    await until('the problem', () => directory.problems.pods?.includes('ENOENT'))
    copyFileSync(server.token, file)
    await until('the pods', () => directory.podsSynced && directory.problems.pods === undefined)
    directory.close()
  })

  test('without a node, pods of all nodes are found by name, also after deletion', async () => {
    const pod = (uid: string) => ({
      metadata: { name: 'db-0', namespace: 'shop', uid },
      spec: { nodeName: 'another', containers: [] },
    })
    await put('Pod', pod('db1'))
    const directory = follow({ node: undefined })
    await directory.listed(AbortSignal.timeout(60_000))
    const uid = () => directory.findNamed('shop', 'db-0')?.description.uid
    expect(uid()).toBe('db1')
    await server.tell('remove Pod shop db-0')
    await until('its end', () => !directory.sizes.pods || directory.events.changes! > 0)
    expect(uid()).toBe('db1')
    await put('Pod', pod('db2'))
    await until('the next one of the name', () => uid() === 'db2')
    expect(directory.find('db1')!.description.node).toEqual({ name: 'another' })
    expect(directory.findNamed('else', 'db-0')).toBeUndefined()
    await server.tell('remove Pod shop db-0')
    directory.close()
  })

  test('objects beyond the limit are dropped and counted', async () => {
    for (const name of ['a', 'b', 'c']) await put('Namespace', { metadata: { name } })
    const directory = follow({ limits: { objects: 2, bytes: 1 << 20 } })
    await until('the lists', () => directory.synced)
    expect(directory.sizes.namespaces).toBe(2)
    expect(directory.events.dropped).toBeGreaterThan(0)
    directory.close()
  })

  test('without the right to follow some kinds, the others are followed, with a warning for each', async () => {
    const [core] = metadataRole().rules
    server.allow([{ ...metadataRole(), rules: [core] }])
    const warnings: string[] = []
    const directory = follow({ warn: text => warnings.push(text) })
    await until('warnings', () => directory.synced && warnings.length === 5)
    expect(Object.keys(directory.problems).sort()).toEqual([
      ...['daemonsets', 'deployments', 'jobs', 'replicasets', 'statefulsets'],
    ])
    expect(directory.problems.jobs).toContain('cannot list resource "jobs"')
    expect(directory.podsSynced).toBe(true)
    server.allow([metadataRole()])
    await until('the rest', () => Object.keys(directory.problems).length === 0)
    directory.close()
  })

  test(
    `after ${STEPS} random changes to ${PODS} pods, with gaps and disconnections, exactly the existing pods are known`,
    async () => {
      const world = new World(server, SEED)
      await world.fill(PODS)
      const before = heap()
      const directory = follow({ page: 100, watchSeconds: 1 })
      await until('the lists', () => directory.synced)
      const per = Math.round((heap() - before) / directory.sizes.pods!)
      for (let step = 0; step < STEPS; step++) await world.step()
      const truth = await world.truth()
      const known = () => new Map([...truth.keys()].map(uid => [uid, directory.find(uid)?.description]))
      const same = () =>
        directory.sizes.pods === truth.size &&
        [...truth].every(([uid, pod]) => isEqual(directory.find(uid)?.description, pod))
      // Otherwise the assertion below shows how they differ.
      await until('the truth', same).catch(() => {})
      expect(known()).toEqual(truth)
      expect(directory.sizes.pods).toBe(truth.size)
      const { lists, watches, changes, expired, failed } = directory.events
      // A list for each kind at the start; more of them prove that there were gaps.
      expect(lists).toBeGreaterThan(10)
      expect(expired).toBeGreaterThan(0)
      if (process.env.FALC_STEPS)
        console.log({
          pods: truth.size,
          lists,
          watches,
          changes,
          expired,
          failed,
          bytes: directory.sizes.bytes,
          heapPerPod: per,
        })
      directory.close()
    },
    Math.max(600_000, 40 * STEPS),
  )
})

function heap(): number {
  globalThis.gc?.()
  return process.memoryUsage().heapUsed
}

/** Ignores the order of keys. */
function isEqual(a: unknown, b: unknown): boolean {
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return a === b
  const [left, right] = [Object.entries(a), Object.entries(b)]
  return left.length === right.length && left.every(([key, value]) => isEqual(value, (b as any)[key]))
}
