/** Mirrors the objects of one kind from the API server: a list, then a watch; after a gap, another list. */
import { setTimeout as sleep, setImmediate as turn } from 'node:timers/promises'
import { Backoff } from '@falc/outputs'
import { type KubeAnswer, type KubeClient, pathOf } from './client.ts'
import type { Kind } from './kinds.ts'
import { type Store, storedOf } from './stored.ts'

export interface ReflectorOptions {
  /** Objects of an answer to a list, at most: each answer is parsed at one go. */
  readonly page?: number
  /** Seconds after which the server ends a watch, at least; at most twice as many. Default 300. */
  readonly watchSeconds?: number
  /** Milliseconds before an attempt after a failure, as of `Backoff`. */
  readonly backoff?: { readonly first?: number; readonly max?: number }
  /** As Math.random. */
  readonly random?: () => number
  /** Called once when a kind cannot be followed, until it can be again. */
  readonly warn?: (text: string) => void
}

/** An object of the API server has one and a half million bytes at most. */
const MAX_LINE = 4 << 20
/** Seconds that a server may be late with the end of a watch. */
const GRACE = 30
/** Milliseconds: a watch that is shorter and says nothing has failed. */
const BRIEF = 1000
const GONE = 410
/** Failures in sequence: a connection that breaks is nothing unusual. */
const WORTH_A_WARNING = 3

export class Reflector {
  readonly counts = { lists: 0, watches: 0, changes: 0, expired: 0, failed: 0, unreadable: 0 }
  /** A list has been read to its end at least once. */
  synced = false
  /** Why the last attempt failed; undefined: it did not. */
  problem: string | undefined
  readonly kind: Kind
  readonly #client: KubeClient
  readonly #store: Store
  readonly #selector: Readonly<Record<string, string>>
  readonly #options: ReflectorOptions
  readonly #backoff: Backoff

  /** @param node whose objects are wanted, of kinds that belong to nodes; undefined: all */
  constructor(client: KubeClient, kind: Kind, store: Store, node: string | undefined, options: ReflectorOptions = {}) {
    this.kind = kind
    this.#client = client
    this.#store = store
    this.#selector = kind.byNode === undefined || node === undefined ? {} : { fieldSelector: `${kind.byNode}=${node}` }
    this.#options = options
    this.#backoff = new Backoff(options.backoff, options.random)
  }

  /** Until the signal. Never rejects. */
  async run(signal: AbortSignal): Promise<void> {
    let version: string | undefined
    while (!signal.aborted) {
      const watching = version !== undefined
      version = version === undefined ? await this.#list(signal) : await this.#watch(version, signal)
      if (signal.aborted) return
      if (this.problem !== undefined) await this.#pause(this.problem, signal)
      // A list alone is no success: the watch after it may fail each time.
      else if (watching) {
        this.#backoff.reset()
        this.#failures = 0
      }
    }
  }

  async #pause(message: string, signal: AbortSignal): Promise<void> {
    this.counts.failed++
    if (++this.#failures === WORTH_A_WARNING) this.#options.warn?.(`Kubernetes metadata: ${message}`)
    const after = this.#after !== undefined && { after: this.#after }
    const pause = this.#backoff.next({ class: 'later', cause: 'kubernetes', message, ...after })
    await sleep(pause, undefined, { signal }).catch(() => {})
  }

  /** In sequence. */
  #failures = 0
  /** Milliseconds that the server asks to wait. */
  #after: number | undefined

  get #place() {
    const { group, version, resource } = this.kind
    return pathOf({ group, version, resource, name: '' })
  }

  #accept(what: string): string {
    return this.kind.whole
      ? 'application/json'
      : `application/json;as=${what};g=meta.k8s.io;v=v1, application/json;q=0.9`
  }

  /** @returns the version of the list; undefined: there is none, for the problem that is set then */
  async #list(signal: AbortSignal): Promise<string | undefined> {
    const seen = new Set<string>()
    const most = this.#options.page ?? (this.kind.whole ? 50 : 250)
    let limit = most
    let version: string | undefined
    let more = ''
    const ask = () => {
      const query = { limit: String(limit), ...this.#selector, ...(more !== '' && { continue: more }) }
      return this.#read({ query, accept: this.#accept('PartialObjectMetadataList') }, signal)
    }
    do {
      let answer = await ask()
      // Whoever may create objects chooses their size: of large ones, an answer has fewer.
      while (answer?.cut && limit > 1) {
        limit = Math.ceil(limit / 2)
        answer = await ask()
      }
      if (answer === undefined) return undefined
      if (answer.cut) return this.#failed(`the answer of ${this.#place} was cut off`)
      const { items, metadata } = answer.body ?? {}
      if (!Array.isArray(items) || typeof metadata?.resourceVersion !== 'string')
        return this.#failed(`the answer of ${this.#place} is not a list`)
      for (const item of items) {
        const stored = storedOf(item)
        if (!stored) this.counts.unreadable++
        else {
          seen.add(stored.uid)
          this.#store.put(stored)
        }
      }
      version = metadata.resourceVersion
      more = typeof metadata.continue === 'string' ? metadata.continue : ''
      limit = Math.min(2 * limit, most)
      // Events wait for the main thread, too.
      await turn()
    } while (more !== '' && !signal.aborted)
    if (signal.aborted) return undefined
    for (const uid of this.#store.objects.keys()) if (!seen.has(uid)) this.#store.remove(uid)
    this.counts.lists++
    this.synced = true
    this.problem = undefined
    return version
  }

  /** @returns the version up to which nothing was missed; undefined: something may have been, only a list can tell */
  async #watch(from: string, signal: AbortSignal): Promise<string | undefined> {
    const seconds = Math.ceil((this.#options.watchSeconds ?? 300) * (1 + (this.#options.random ?? Math.random)()))
    const ending = new AbortController()
    // A connection that is dead says nothing at all.
    const silence = setTimeout(() => ending.abort(), (seconds + GRACE) * 1000)
    const began = performance.now()
    let version: string | undefined = from
    let heard = false
    let ended: NodeJS.Immediate | undefined
    this.problem = undefined
    const lines = linesOf(MAX_LINE, text => {
      if (version === undefined) return
      version = text === undefined ? this.#unreadable() : this.#take(text)
      // Deferred: while a chunk is read, the end of the answer may free the connection, whose error would then be unhandled.
      if (version === undefined) ended ??= setImmediate(() => ending.abort())
      else heard = true
    })
    const query = {
      watch: 'true',
      allowWatchBookmarks: 'true',
      resourceVersion: from,
      timeoutSeconds: String(seconds),
      ...this.#selector,
    }
    this.counts.watches++
    const both = AbortSignal.any([signal, ending.signal])
    const answer = await this.#read({ query, accept: this.#accept('PartialObjectMetadata'), each: lines }, both)
    clearTimeout(silence)
    clearImmediate(ended)
    if (version === undefined || ending.signal.aborted) return version
    // Otherwise the server has ended it, or the connection: what was heard is valid.
    if (answer === undefined) return this.#expired ? undefined : version
    if (!heard && performance.now() - began < BRIEF) this.problem = 'a watch ended at once'
    return version
  }

  /** The last answer said that the version is too old. */
  #expired = false

  /** One event. @returns the version after it; undefined: what was missed cannot be known */
  #take(text: string): string | undefined {
    let event: any
    try {
      event = JSON.parse(text)
    } catch {
      return this.#unreadable()
    }
    const { type, object } = event ?? {}
    if (type === 'ERROR') {
      if (object?.code === GONE) this.counts.expired++
      return this.#failed(
        `${object?.code ?? ''} ${object?.reason ?? ''}: ${String(object?.message ?? '').slice(0, 200)}`,
      )
    }
    const next = object?.metadata?.resourceVersion
    if (typeof next !== 'string') return this.#unreadable()
    if (type === 'BOOKMARK') return next
    const stored = storedOf(object)
    if (!stored || (type !== 'ADDED' && type !== 'MODIFIED' && type !== 'DELETED')) return this.#unreadable()
    this.counts.changes++
    if (type === 'DELETED') this.#store.remove(stored.uid)
    else this.#store.put(stored)
    return next
  }

  #unreadable(): undefined {
    this.counts.unreadable++
    return this.#failed('what the API server sends is unreadable')
  }

  #failed(problem: string): undefined {
    this.problem = problem
    return undefined
  }

  /** @returns undefined: it was refused, or there was no answer */
  async #read(
    request: Omit<Parameters<KubeClient['read']>[0], 'path'>,
    signal: AbortSignal,
  ): Promise<KubeAnswer | undefined> {
    const answer = await this.#client.read({ path: this.#place, ...request }, signal)
    this.#expired = answer.status === GONE
    this.#after = answer.after
    if (this.#expired) this.counts.expired++
    if (answer.status === 200) return answer
    const said = answer.problem ?? `${answer.status} ${answer.body?.reason ?? ''}: ${answer.body?.message ?? ''}`
    return this.#failed(`${this.#place}: ${said.slice(0, 300)}`)
  }
}

/** Cuts pieces into lines. undefined: a line was too long; nothing follows. */
export function linesOf(max: number, line: (text: string | undefined) => void): (piece: Buffer) => void {
  let begun: Buffer[] = []
  let size = 0
  return piece => {
    let from = 0
    for (let end = piece.indexOf(10); end >= 0; end = piece.indexOf(10, from)) {
      begun.push(piece.subarray(from, end))
      const text = Buffer.concat(begun).toString()
      begun = []
      size = 0
      from = end + 1
      if (text !== '') line(text)
    }
    if (size > max) return
    begun.push(piece.subarray(from))
    size += piece.length - from
    if (size > max) {
      begun = []
      line(undefined)
    }
  }
}
