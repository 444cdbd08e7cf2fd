import type { Announced, ContainerDescription } from './description.ts'
import type { Announcement, Engine } from './engine.ts'
import type { Engines } from './engines.ts'
import { LookupError, type LookupReason, lookupError } from './failure.ts'

/** A container whose metadata is wanted. */
export interface Wanted {
  readonly fullId: string
  /** The runtime, according to the layout of its control group. */
  readonly runtime: string
  /** The user who owns its part of the control group hierarchy; null = the system. */
  readonly owner: number | null
  /** The engine that runs it, if known. */
  readonly engine?: Engine
}

export interface LookupOptions {
  /** Maximum number of concurrent look-ups per runtime. */
  readonly concurrency?: number
  /** Maximum number of queued look-ups per runtime. */
  readonly queue?: number
  /** Timeout for one engine's answer, in milliseconds. */
  readonly timeout?: number
  /** Maximum number of attempts per look-up. */
  readonly attempts?: number
  /** Milliseconds before the second attempt; doubled for each further one, up to two seconds. */
  readonly backoff?: number
}

/** Completed look-ups by outcome. `from-event`: the engine no longer knew the container, so its announcement was used. */
export type LookupCounts = Record<'found' | 'from-event' | LookupReason, number>

/** Called when a look-up ends: `reason` is set if nothing was found. */
export type LookupEnd<W> = (wanted: W, found: Announced | null, reason: LookupReason | null) => void

const MAX_BACKOFF = 2000
/** Milliseconds between consecutive look-ups of one user's containers. */
const USERS_INTERVAL = 50
/** Number of attempts after which the announcement is used: the engine may no longer grant access. */
const ENOUGH = 4

/** Failures that a retry may resolve: the container is being created, or the engine is starting or busy. */
const TEMPORARY: Readonly<Record<LookupReason, boolean>> = {
  'no-socket': false,
  refused: true,
  'not-found': true,
  timeout: true,
  'bad-answer': false,
  'queue-full': false,
}

/** How informative a failure is: if several engines fail, the most informative failure is reported. */
const WEIGHT: Readonly<Record<LookupReason, number>> = {
  'no-socket': 0,
  'queue-full': 0,
  'not-found': 1,
  refused: 2,
  'bad-answer': 3,
  timeout: 4,
}

/** The look-ups for one runtime and owner, kept separate so that an engine that hangs does not delay the others. */
interface Lane<W> {
  running: number
  /** None may begin yet. */
  resting: boolean
  readonly waiting: W[]
}

/** Looks up containers in the engines with limited concurrency, and retries temporary failures. */
export class Lookups<W extends Wanted = Wanted> {
  readonly counts: LookupCounts = {
    found: 0,
    'from-event': 0,
    'no-socket': 0,
    refused: 0,
    'not-found': 0,
    timeout: 0,
    'bad-answer': 0,
    'queue-full': 0,
  }
  readonly #engines: Engines
  readonly #options: Required<LookupOptions>
  readonly #done: LookupEnd<W>
  readonly #announced: (wanted: Wanted) => Announcement | undefined
  readonly #lanes = new Map<string, Lane<W>>()
  /** Functions that end the pauses. */
  readonly #pauses = new Set<() => void>()
  /** Those that end the pauses between attempts for the system's containers, by container id. */
  readonly #retries = new Map<string, () => void>()
  readonly #closing = new AbortController()

  /**
   * `done` is called once for each container, never from within `start`.
   * @param announced returns the engines' announcement of a container
   */
  constructor(
    engines: Engines,
    done: LookupEnd<W>,
    options: LookupOptions = {},
    announced: (wanted: Wanted) => Announcement | undefined = () => undefined,
  ) {
    this.#engines = engines
    this.#done = done
    this.#announced = announced
    this.#options = { concurrency: 4, queue: 1024, timeout: 2000, attempts: 8, backoff: 10, ...options }
  }

  /** Number of look-ups that have not ended. */
  get pending(): number {
    let sum = 0
    for (const { running, waiting } of this.#lanes.values()) sum += running + waiting.length
    return sum
  }

  start(wanted: W): void {
    if (this.#closing.signal.aborted) return
    const key = `${wanted.runtime} ${wanted.owner ?? ''}`
    let lane = this.#lanes.get(key)
    if (lane === undefined) this.#lanes.set(key, (lane = { running: 0, resting: false, waiting: [] }))
    const room = wanted.owner === null ? this.#options.concurrency : 1
    if (lane.running < room && !lane.resting) void this.#run(wanted, lane)
    else if (lane.waiting.length < this.#options.queue) lane.waiting.push(wanted)
    else setImmediate(() => this.#end(wanted, null, 'queue-full'))
  }

  /** The system's container was announced: if its look-up is waiting to retry, it retries now. */
  wake(fullId: string): void {
    this.#retries.get(fullId)?.()
  }

  close(): void {
    this.#closing.abort()
    for (const { waiting } of this.#lanes.values()) waiting.length = 0
    for (const end of [...this.#pauses]) end()
  }

  async #run(wanted: W, lane: Lane<W>): Promise<void> {
    lane.running++
    try {
      const { attempts, backoff } = this.#options
      const seen = this.#peek(wanted)
      for (let attempt = 1; ; attempt++) {
        const outcome = await this.#ask(wanted)
        if (this.#closing.signal.aborted) return
        if (!('reason' in outcome)) return this.#end(wanted, outcome, null)
        const { reason } = outcome as LookupError
        const last = !TEMPORARY[reason] || attempt >= attempts
        const known = this.#announced(wanted)
        // If an engine does not know a container that it has announced, it has removed it for good.
        if (known !== undefined && (last || reason === 'not-found' || attempt >= ENOUGH)) {
          const container = { ...(await this.#withImage(known)), ...(await seen) }
          if (!this.#closing.signal.aborted) this.#end(wanted, container, null, 'from-event')
          return
        }
        if (last) return this.#end(wanted, null, reason)
        const retry = this.#pause(Math.min(backoff * 2 ** (attempt - 1), MAX_BACKOFF))
        if (wanted.owner === null) this.#retries.set(wanted.fullId, retry.end)
        await retry.ended
      }
    } finally {
      if (wanted.owner === null) this.#retries.delete(wanted.fullId)
      lane.running--
      // A user can create any number of containers, with answers of the maximum length.
      lane.resting = wanted.owner !== null
      if (lane.resting) await this.#pause(USERS_INTERVAL).ended
      lane.resting = false
      const next = lane.waiting.shift()
      if (next !== undefined) void this.#run(next, lane)
    }
  }

  /** One attempt: queries the engine that announced the container, else each engine that may know it in turn. */
  async #ask(wanted: W): Promise<Announced | LookupError> {
    const known = this.#announced(wanted)
    if (known?.complete === true) {
      await null
      return known.container
    }
    const engine = wanted.engine ?? known?.engine
    let failure = lookupError(Object.assign(new Error('no engine'), { code: 'ENOENT' }), wanted.runtime)
    for (const asked of engine === undefined ? this.#engines.knowing(wanted.runtime, wanted.owner) : [engine]) {
      if (!asked.present()) continue
      try {
        const found = await asked.inspect(wanted.fullId, this.#deadline())
        if (found.full_id === wanted.fullId) return found
        throw new LookupError('bad-answer', `${asked.socket}: another container than ${wanted.fullId}`)
      } catch (error) {
        const next = lookupError(error, asked.socket)
        if (WEIGHT[next.reason] >= WEIGHT[failure.reason]) failure = next
      }
    }
    // An absent socket fails at once, but `done` must not be called from within `start`.
    await null
    return failure
  }

  /** Reads what is available while the container runs, in case it is gone before the engine answers. */
  async #peek({ fullId, runtime, owner, engine }: W): Promise<Partial<ContainerDescription> | undefined> {
    for (const one of engine === undefined ? this.#engines.knowing(runtime, owner) : []) {
      const seen = one.present() ? await one.peek?.(fullId) : undefined
      if (seen !== undefined) return seen
    }
    return undefined
  }

  /** The announced container, with the engine's metadata for the image if it answers. */
  async #withImage({ engine, container }: Announcement): Promise<Announced> {
    if (container.imageid !== undefined || engine.withImage === undefined) return container
    try {
      return await engine.withImage(container, this.#deadline())
    } catch {
      return container
    }
  }

  #deadline(): AbortSignal {
    return AbortSignal.any([AbortSignal.timeout(this.#options.timeout), this.#closing.signal])
  }

  #end(
    wanted: W,
    found: Announced | null,
    reason: LookupReason | null,
    outcome: keyof LookupCounts = reason ?? 'found',
  ): void {
    if (this.#closing.signal.aborted) return
    this.counts[outcome]++
    this.#done(wanted, found, reason)
  }

  #pause(ms: number): { readonly ended: Promise<void>; readonly end: () => void } {
    const { promise: ended, resolve } = Promise.withResolvers<void>()
    const end = () => {
      clearTimeout(timer)
      this.#pauses.delete(end)
      resolve()
    }
    const timer = setTimeout(end, ms)
    this.#pauses.add(end)
    return { ended, end }
  }
}
