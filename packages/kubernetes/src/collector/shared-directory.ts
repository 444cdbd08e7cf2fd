/** The pods of a node as a collector has written them, without requests to the API server. */
import { setTimeout as sleep } from 'node:timers/promises'
import { Backoff } from '@falc/outputs'
import type { KV } from '@nats-io/kv'
import type { Change, Found } from '../directory.ts'
import type { Limits } from '../stored.ts'
import {
  ALL_PODS,
  type Bucket,
  follow,
  HEARTBEAT,
  type Heartbeat,
  heartbeatOf,
  type PodRecord,
  podsOf,
  uidOf,
} from './bucket.ts'

export interface SharedDirectoryOptions {
  /** This node, as Kubernetes names it. Default: all nodes. */
  readonly node?: string | undefined
  /** Default: 200,000 pods, 256 MiB of their JSON. */
  readonly limits?: Limits
  /** Milliseconds between two looks at the collector's heartbeat. Default 15,000. */
  readonly look?: number
  /** Milliseconds without a heartbeat after which the collector is taken for dead. Default 45,000. */
  readonly silence?: number
  readonly backoff?: { readonly first?: number; readonly max?: number }
  readonly warn?: (text: string) => void
}

/** Pods that were deleted and are still described. */
const MAX_DELETED = 1024

export class SharedDirectory {
  onChange: ((change: Change) => void) | null = null
  readonly #bucket: Bucket
  readonly #options: SharedDirectoryOptions
  readonly #pods = new Map<string, { readonly found: Found; readonly size: number }>()
  readonly #deleted = new Map<string, Found>()
  readonly #aliases = new Map<string, string>()
  readonly #names = new Map<string, string>()
  readonly #counts = { lists: 0, changes: 0, failed: 0, unreadable: 0, dropped: 0, silences: 0 }
  readonly #closing = new AbortController()
  readonly #running: Promise<void>
  #bytes = 0
  #listed = false
  /** A list is due. */
  #behind = false
  /** Why what is known may be old; undefined: it is not. */
  #doubt: string | undefined = 'no heartbeat of a collector was seen'
  /** The present doubt was reported: the one at the start is not, until it has lasted. */
  #reported = false
  /** Of the last heartbeat. */
  #mark = ''
  /** Of `performance.now()`. */
  #heard = performance.now()

  /** Begins to read. @param bucket which is closed with this */
  constructor(bucket: Bucket, options: SharedDirectoryOptions = {}) {
    this.#bucket = bucket
    this.#options = options
    this.#running = this.#run()
  }

  /** A pod that is unknown now does not exist, as far as the collector knows. */
  get podsSynced(): boolean {
    return this.#listed && !this.#behind && this.#doubt === undefined
  }

  /** Why what is known may be old. */
  get problem(): string | undefined {
    return this.#doubt
  }

  get events(): Record<string, number> {
    return { ...this.#counts, pods: this.#pods.size }
  }

  /** Resolves when the pods have been read; at the signal in any case. */
  async listed(signal: AbortSignal): Promise<void> {
    while (!this.podsSynced && !signal.aborted) await pause(20, signal)
  }

  find(uid: string): Found | undefined {
    const known = this.#pods.get(uid) ?? this.#pods.get(this.#aliases.get(uid) ?? '')
    return known?.found ?? this.#deleted.get(uid)
  }

  /** The pod that has this name, or had it last. */
  findNamed(namespace: string, name: string): Found | undefined {
    const uid = this.#names.get(`${namespace}/${name}`)
    return uid === undefined ? undefined : this.find(uid)
  }

  async close(): Promise<void> {
    this.#closing.abort()
    await this.#running
    await this.#bucket.close()
  }

  async #run(): Promise<void> {
    const { signal } = this.#closing
    const backoff = new Backoff(this.#options.backoff)
    const filter = this.#options.node === undefined ? ALL_PODS : `${podsOf(this.#options.node)}.>`
    while (!signal.aborted) {
      const round = new AbortController()
      const both = AbortSignal.any([signal, round.signal])
      try {
        const kv = await this.#bucket.open()
        const made = (await this.#beat(kv))?.made
        if (this.#behind) this.#listed = this.#behind = false
        const looking = this.#look(kv, made, both, () => round.abort())
        await follow(kv, filter, this.#follower(backoff), both)
        round.abort()
        await looking
      } catch (error) {
        round.abort()
        this.#counts.failed++
        const { message } = error as Error
        if (performance.now() - this.#heard > this.#silence) this.#suspect(message)
        await pause(backoff.next({ class: 'later', cause: 'nats', message }), signal)
      }
    }
  }

  get #silence(): number {
    return this.#options.silence ?? 45_000
  }

  #follower(backoff: Backoff) {
    return {
      present: (keys: ReadonlySet<string>) => {
        const uids = new Set([...keys].map(uidOf))
        for (const uid of [...this.#pods.keys()]) if (!uids.has(uid)) this.#remove(uid)
      },
      put: (key: string, text: string) => this.#put(uidOf(key), text),
      removed: (key: string) => this.#remove(uidOf(key)),
      listed: () => {
        this.#counts.lists++
        this.#listed = true
        backoff.reset()
      },
    }
  }

  /** Looks at the heartbeat. After a silence, or when the bucket is another one, everything is read again. */
  async #look(kv: KV, made: string | undefined, signal: AbortSignal, again: () => void): Promise<void> {
    for (let since = performance.now(); !signal.aborted; await pause(this.#options.look ?? 15_000, signal)) {
      const beat = await this.#beat(kv)
      const now = performance.now()
      if ((beat && beat.made !== made) || this.#behind) return again()
      if (now - this.#heard <= this.#silence) continue
      this.#suspect(`the collector has been silent for ${Math.round((now - this.#heard) / 1000)} s`)
      if (now - Math.max(since, this.#heard) > this.#silence) return again()
    }
  }

  /** @returns undefined: there is none */
  async #beat(kv: KV): Promise<Heartbeat | undefined> {
    const entry = await kv.get(HEARTBEAT).catch(() => null)
    if (entry?.operation !== 'PUT') return undefined
    const mark = `${entry.created.getTime()} ${entry.revision}`
    const beat = heartbeatOf(entry.string())
    if (mark !== this.#mark && !beat.begins) {
      this.#mark = mark
      this.#heard = performance.now()
      if (beat.problem === undefined) this.#trust()
      else this.#suspect(`the collector cannot follow the pods: ${beat.problem}`)
    }
    return beat
  }

  /** What was written before this heartbeat may still be on its way: a list that begins now has it. */
  #trust(): void {
    if (this.#doubt === undefined) return
    this.#doubt = undefined
    this.#reported = false
    this.#behind = true
  }

  #suspect(why: string): void {
    this.#doubt = why
    if (this.#reported) return
    this.#reported = true
    this.#counts.silences++
    this.#options.warn?.(`Kubernetes metadata may be old: ${why}`)
  }

  #put(uid: string, text: string): void {
    const { objects, bytes } = this.#options.limits ?? { objects: 200_000, bytes: 256 << 20 }
    const record = recordOf(text)
    this.#forget(uid)
    if (!record || record.description.uid !== uid) {
      this.#counts.unreadable++
      return
    }
    if (this.#pods.size >= objects || this.#bytes + text.length > bytes) {
      this.#counts.dropped++
      return
    }
    const { alias, description } = record
    this.#counts.changes++
    this.#deleted.delete(uid)
    this.#pods.set(uid, { found: record, size: text.length })
    this.#bytes += text.length
    if (alias !== undefined) this.#aliases.set(alias, uid)
    if (this.#options.node === undefined) this.#names.set(`${description.ns.name}/${description.name}`, uid)
    for (const one of [uid, alias]) if (one !== undefined) this.onChange?.({ uid: one })
  }

  #remove(uid: string): void {
    const found = this.#forget(uid)
    if (!found) return
    this.#counts.changes++
    this.#deleted.set(uid, { ...found, deleted: true })
    if (this.#deleted.size <= MAX_DELETED) return
    const [oldest, { description }] = this.#deleted.entries().next().value!
    this.#deleted.delete(oldest)
    const name = `${description.ns.name}/${description.name}`
    if (this.#names.get(name) === oldest) this.#names.delete(name)
  }

  #forget(uid: string): Found | undefined {
    const known = this.#pods.get(uid)
    if (!known) return undefined
    this.#pods.delete(uid)
    this.#bytes -= known.size
    const { alias } = known.found
    // Its successor has the same one, and comes before it goes: a collector lets the deleted stay for a while.
    if (alias !== undefined && this.#aliases.get(alias) === uid) this.#aliases.delete(alias)
    return known.found
  }
}

/** @returns undefined: that was not written by a collector */
function recordOf(text: string): PodRecord | undefined {
  try {
    const record = JSON.parse(text)
    const { name, uid, ns, owners, services } = record.description
    const isPod = typeof name === 'string' && typeof uid === 'string' && typeof ns?.name === 'string'
    return isPod && typeof owners === 'object' && Array.isArray(services) ? record : undefined
  } catch {
    return undefined
  }
}

const pause = (ms: number, signal: AbortSignal) => sleep(ms, undefined, { signal }).catch(() => {})
