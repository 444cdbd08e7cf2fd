/** A cluster that changes at random, and the expected descriptions of its pods, computed from whole objects. */
import type { PodDescription } from '../src/index.ts'
import type { ApiServer } from './apiserver.ts'

export const NODE = 'node-1'
const NODES = [NODE, NODE, NODE, 'node-2']

/** mulberry32: the same numbers for the same seed. */
export function randomOf(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296
  }
}

const OWNERS = ['ReplicaSet', 'ReplicaSet', 'StatefulSet', 'DaemonSet', 'Job', 'ReplicationController']
const NAMES: Readonly<Record<string, string>> = {
  Deployment: 'deployment',
  ReplicaSet: 'rs',
  StatefulSet: 'statefulset',
  DaemonSet: 'daemonset',
  Job: 'job',
  ReplicationController: 'rc',
}

export class World {
  readonly #server: ApiServer
  readonly #random: () => number
  readonly #objects = new Map<string, any[]>()
  #count = 0

  constructor(server: ApiServer, seed: number) {
    this.#server = server
    this.#random = randomOf(seed)
  }

  /** @param pods their number on all nodes */
  async fill(pods: number): Promise<void> {
    for (const name of new Set(NODES)) await this.#put('Node', { metadata: { name, labels: this.#labels() } })
    for (let i = 0; i < 8; i++) await this.#put('Namespace', { metadata: { name: `ns-${i}`, labels: this.#labels() } })
    for (let i = 0; i < 40; i++) await this.#workload('Deployment')
    for (let i = 0; i < 80; i++) await this.#workload('ReplicaSet')
    for (const kind of OWNERS.slice(2)) for (let i = 0; i < 10; i++) await this.#workload(kind)
    for (let i = 0; i < 40; i++) await this.#service()
    for (let i = 0; i < pods; i++) await this.#pod(true)
  }

  /** Makes one change. */
  async step(): Promise<void> {
    const steps: readonly (readonly [number, () => unknown])[] = [
      [20, () => this.#pod(this.#one([true, false]))],
      [20, () => this.#alter('Pod', pod => ({ ...pod, metadata: { ...pod.metadata, labels: this.#labels() } }))],
      [15, () => this.#alter('Pod', pod => placed(pod, this.#one(NODES), this.#count))],
      // Changes nothing that is stored.
      [10, () => this.#alter('Pod', pod => ({ ...pod, status: { ...pod.status, reason: `r${this.#count++}` } }))],
      [20, () => this.#remove('Pod')],
      [3, () => this.#relabel(this.#one(['Namespace', 'Node', 'Service', ...Object.keys(NAMES)]))],
      [3, () => this.#workload(this.#one(Object.keys(NAMES)))],
      [3, () => this.#remove(this.#one(Object.keys(NAMES)))],
      [2, () => this.#again('Namespace')],
      [2, () => this.#service()],
      [2, () => this.#remove('Service')],
      [0.3, () => this.#server.tell('compact')],
      [0.3, () => this.#server.tell('disconnect')],
    ]
    let at = this.#random() * steps.reduce((sum, [weight]) => sum + weight, 0)
    for (const [weight, step] of steps) {
      at -= weight
      if (at < 0) return void (await step())
    }
  }

  /** The expected descriptions of the node's pods, by UID. */
  async truth(): Promise<Map<string, PodDescription>> {
    const kinds = ['Pod', 'Namespace', 'Node', 'Service', ...Object.keys(NAMES)]
    const all: Record<string, any[]> = {}
    for (const kind of kinds) all[kind] = await this.#server.tell(`all ${kind}`)
    const byUid = new Map(Object.values(all).flatMap(list => list.map(one => [one.metadata.uid, one])))
    const byName = (kind: string, name: string) => all[kind]!.find(one => one.metadata.name === name)
    const short = ({ metadata: { name, uid, labels = {} } }: any) => ({ name, uid, labels })
    const pods = all.Pod!.filter(pod => pod.spec.nodeName === NODE)
    return new Map(
      pods.map(pod => {
        const { namespace, labels, ownerReferences = [] } = pod.metadata
        const [first] = ownerReferences
        const owner = first && byUid.get(first.uid)
        const second = owner?.metadata.ownerReferences?.[0]
        const owners = Object.fromEntries(
          [first, second]
            .filter(Boolean)
            .map(one => [
              NAMES[one.kind]!,
              byUid.has(one.uid) ? short(byUid.get(one.uid)) : { name: one.name, uid: one.uid },
            ]),
        )
        const services = all.Service!.filter(
          ({ metadata, spec: { selector } }) =>
            metadata.namespace === namespace &&
            selector &&
            Object.entries(selector).every(([name, value]) => labels[name] === value),
        )
        return [
          pod.metadata.uid,
          {
            ...short(pod),
            ...(pod.status?.podIP && { ip: pod.status.podIP }),
            ns: byName('Namespace', namespace) ? short(byName('Namespace', namespace)) : { name: namespace },
            node: short(byName('Node', NODE)),
            owners,
            services: services.map(short).sort((a, b) => (a.name < b.name ? -1 : 1)),
          },
        ]
      }),
    )
  }

  #one<T>(list: readonly T[]): T {
    return list[Math.floor(this.#random() * list.length)]!
  }

  #labels(): Record<string, string> {
    return {
      app: `app-${Math.floor(this.#random() * 20)}`,
      tier: this.#one(['web', 'db']),
      'pod-hash': `${this.#count++}`,
    }
  }

  async #put(kind: string, value: any): Promise<any> {
    const stored = await this.#server.tell(`put ${kind} ${JSON.stringify(value)}`)
    const list = this.#objects.get(kind) ?? []
    this.#objects.set(kind, list)
    const at = list.findIndex(one => one.metadata.name === stored.metadata.name && kind !== 'Pod')
    if (at >= 0) list[at] = stored
    else list.push(stored)
    return stored
  }

  #metadata(kind: string) {
    return {
      name: `${kind.toLowerCase()}-${this.#count++}`,
      namespace: `ns-${Math.floor(this.#random() * 8)}`,
      labels: this.#labels(),
    }
  }

  async #workload(kind: string): Promise<void> {
    const metadata = this.#metadata(kind)
    const owner = kind === 'ReplicaSet' ? this.#one(this.#objects.get('Deployment') ?? []) : undefined
    await this.#put(kind, {
      metadata: {
        ...metadata,
        ...(owner && { namespace: owner.metadata.namespace, ownerReferences: references('Deployment', owner) }),
      },
    })
  }

  async #service(): Promise<void> {
    const selector = this.#random() < 0.1 ? undefined : { app: `app-${Math.floor(this.#random() * 20)}` }
    await this.#put('Service', { metadata: this.#metadata('Service'), spec: { ...(selector && { selector }) } })
  }

  async #pod(scheduled: boolean): Promise<void> {
    const kind = this.#one(OWNERS)
    const owner = this.#random() < 0.1 ? undefined : this.#one(this.#objects.get(kind) ?? [])
    const metadata = {
      ...this.#metadata('Pod'),
      ...(owner && { namespace: owner.metadata.namespace, ownerReferences: references(kind, owner) }),
    }
    const pod = { metadata, spec: { containers: [{ name: 'x', image: 'x' }] }, status: {} }
    await this.#put('Pod', scheduled ? placed(pod, this.#one(NODES), this.#count) : pod)
  }

  async #alter(kind: string, how: (object: any) => any): Promise<void> {
    const list = this.#objects.get(kind) ?? []
    const at = Math.floor(this.#random() * list.length)
    if (list.length > 0) list[at] = await this.#server.tell(`put ${kind} ${JSON.stringify(how(list[at]))}`)
  }

  #relabel(kind: string): Promise<void> {
    return this.#alter(kind, object => ({ ...object, metadata: { ...object.metadata, labels: this.#labels() } }))
  }

  async #remove(kind: string): Promise<void> {
    const list = this.#objects.get(kind) ?? []
    if (list.length < 2) return
    const [gone] = list.splice(Math.floor(this.#random() * list.length), 1)
    await this.#server.tell(`remove ${kind} ${gone.metadata.namespace ?? '-'} ${gone.metadata.name}`)
  }

  /** Deletes an object, and creates it again under its name. */
  async #again(kind: string): Promise<void> {
    const { name } = this.#one(this.#objects.get(kind)!).metadata
    await this.#server.tell(`remove ${kind} - ${name}`)
    await this.#put(kind, { metadata: { name, labels: this.#labels() } })
  }
}

const references = (kind: string, { metadata: { name, uid } }: any) => [
  { apiVersion: 'v1', kind, name, uid, controller: true },
]

const placed = (pod: any, node: string, n: number) => ({
  ...pod,
  spec: { ...pod.spec, nodeName: node },
  status: { ...pod.status, podIP: `10.${(n >> 16) & 255}.${(n >> 8) & 255}.${n & 255}` },
})
