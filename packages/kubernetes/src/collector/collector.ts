/**
 * Follows all pods of a cluster and writes their descriptions to a bucket, by node. Of several collectors one writes, and the others wait
 * (lease.ts).
 */
import { createHash, randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { Backoff } from '@falc/outputs'
import type { KV } from '@nats-io/kv'
import type { Directory } from '../directory.ts'
import { ALL_PODS, type Bucket, follow, type Heartbeat, type PodRecord, podKey, uidOf } from './bucket.ts'
import { Lease, LeaseLost, unlessLost } from './lease.ts'

export interface CollectorOptions {
  /** Milliseconds between two heartbeats. Default 10,000. */
  readonly heartbeat?: number
  /** Milliseconds without a heartbeat after which another collector takes over. Default 30,000. */
  readonly expiry?: number
  /** Milliseconds between two looks of one that waits. Default 2000. */
  readonly look?: number
  /** Milliseconds that a deleted pod stays: a node may have lost its connection for a while. Default 60,000. */
  readonly linger?: number
  /** Milliseconds within which changes are taken together. Default 200. */
  readonly together?: number
  /** Milliseconds that the markers of deletions stay: a node that was away sees by them what is gone. Default 3,600,000. */
  readonly markers?: number
  readonly backoff?: { readonly first?: number; readonly max?: number }
  /** Called once when the bucket cannot be written, until it can be again. */
  readonly warn?: (text: string) => void
  /** Called when this collector begins to write and when it begins to wait. */
  readonly inform?: (text: string) => void
}

/** Writes at the same time. */
const AT_ONCE = 64
const MARKERS = 3_600_000
const HEARTBEAT_MS = 10_000
const EXPIRY_MS = 30_000
const LOOK_MS = 2000

/** What the bucket has of a pod. */
interface Written {
  readonly key: string
  readonly digest: string
  readonly revision: number
}

export class Collector {
  readonly counts = { written: 0, unchanged: 0, deleted: 0, failed: 0, unreadable: 0, reads: 0, leaseLost: 0 }
  /** Whether this collector is the one that writes. */
  leads = false
  readonly #directory: Directory
  readonly #bucket: Bucket
  readonly #options: CollectorOptions
  readonly #dirty = new Set<string>()
  readonly #namespaces = new Set<string>()
  /** What the bucket has, by UID. */
  readonly #written = new Map<string, Written>()
  /** Keys of what was deleted, and since when. */
  readonly #markers = new Map<string, number>()
  /** When those go that were deleted. */
  readonly #leaving = new Map<string, number>()

  readonly #holder = randomUUID()
  readonly #lease: Lease
  /** When the last heartbeat was made, of `performance.now()`. */
  #beaten = 0

  /** @param directory of all nodes. Neither it nor the bucket is closed with this */
  constructor(directory: Directory, bucket: Bucket, options: CollectorOptions = {}) {
    this.#directory = directory
    this.#bucket = bucket
    this.#options = options
    this.#lease = new Lease(options.expiry ?? EXPIRY_MS)
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
    const { warn } = this.#options
    const backoff = new Backoff(this.#options.backoff)
    let failures = 0
    while (!signal.aborted) {
      try {
        await this.#round(signal, () => {
          failures = 0
          backoff.reset()
        })
      } catch (error) {
        this.leads = false
        if (error instanceof LeaseLost) {
          this.counts.leaseLost++
          await pause(this.#options.look ?? LOOK_MS, signal)
          continue
        }
        const { message } = error as Error
        this.counts.failed++
        if (++failures === 2) warn?.(`the bucket cannot be written: ${message}`)
        await pause(backoff.next({ class: 'later', cause: 'nats', message }), signal)
      }
    }
  }

  /**
   * Waits for the lease, then writes until the signal.
   * @param wrote called after each heartbeat
   * @throws {LeaseLost} @throws {Error} when the bucket does not answer
   */
  async #round(signal: AbortSignal, wrote: () => void): Promise<void> {
    const { together = 200, heartbeat = HEARTBEAT_MS } = this.#options
    // Entries that are not listed are deleted only if the list is known to be complete.
    const ready = () => this.#directory.podsSynced && this.#directory.synced
    while (!ready() && !signal.aborted) await pause(together, signal)
    const kv = await this.#bucket.open()
    const made = (await kv.status()).streamInfo.created
    if (!(await this.#lead(kv, made, signal))) return
    await this.#read(kv, signal)
    for (this.#beaten = 0; !signal.aborted; await pause(together, signal)) {
      await this.#flush(kv, made)
      const now = performance.now()
      if (now - this.#beaten >= heartbeat || this.#beaten === 0) {
        await this.#beat(kv, this.#heartbeat(made))
        wrote()
      }
      await this.#sweep(now)
    }
    this.leads = false
    await this.#lease.release(kv)
  }

  /** @returns whether this collector is to write; false at the signal */
  async #lead(kv: KV, made: string, signal: AbortSignal): Promise<boolean> {
    const { look = LOOK_MS, inform } = this.#options
    for (let looks = 0; !signal.aborted; looks++) {
      const isWell = this.#directory.problems.pods === undefined
      if (isWell && (await this.#lease.take(kv, { ...this.#heartbeat(made), begins: true }))) {
        this.leads = true
        inform?.('this collector writes')
        return true
      }
      if (looks === 0) inform?.('another collector writes; this one waits')
      await pause(look, signal)
      // A new writer compares all pods.
      this.#dirty.clear()
      this.#namespaces.clear()
    }
    return false
  }

  async #beat(kv: KV, beat: Heartbeat): Promise<void> {
    await this.#lease.renew(kv, beat)
    this.#beaten = performance.now()
  }

  #heartbeat(made: string): Heartbeat {
    const problem = this.#directory.problems.pods
    return { made, holder: this.#holder, pods: this.#written.size, ...(problem !== undefined && { problem }) }
  }

  /** What the bucket has: a collector before this one may have left it, or it was emptied meanwhile. */
  async #read(kv: KV, signal: AbortSignal): Promise<void> {
    this.counts.reads++
    this.#written.clear()
    const done = new AbortController()
    await follow(
      kv,
      ALL_PODS,
      {
        present: () => {},
        put: (key, text, revision) => this.#written.set(uidOf(key), { key, digest: digestOf(text), revision }),
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

  async #flush(kv: KV, made: string): Promise<void> {
    const { linger = 60_000, heartbeat = HEARTBEAT_MS } = this.#options
    if (this.#namespaces.size > 0) {
      for (const uid of this.#directory.uids(this.#namespaces)) this.#dirty.add(uid)
      this.#namespaces.clear()
    }
    const now = performance.now()
    for (const [uid, due] of this.#leaving) if (due <= now) this.#dirty.add(uid)
    const dirty = [...this.#dirty]
    this.#dirty.clear()
    const begins = this.#beaten === 0
    for (let from = 0, beaten = now; from < dirty.length; from += AT_ONCE) {
      await Promise.all(dirty.slice(from, from + AT_ONCE).map(uid => this.#write(kv, uid, now + linger)))
      if (performance.now() - beaten < heartbeat) continue
      // Many pods take longer than the lease.
      await this.#lease.renew(kv, { ...this.#heartbeat(made), ...(begins && { begins }) })
      beaten = performance.now()
    }
  }

  /** @param due when it goes, if it was deleted only now */
  async #write(kv: KV, uid: string, due: number): Promise<void> {
    const found = this.#directory.find(uid)
    const before = this.#written.get(uid)
    const key = found && !found.deleted ? podKey(found.description) : undefined
    if (key === undefined) {
      if (found && !found.deleted && found.description.node) this.counts.unreadable++
      if (!before) {
        // Another collector may have deleted it meanwhile.
        this.#leaving.delete(uid)
        return
      }
      const leaves = this.#leaving.get(uid) ?? due
      this.#leaving.set(uid, leaves)
      if (leaves > performance.now()) return
      await this.#delete(kv, before)
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
    const moved = before && before.key !== key
    const revision = await unlessLost(before && !moved ? kv.update(key, text, before.revision) : kv.create(key, text))
    if (moved) await this.#delete(kv, before)
    this.#markers.delete(key)
    this.#written.set(uid, { key, digest, revision })
    this.counts.written++
  }

  async #delete(kv: KV, { key, revision }: Written): Promise<void> {
    await unlessLost(kv.delete(key, { previousSeq: revision }))
    this.#markers.set(key, performance.now())
  }

  /** The oldest are the first. Those that were found at the start are due together: no heartbeat waits for all of them. */
  async #sweep(now: number): Promise<void> {
    const { markers = MARKERS, heartbeat = HEARTBEAT_MS } = this.#options
    for (const [key, since] of this.#markers) {
      if (now - since < markers || performance.now() - now >= heartbeat) return
      await this.#bucket.sweep(key)
      this.#markers.delete(key)
    }
  }
}

const digestOf = (text: string) => createHash('sha1').update(text).digest('base64')

const pause = (ms: number, signal: AbortSignal) => sleep(ms, undefined, { signal }).catch(() => {})
