/** Follows all pods of a cluster, and writes what is known of them to a bucket, under the nodes that they are on. */
import { createHash } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { Backoff } from '@falc/outputs'
import type { KV } from '@nats-io/kv'
import type { Directory } from '../directory.ts'
import { ALL_PODS, type Bucket, follow, HEARTBEAT, type Heartbeat, type PodRecord, podKey, uidOf } from './bucket.ts'

export interface CollectorOptions {
  /** Milliseconds between two heartbeats. Default 10,000. */
  readonly heartbeat?: number
  /** Milliseconds that a deleted pod stays: a node may have lost its connection for a while. Default 60,000. */
  readonly linger?: number
  /** Milliseconds within which changes are taken together. Default 200. */
  readonly together?: number
  /** Milliseconds that the markers of deletions stay: a node that was away sees by them what is gone. Default 3,600,000. */
  readonly markers?: number
  readonly backoff?: { readonly first?: number; readonly max?: number }
  /** Told once when the bucket cannot be written, until it can be again. */
  readonly warn?: (text: string) => void
}

/** Writes at the same time. */
const AT_ONCE = 64
const MARKERS = 3_600_000

export class Collector {
  readonly counts = { written: 0, unchanged: 0, deleted: 0, failed: 0, unreadable: 0, reads: 0 }
  readonly #directory: Directory
  readonly #bucket: Bucket
  readonly #options: CollectorOptions
  readonly #dirty = new Set<string>()
  readonly #namespaces = new Set<string>()
  /** What the bucket has, by UID. */
  readonly #written = new Map<string, { readonly key: string; readonly digest: string }>()
  /** Keys of what was deleted, and since when. */
  readonly #markers = new Map<string, number>()
  /** When those go that were deleted. */
  readonly #leaving = new Map<string, number>()

  /** @param directory of all nodes. Neither it nor the bucket is closed with this */
  constructor(directory: Directory, bucket: Bucket, options: CollectorOptions = {}) {
    this.#directory = directory
    this.#bucket = bucket
    this.#options = options
    directory.onChange = change => {
      if ('uid' in change) this.#dirty.add(change.uid)
      else this.#namespaces.add(change.namespace)
    }
  }

  /** Pods that the bucket has. */
  get size(): number {
    return this.#written.size
  }

  /** Until the signal. Never rejects. */
  async run(signal: AbortSignal): Promise<void> {
    const { together = 200, warn } = this.#options
    const backoff = new Backoff(this.#options.backoff)
    // Whoever deletes what is not listed must know that the list is one.
    const ready = () => this.#directory.podsSynced && this.#directory.synced
    while (!ready() && !signal.aborted) await pause(together, signal)
    let failures = 0
    while (!signal.aborted) {
      try {
        const kv = await this.#bucket.open()
        const made = (await kv.status()).streamInfo.created
        await this.#read(kv, signal)
        for (let beat = 0; !signal.aborted; await pause(together, signal)) {
          await this.#flush(kv)
          const now = performance.now()
          if (beat === 0 || now - beat >= (this.#options.heartbeat ?? 10_000)) {
            await kv.put(HEARTBEAT, JSON.stringify(this.#heartbeat(made)))
            beat = now
            failures = 0
            backoff.reset()
          }
          await this.#sweep(now)
        }
      } catch (error) {
        const { message } = error as Error
        this.counts.failed++
        if (++failures === 2) warn?.(`the bucket cannot be written: ${message}`)
        await pause(backoff.next({ class: 'later', cause: 'nats', message }), signal)
      }
    }
  }

  #heartbeat(made: string): Heartbeat {
    const problem = this.#directory.problems.pods
    return { made, pods: this.#written.size, ...(problem !== undefined && { problem }) }
  }

  /** What the bucket has: a collector before this one may have left it, or somebody has emptied it. */
  async #read(kv: KV, signal: AbortSignal): Promise<void> {
    this.counts.reads++
    this.#written.clear()
    const done = new AbortController()
    await follow(
      kv,
      ALL_PODS,
      {
        present: () => {},
        put: (key, text) => this.#written.set(uidOf(key), { key, digest: digestOf(text) }),
        removed: key => {
          this.#written.delete(uidOf(key))
          this.#markers.set(key, performance.now())
        },
        listed: () => done.abort(),
      },
      AbortSignal.any([signal, done.signal]),
    )
    for (const uid of this.#written.keys()) this.#dirty.add(uid)
    for (const uid of this.#directory.uids()) this.#dirty.add(uid)
  }

  async #flush(kv: KV): Promise<void> {
    const { linger = 60_000 } = this.#options
    if (this.#namespaces.size > 0) {
      for (const uid of this.#directory.uids(this.#namespaces)) this.#dirty.add(uid)
      this.#namespaces.clear()
    }
    const now = performance.now()
    for (const [uid, due] of this.#leaving) if (due <= now) this.#dirty.add(uid)
    const dirty = [...this.#dirty]
    this.#dirty.clear()
    for (let from = 0; from < dirty.length; from += AT_ONCE)
      await Promise.all(dirty.slice(from, from + AT_ONCE).map(uid => this.#write(kv, uid, now + linger)))
  }

  /** @param due when it goes, if it was deleted only now */
  async #write(kv: KV, uid: string, due: number): Promise<void> {
    const found = this.#directory.find(uid)
    const before = this.#written.get(uid)
    const key = found && !found.deleted ? podKey(found.description) : undefined
    if (key === undefined) {
      if (found && !found.deleted && found.description.node) this.counts.unreadable++
      if (!before) return
      const leaves = this.#leaving.get(uid) ?? due
      this.#leaving.set(uid, leaves)
      if (leaves > performance.now()) return
      await this.#delete(kv, before.key)
      this.#leaving.delete(uid)
      this.#written.delete(uid)
      this.counts.deleted++
      return
    }
    this.#leaving.delete(uid)
    // By its other name, it is the same pod.
    if (found!.description.uid !== uid) return
    const { description, complete, alias } = found!
    const text = JSON.stringify({ description, complete, ...(alias !== undefined && { alias }) } satisfies PodRecord)
    const digest = digestOf(text)
    if (before?.key === key && before.digest === digest) {
      this.counts.unchanged++
      return
    }
    await kv.put(key, text)
    if (before && before.key !== key) await this.#delete(kv, before.key)
    this.#markers.delete(key)
    this.#written.set(uid, { key, digest })
    this.counts.written++
  }

  async #delete(kv: KV, key: string): Promise<void> {
    await kv.delete(key)
    this.#markers.set(key, performance.now())
  }

  /** The oldest are the first. */
  async #sweep(now: number): Promise<void> {
    for (const [key, since] of this.#markers) {
      if (now - since < (this.#options.markers ?? MARKERS)) return
      await this.#bucket.sweep(key)
      this.#markers.delete(key)
    }
  }
}

const digestOf = (text: string) => createHash('sha1').update(text).digest('base64')

const pause = (ms: number, signal: AbortSignal) => sleep(ms, undefined, { signal }).catch(() => {})
