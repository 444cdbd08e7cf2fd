/** A collector and the nodes that read what it writes, with a NATS server and a stand-in for the API server. */
import { isDeepStrictEqual } from 'node:util'
import { jetstream } from '@nats-io/jetstream'
import { type KV, Kvm } from '@nats-io/kv'
import { connect, type NatsConnection } from '@nats-io/transport-node'
import { afterAll, beforeAll, beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import { skipped } from '../../../scripts/testing/needs.ts'
import { until } from '../../../scripts/testing/wait.ts'
import { natsServer } from '../../outputs/test/transports/nats.ts'
import { missing, missingModule } from '../../outputs/test/transports/peer.ts'
import { Directory, KubeClient, metadataRole } from '../src/index.ts'
import { Bucket, Collector, SharedDirectory, type SharedDirectoryOptions } from '../src/nats.ts'
import { ApiServer } from './apiserver.ts'
import { NODE, World } from './world.ts'

const without = skipped('peers', missing('nats-server')) || skipped('peers', missingModule('kubernetes'))

describe.skipIf(without)('a collector for all nodes', () => {
  let api: ApiServer
  let nats: Awaited<ReturnType<typeof natsServer>>
  let connection: NatsConnection
  let bucket = ''
  let tests = 0
  const put = (kind: string, value: unknown) => api.tell(`put ${kind} ${JSON.stringify(value)}`)
  const pod = (name: string, uid: string, node: string, labels = {}) =>
    put('Pod', { metadata: { name, namespace: 'shop', uid, labels }, spec: { nodeName: node, containers: [] } })
  const backoff = { first: 20, max: 100 }

  beforeAll(async () => {
    api = await ApiServer.start()
    api.allow([metadataRole()])
    nats = await natsServer()
    connection = await connect({ servers: nats.url, maxReconnectAttempts: -1, reconnectTimeWait: 20 })
  })
  afterAll(async () => {
    await connection?.close()
    await nats?.daemon.stop()
    await api?.stop()
  })
  beforeEach(() => {
    bucket = `pods-${++tests}`
  })

  const kv = (): Promise<KV> => new Kvm(jetstream(connection)).open(bucket)
  const place = () => ({ connection: { url: [nats.url] }, bucket })

  /** Runs a collector until `stop`, or the end of the test. */
  function collect(options: ConstructorParameters<typeof Collector>[2] = {}) {
    const directory = new Directory(new KubeClient({ server: api.url, token: { file: api.token } }, 20), { backoff })
    const door = new Bucket({ ...place(), create: { replicas: 1 } })
    const collector = new Collector(directory, door, {
      heartbeat: 50,
      look: 20,
      together: 10,
      linger: 0,
      backoff,
      ...options,
    })
    const stopping = new AbortController()
    const running = collector.run(stopping.signal)
    const stop = async () => {
      stopping.abort()
      await running
      directory.close()
      await door.close()
    }
    onTestFinished(stop)
    return { collector, stop }
  }

  function read(options: SharedDirectoryOptions = {}) {
    const door = new Bucket(place())
    const directory = new SharedDirectory(door, { look: 20, silence: 60_000, backoff, ...options })
    onTestFinished(() => directory.close())
    return directory
  }

  test('a node reads only its own pods and what they belong to; a receiver of audit events reads all', async () => {
    await put('Namespace', { metadata: { name: 'shop', uid: 'n1', labels: { team: 'a' } } })
    await put('Service', {
      metadata: { name: 'front', namespace: 'shop', uid: 's1' },
      spec: { selector: { app: 'web' } },
    })
    await pod('web-1', 'p1', 'a.example', { app: 'web' })
    await pod('web-2', 'p2', 'b.example')
    await put('Pod', {
      metadata: { name: 'etcd', namespace: 'shop', uid: 'e1', annotations: { 'kubernetes.io/config.hash': 'feed' } },
      spec: { nodeName: 'a.example', containers: [] },
    })
    const { collector } = collect()
    const node = read({ node: 'a.example' })
    const all = read()
    await node.listed(AbortSignal.timeout(60_000))
    await all.listed(AbortSignal.timeout(60_000))
    expect(node.find('p1')).toEqual({
      complete: true,
      description: {
        ...{ name: 'web-1', uid: 'p1', labels: { app: 'web' }, ns: { name: 'shop', uid: 'n1', labels: { team: 'a' } } },
        ...{ node: { name: 'a.example' }, owners: {}, services: [{ name: 'front', uid: 's1', labels: {} }] },
      },
    })
    expect([node.find('p2'), node.find('feed')!.description.name]).toEqual([undefined, 'etcd'])
    expect(all.findNamed('shop', 'web-2')!.description.uid).toBe('p2')
    // A change of a namespace is a change of its pods.
    const changes: unknown[] = []
    node.onChange = change => changes.push(change)
    await put('Namespace', { metadata: { name: 'shop', uid: 'n1', labels: { team: 'b' } } })
    await until('the change', () => node.find('p1')!.description.ns.labels!.team === 'b')
    expect(changes).toContainEqual({ uid: 'p1' })
    // A deleted pod is found for a while.
    await api.tell('remove Pod shop web-1')
    await until('its end', () => node.find('p1')!.deleted)
    await until('the end of its key', async () => (await (await kv()).get('pods.a_example.p1'))?.operation === 'DEL')
    expect(collector.counts.failed).toBe(0)
  })

  test('a new collector writes only what has changed meanwhile, and removes deleted pods', async () => {
    await put('Namespace', { metadata: { name: 'shop', uid: 'n1' } })
    for (const n of [1, 2, 3]) await pod(`again-${n}`, `a${n}`, NODE)
    const first = collect()
    const node = read({ node: NODE })
    await until('the pods', () => node.podsSynced && node.find('a3'))
    await first.stop()
    await api.tell('remove Pod shop again-1')
    await pod('again-2', 'a2', NODE, { new: 'label' })
    const second = collect()
    await until('the changes', () => node.find('a1')!.deleted && node.find('a2')!.description.labels!.new === 'label')
    // The node may learn of them before the server has answered the collector.
    await until('the answers', () => second.collector.counts.written + second.collector.counts.deleted >= 2)
    expect(second.collector.counts).toMatchObject({ written: 1, deleted: 1 })
    await api.tell('remove Pod shop again-2')
    await api.tell('remove Pod shop again-3')
  })

  test('a deleted pod lingers, so that a node that starts later learns of it', async () => {
    await pod('brief', 'brief', NODE)
    const { collector } = collect({ linger: 600_000 })
    await until('the pod', () => collector.counts.written > 0)
    await api.tell('remove Pod shop brief')
    const node = read({ node: NODE })
    await until('the pod', () => node.find('brief'))
  })

  test('a node notices when a collector falls silent, returns, or cannot follow the pods', async () => {
    const warnings: string[] = []
    const { stop } = collect()
    const node = read({ node: NODE, silence: 300, warn: text => warnings.push(text) })
    await node.listed(AbortSignal.timeout(60_000))
    await stop()
    await until('the doubt', () => !node.podsSynced)
    const silent = /^Kubernetes metadata may be old: the collector has been silent for/
    expect(warnings).toContainEqual(expect.stringMatching(silent))
    expect(node.events.silences).toBeGreaterThan(0)
    api.allow([])
    const { stop: end } = collect()
    // It does not begin before it has a list, so the role is in time.
    api.allow([metadataRole()])
    await until('its return', () => node.podsSynced)
    await end()
    await (await kv()).put('collector', JSON.stringify({ made: '', pods: 0, problem: 'forbidden' }))
    await until('the problem', () => node.problem?.includes('forbidden'))
  })

  test('a node that never sees a collector logs this once', async () => {
    const warnings: string[] = []
    const node = read({ node: NODE, silence: 100, warn: text => warnings.push(text) })
    await until('the warning', () => warnings.length > 0)
    await until('more failures', () => node.events.failed! > 10)
    expect([warnings.length, node.events.silences, node.podsSynced]).toEqual([1, 1, false])
    expect(warnings[0]).toMatch(/^Kubernetes metadata may be old: /)
  })

  test('a static pod that was created again is still found by its hash when its predecessor goes', async () => {
    const door = new Bucket({ ...place(), create: { replicas: 1 } })
    onTestFinished(() => door.close())
    const entries = await door.open()
    for (const uid of ['s1', 's2']) {
      const description = { name: 'etcd', uid, ns: { name: 'shop' }, node: { name: NODE }, owners: {}, services: [] }
      await entries.put(`pods.${NODE}.${uid}`, JSON.stringify({ description, complete: true, alias: 'cafe' }))
    }
    const node = read({ node: NODE })
    await until('both', () => node.find('s1') && node.find('s2'))
    await entries.delete(`pods.${NODE}.s1`)
    await until('its end', () => node.find('s1')!.deleted)
    expect(node.find('cafe')?.description.uid).toBe('s2')
  })

  test('of two collectors one writes until it stops; the other then takes over before the lease expires', async () => {
    await pod('two-1', 't1', NODE)
    const first = collect()
    await until('the first', () => first.collector.leads && first.collector.size > 0)
    const said: string[] = []
    const second = collect({ expiry: 600_000, inform: text => said.push(text) })
    await until('the second', () => said.length > 0)
    expect(said).toEqual(['another collector writes; this one waits'])
    await first.stop()
    await until('its turn', () => second.collector.leads)
    await pod('two-2', 't2', NODE)
    await until('the pod', () => second.collector.counts.written > 0)
    expect(first.collector.counts).toMatchObject({ failed: 0, leaseLost: 0 })
    await api.tell('remove Pod shop two-1')
    await api.tell('remove Pod shop two-2')
  })

  test('a collector that was delayed overwrites nothing that its successor has written', async () => {
    await pod('held', 'h0', NODE)
    const slow = collect({ heartbeat: 600_000, together: 300 })
    await until('the slow one', () => slow.collector.size > 0)
    const quick = collect({ expiry: 100 })
    const node = read({ node: NODE })
    await until('the quick one', () => quick.collector.leads)
    let turn = 0
    await until('it finds out', async () => {
      await pod('held', 'h0', NODE, { turn: `${++turn}` })
      await until('the label', () => node.find('h0')?.description.labels?.turn === `${turn}`)
      return slow.collector.counts.leaseLost > 0
    })
    expect(slow.collector.counts.failed).toBe(0)
    await api.tell('remove Pod shop held')
  })

  test('a collector that cannot follow the pods gives way to one that can', async () => {
    const door = new Bucket({ ...place(), create: { replicas: 1 } })
    onTestFinished(() => door.close())
    const other = await door.open()
    const beat = { made: '', pods: 0, holder: 'other' }
    await other.put('collector', JSON.stringify(beat))
    const said: string[] = []
    const { collector } = collect({ expiry: 600_000, inform: text => said.push(text) })
    await until('it waits', () => said.length > 0)
    expect(collector.leads).toBe(false)
    await other.put('collector', JSON.stringify({ ...beat, problem: 'forbidden' }))
    await until('its turn', () => collector.leads)
  })

  test('all pods are known again after an invalid entry, a restart of the server and a deleted bucket', async () => {
    const world = new World(api, 7)
    await world.fill(300)
    const { collector } = collect()
    const node = read({ node: NODE, silence: 500 })
    await until('the pods', () => node.podsSynced && collector.size > 0)
    await (await kv()).put(`pods.${NODE}.nonsense`, '{"description":{}}')
    await until('nonsense', () => node.events.unreadable! > 0)
    await nats.daemon.down()
    for (let step = 0; step < 60; step++) await world.step()
    await nats.daemon.up()
    const truth = await world.truth()
    const same = () =>
      [...truth].every(([uid, { labels }]) => node.find(uid)?.description.labels?.['pod-hash'] === labels!['pod-hash'])
    await until('the truth after the restart', () => node.podsSynced && same())
    await (await new Kvm(jetstream(connection)).open(bucket)).destroy()
    for (let step = 0; step < 60; step++) await world.step()
    const next = await world.truth()
    const known = () => new Map([...next.keys()].map(uid => [uid, node.find(uid)?.description]))
    await until('the truth in another bucket', () => node.podsSynced && [...next].every(([uid]) => node.find(uid)))
    // Properties that are undefined do not count, as in toEqual.
    const plain = (descriptions: ReadonlyMap<string, unknown>) => JSON.parse(JSON.stringify([...descriptions]))
    await until('all of it', () => isDeepStrictEqual(plain(known()), plain(next)))
    expect(known()).toEqual(next)
  })
})
