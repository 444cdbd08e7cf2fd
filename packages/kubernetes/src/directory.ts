/** The pods of this node and their owners. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { KubeClient } from './client.ts'
import { named, type PodDescription, selects } from './description.ts'
import { KINDS, type Kind } from './kinds.ts'
import { Reflector, type ReflectorOptions } from './reflector.ts'
import { type Limits, Store, type Stored } from './stored.ts'

export interface DirectoryOptions extends ReflectorOptions {
  /** This node, as Kubernetes names it. Default: all nodes, and pods are found by their names, too. */
  readonly node?: string | undefined
  /** Of each kind. Default: 100,000 objects, 32 MiB. */
  readonly limits?: Limits
}

/** What may have changed: a pod, or whatever pods of a namespace (of the node: '') belong to. */
export type Change = { readonly uid: string } | { readonly namespace: string }

export interface Found {
  readonly description: PodDescription
  /** Nothing of it is on its way: its namespace and all of its owners are known. */
  readonly complete: boolean
  /** Of a static pod: the name by which the kubelet knows it. */
  readonly alias?: string
  /** It is described for a while longer, since its last events may come late. */
  readonly deleted?: true
}

/** Pods that were deleted and are still described: events of a short-lived one may come late. */
const MAX_DELETED = 1024
/** A workload of a workload: a replica set of a deployment. */
const MAX_DEPTH = 4

export class Directory {
  onChange: ((change: Change) => void) | null = null
  readonly #kinds: readonly { readonly kind: Kind; readonly store: Store; readonly reflector: Reflector }[]
  readonly #byKind = new Map<string, Store>()
  readonly #aliases = new Map<string, string>()
  readonly #deleted = new Map<string, Stored>()
  readonly #names = new Map<string, Stored>()
  /** UIDs of pods by namespace and name, deleted ones as well; undefined: only those of a node are known. */
  readonly #podNames: Map<string, string> | undefined
  /** By namespace. */
  readonly #services = new Map<string, Map<string, Stored>>()
  readonly #closing = new AbortController()
  readonly #client: KubeClient

  /** Starts to list and watch. @param client has one socket for each kind, and is closed with this */
  constructor(
    client: KubeClient,
    { node, limits = { objects: 100_000, bytes: 32 << 20 }, ...options }: DirectoryOptions,
  ) {
    this.#client = client
    this.#podNames = node === undefined ? new Map() : undefined
    this.#kinds = KINDS.map(kind => {
      const store = new Store(limits, (now, before) => this.#changed(kind, now, before))
      this.#byKind.set(kind.kind, store)
      return { kind, store, reflector: new Reflector(client, kind, store, node, options) }
    })
    for (const { reflector } of this.#kinds) void reflector.run(this.#closing.signal)
  }

  /** Every kind has been read that may be read: what is unknown now does not exist, as far as can be known. */
  get synced(): boolean {
    return this.#kinds.every(({ reflector }) => reflector.synced || reflector.problem !== undefined)
  }

  /** Pods can be described. */
  get podsSynced(): boolean {
    return this.#kinds[0]!.reflector.synced
  }

  /** Resolves when every kind has been listed, or cannot be; at the signal in any case. */
  async listed(signal: AbortSignal): Promise<void> {
    while (!this.synced && !signal.aborted) await sleep(20, undefined, { signal }).catch(() => {})
  }

  /** Objects by resource, and the bytes that they take. */
  get sizes(): Record<string, number> {
    const bytes = this.#kinds.reduce((sum, { store }) => sum + store.bytes, 0)
    return { ...Object.fromEntries(this.#kinds.map(({ kind, store }) => [kind.resource, store.objects.size])), bytes }
  }

  /** What has happened, of all kinds together. */
  get events(): Record<string, number> {
    const sums: Record<string, number> = {}
    for (const { store, reflector } of this.#kinds)
      for (const [name, count] of Object.entries({ ...reflector.counts, dropped: store.dropped }))
        sums[name] = (sums[name] ?? 0) + count
    return sums
  }

  /** Why kinds cannot be followed now, by resource. */
  get problems(): Record<string, string> {
    return Object.fromEntries(
      this.#kinds.flatMap(({ kind, reflector }) => (reflector.problem ? [[kind.resource, reflector.problem]] : [])),
    )
  }

  /** @param uid of the pod, or the name by which the kubelet knows a static one */
  find(uid: string): Found | undefined {
    const pods = this.#byKind.get('Pod')!.objects
    const alive = pods.get(uid) ?? pods.get(this.#aliases.get(uid) ?? '')
    const pod = alive ?? this.#deleted.get(uid)
    if (!pod) return undefined
    const namespace = this.#names.get(`Namespace ${pod.namespace}`)
    const node = pod.node === undefined ? undefined : this.#names.get(`Node ${pod.node}`)
    const owners: Record<string, PodDescription['services'][number]> = {}
    let missing = !namespace && this.#expects('Namespace')
    let owner = pod.owner
    for (let depth = 0; owner !== undefined && depth < MAX_DEPTH; depth++) {
      const { kind, name, uid } = owner
      const row = KINDS.find(one => one.kind === kind)
      // What is not followed, such as a node that owns its mirror pods, is nothing that fields have.
      if (row?.owns === undefined) break
      const stored = this.#byKind.get(kind)!.objects.get(uid)
      owners[row.owns] = stored ? named(stored) : { name, uid }
      missing ||= !stored && this.#expects(kind)
      owner = stored?.owner
    }
    const services = [...(this.#services.get(pod.namespace)?.values() ?? [])].filter(one => selects(one, pod))
    const description = {
      ...named(pod),
      ...(pod.ip !== undefined && { ip: pod.ip }),
      ns: namespace ? named(namespace) : { name: pod.namespace },
      ...(pod.node !== undefined && { node: node ? named(node) : { name: pod.node } }),
      owners,
      // In a fixed order, so that nothing has changed when nothing has.
      services: services.sort((a, b) => (a.name < b.name ? -1 : 1)).map(named),
    }
    const complete = !missing && !(this.#expects('Service') && !this.#reflects('Service').synced)
    const alias = pod.alias !== undefined && { alias: pod.alias }
    return { description, complete, ...alias, ...(!alive && { deleted: true }) }
  }

  /** With all nodes: the pod that has this name, or had it last. */
  findNamed(namespace: string, name: string): Found | undefined {
    const uid = this.#podNames?.get(`${namespace}/${name}`)
    return uid === undefined ? undefined : this.find(uid)
  }

  /** All pods, or those of some namespaces; of all of them with ''. */
  *uids(namespaces?: ReadonlySet<string>): Generator<string> {
    const all = namespaces === undefined || namespaces.has('')
    for (const [uid, { namespace }] of this.#byKind.get('Pod')!.objects) if (all || namespaces.has(namespace)) yield uid
  }

  close(): void {
    this.#closing.abort()
    this.#client.close()
  }

  #reflects(kind: string): Reflector {
    return this.#kinds.find(one => one.kind.kind === kind)!.reflector
  }

  /** What is missing of this kind may still come. */
  #expects(kind: string): boolean {
    const { synced, problem } = this.#reflects(kind)
    return synced ? this.#byKind.get(kind)!.dropped === 0 : problem === undefined
  }

  #changed({ kind }: Kind, now: Stored | undefined, before: Stored | undefined): void {
    const one = (now ?? before)!
    if (kind === 'Pod') {
      if (one.alias !== undefined) {
        // Another pod of this name may have come already.
        if (now) this.#aliases.set(one.alias, one.uid)
        else if (this.#aliases.get(one.alias) === one.uid) this.#aliases.delete(one.alias)
      }
      if (now) {
        this.#deleted.delete(one.uid)
        this.#podNames?.set(`${one.namespace}/${one.name}`, one.uid)
      } else this.#remember(one)
      for (const uid of [one.uid, one.alias]) if (uid !== undefined) this.onChange?.({ uid })
      return
    }
    if (kind === 'Namespace' || kind === 'Node') {
      const key = `${kind} ${one.name}`
      // Another one of this name may have come already.
      if (now) this.#names.set(key, now)
      else if (this.#names.get(key)?.uid === one.uid) this.#names.delete(key)
    }
    if (kind === 'Service') {
      let services = this.#services.get(one.namespace)
      if (!services) this.#services.set(one.namespace, (services = new Map()))
      now ? services.set(one.uid, now) : services.delete(one.uid)
      if (services.size === 0) this.#services.delete(one.namespace)
    }
    this.onChange?.({ namespace: kind === 'Namespace' ? one.name : one.namespace })
  }

  #remember(pod: Stored): void {
    this.#deleted.set(pod.uid, pod)
    if (this.#deleted.size <= MAX_DELETED) return
    const { uid, namespace, name } = this.#deleted.values().next().value!
    this.#deleted.delete(uid)
    const key = `${namespace}/${name}`
    // Another one may have the name by now.
    if (this.#podNames?.get(key) === uid && !this.#byKind.get('Pod')!.objects.has(uid)) this.#podNames.delete(key)
  }
}
