/** The key-value bucket of JetStream that a collector writes and nodes follow. */
import type { NatsLogin } from '@falc/outputs'
import { stayConnected } from '@falc/outputs/nats'
import type { JetStreamManager } from '@nats-io/jetstream'
import type { KV } from '@nats-io/kv'
import type { NatsConnection } from '@nats-io/transport-node'
import type { PodDescription } from '../description.ts'

/** What is stored of a pod. */
export interface PodRecord {
  readonly description: PodDescription
  readonly complete: boolean
  /** Of a static pod: the name that the kubelet gives its control groups. */
  readonly alias?: string
}

/** What is stored under `HEARTBEAT`, again and again, by the collector that writes (lease.ts). */
export interface Heartbeat {
  readonly holder?: string
  /** When the bucket was made: another one of the name has another time. */
  readonly made: string
  readonly pods: number
  /** Why the collector cannot follow the pods at present. */
  readonly problem?: string
  /** It has only begun: what the bucket has may be old. */
  readonly begins?: boolean
}

export function heartbeatOf(text: string): Heartbeat {
  try {
    const beat = JSON.parse(text)
    if (typeof beat?.made === 'string') return beat
  } catch {
    // Below.
  }
  return { made: '', pods: 0, problem: 'its heartbeat is unreadable' }
}

export const DEFAULT_BUCKET = 'falc-metadata'
export const HEARTBEAT = 'collector'
export const ALL_PODS = 'pods.>'

/** Names of nodes have dots, which separate the parts of a key, and no `_`. */
export const podsOf = (node: string): string => `pods.${node.replaceAll('.', '_')}`

const KEY = /^pods\.[\w-]+\.[\w-]+$/

/** @returns undefined: the API server would not have taken such a name */
export function podKey({ uid, node }: PodDescription): string | undefined {
  const key = node && `${podsOf(node.name)}.${uid}`
  return key !== undefined && KEY.test(key) ? key : undefined
}

export const uidOf = (key: string): string => key.slice(key.lastIndexOf('.') + 1)

export interface BucketOptions {
  readonly connection: NatsLogin
  readonly bucket: string
  /** Creates it with this many replicas unless it exists. Default: it has to exist. */
  readonly create?: { readonly replicas: number }
}

/** A connection that reconnects automatically, and the bucket behind it. */
export class Bucket {
  readonly #options: BucketOptions
  #connecting: Promise<NatsConnection> | undefined
  #manager: JetStreamManager | undefined
  #closed = false

  constructor(options: BucketOptions) {
    this.#options = options
  }

  /** @throws {OutputError} when there is no connection @throws {Error} when there is no bucket */
  async open(): Promise<KV> {
    const { bucket, create } = this.#options
    const connection = await this.#connection()
    const [{ jetstream }, { Kvm }] = await Promise.all([import('@nats-io/jetstream'), import('@nats-io/kv')])
    const kvm = new Kvm(jetstream(connection, { timeout: TIMEOUT }))
    if (create) return kvm.create(bucket, { history: 1, replicas: create.replicas })
    const kv = await kvm.open(bucket)
    // It is not asked for before it is needed.
    await kv.status()
    return kv
  }

  /** Removes what the deletion of a key has left. @throws {Error} when the server does not answer */
  async sweep(key: string): Promise<void> {
    const { bucket } = this.#options
    const { jetstreamManager } = await import('@nats-io/jetstream')
    this.#manager ??= await jetstreamManager(await this.#connection(), { timeout: TIMEOUT })
    await this.#manager.streams.purge(`KV_${bucket}`, { filter: `$KV.${bucket}.${key}` })
  }

  async close(): Promise<void> {
    this.#closed = true
    await (await this.#connecting?.catch(() => undefined))?.close()
  }

  async #connection(): Promise<NatsConnection> {
    if (this.#closed) throw new Error('closed')
    this.#connecting ??= stayConnected(this.#options.connection, 'metadata', {
      ...{ reconnectTimeWait: 500, reconnectJitter: 500 },
    })
    try {
      return await this.#connecting
    } catch (error) {
      this.#connecting = undefined
      throw error
    }
  }
}

const TIMEOUT = 5000

export interface Follower {
  /** The keys that there are: all others are gone. */
  present(keys: ReadonlySet<string>): void
  put(key: string, text: string, revision: number): void
  removed(key: string): void
  /** Everything that was there has been reported. */
  listed(): void
}

/** Milliseconds within which something comes while there is something to come. */
const SILENCE = 10_000

/** Yields all entries under the keys of a filter, and then every change, until the signal. @throws {Error} when the server does not answer */
export async function follow(kv: KV, filter: string, follower: Follower, signal: AbortSignal): Promise<void> {
  const missing = new Set<string>()
  for await (const key of bounded(await kv.keys(filter), signal, () => true)) missing.add(key)
  if (signal.aborted) return
  follower.present(missing)
  const entries = await kv.watch({ key: filter })
  if (missing.size === 0) follower.listed()
  for await (const entry of bounded(entries, signal, () => missing.size > 0)) {
    if (entry.operation === 'PUT') follower.put(entry.key, entry.string(), entry.revision)
    else follower.removed(entry.key)
    if (missing.delete(entry.key) && missing.size === 0) follower.listed()
  }
}

/** Until the signal. What is read may be gone, and then nothing ends by itself. @throws {Error} when nothing comes although something should */
async function* bounded<T>(
  entries: AsyncIterable<T> & { stop(): void },
  signal: AbortSignal,
  more: () => boolean,
): AsyncGenerator<T, void> {
  let late = false
  const stop = () => entries.stop()
  const watchdog = setInterval(() => {
    late = idle && more()
    if (late) stop()
    idle = true
  }, SILENCE)
  let idle = false
  signal.addEventListener('abort', stop, { once: true })
  if (signal.aborted) stop()
  try {
    for await (const entry of entries) {
      idle = false
      yield entry
    }
  } finally {
    clearInterval(watchdog)
    signal.removeEventListener('abort', stop)
  }
  if (late) throw new Error('the bucket does not answer')
}
