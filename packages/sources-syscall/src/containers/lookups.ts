import type { Announced, ContainerDescription } from './description.ts'
import type { Announcement, Engine } from './engine.ts'
import type { Engines } from './engines.ts'
import { LookupError, type LookupReason, lookupError } from './failure.ts'

/** A container whose metadata is wanted. */
export interface Wanted {
  readonly fullId: string
  /** The runtime whose control group layout it has. */
  readonly runtime: string
  /** The user in whose part of the control groups it lies; null = the system's. */
  readonly owner: number | null
  /** The engine that has it, if that is known. */
  readonly engine?: Engine
}

export interface LookupOptions {
  /** Look-ups of one runtime's containers under way at the same time. */
  readonly concurrency?: number
  /** Look-ups of one runtime's containers that may wait for their turn. */
  readonly queue?: number
  /** Milliseconds that one engine has for its answer. */
  readonly timeout?: number
  /** Attempts until a look-up is given up. */
  readonly attempts?: number
  /** Milliseconds before the second attempt; doubled for each further one, up to two seconds. */
  readonly backoff?: number
}

/** Look-ups by outcome, of all that have ended. `from-event`: the engine no longer had it; what it had announced was used. */
export type LookupCounts = Record<'found' | 'from-event' | LookupReason, number>

/** How a look-up ends: nothing is found for a reason. */
export type LookupEnd<W> = (wanted: W, found: Announced | null, reason: LookupReason | null) => void

const MAX_BACKOFF = 2000
/** Milliseconds between the look-ups of one user's containers that wait for each other. */
const USERS_INTERVAL = 50
/** Attempts after which what was announced is enough: the engine may not let us in any more. */
const ENOUGH = 4

/** Failures that a further attempt may mend: the container is being made, the engine is starting or busy. */
const TEMPORARY: Readonly<Record<LookupReason, boolean>> = {
  'no-socket': false,
  refused: true,
  'not-found': true,
  timeout: true,
  'bad-answer': false,
  'queue-full': false,
}

/** How informative a failure is: of several engines' failures the most informative one is reported. */
const WEIGHT: Readonly<Record<LookupReason, number>> = {
  'no-socket': 0,
  'queue-full': 0,
  'not-found': 1,
  refused: 2,
  'bad-answer': 3,
  timeout: 4,
}

/** The look-ups of one runtime's and one user's containers: an engine that hangs delays no others. */
interface Lane<W> {
  running: number
  readonly waiting: W[]
}

/** Asks engines for containers, a few at a time, again after failures that may pass. */
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
  /** Ends of the pauses between attempts, by the container's id. */
  readonly #pauses = new Map<string, () => void>()
  readonly #closing = new AbortController()

  /**
   * `done` is called once for each container, never from within `start`.
   * @param announced what the engines have announced of a container
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

  /** Look-ups that have not ended. */
  get pending(): number {
    let sum = 0
    for (const { running, waiting } of this.#lanes.values()) sum += running + waiting.length
    return sum
  }

  start(wanted: W): void {
    if (this.#closing.signal.aborted) return
    const key = `${wanted.runtime} ${wanted.owner ?? ''}`
    let lane = this.#lanes.get(key)
    if (lane === undefined) this.#lanes.set(key, (lane = { running: 0, waiting: [] }))
    if (lane.running < (wanted.owner === null ? this.#options.concurrency : 1)) void this.#run(wanted, lane)
    else if (lane.waiting.length < this.#options.queue) lane.waiting.push(wanted)
    else setImmediate(() => this.#end(wanted, null, 'queue-full'))
  }

  /** The container was announced: a look-up that waits for its next attempt makes it now. */
  wake(fullId: string): void {
    this.#pauses.get(fullId)?.()
  }

  close(): void {
    this.#closing.abort()
    for (const { waiting } of this.#lanes.values()) waiting.length = 0
    for (const end of [...this.#pauses.values()]) end()
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
        // An engine that has announced a container and does not know it has removed it: it will not come back.
        if (known !== undefined && (last || reason === 'not-found' || attempt >= ENOUGH)) {
          const container = { ...(await this.#withImage(known)), ...(await seen) }
          if (!this.#closing.signal.aborted) this.#end(wanted, container, null, 'from-event')
          return
        }
        if (last) return this.#end(wanted, null, reason)
        await this.#pause(wanted.fullId, Math.min(backoff * 2 ** (attempt - 1), MAX_BACKOFF))
      }
    } finally {
      // A user can make any number of containers, and answer for each as long as it may be.
      if (wanted.owner !== null && lane.waiting.length > 0) await this.#pause(wanted.fullId, USERS_INTERVAL)
      lane.running--
      const next = lane.waiting.shift()
      if (next !== undefined) void this.#run(next, lane)
    }
  }

  /** One attempt: the engine that has announced it, or those that may know it, one after the other. */
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

  /** What can be seen while the container runs, in case that it is gone when the engine is asked. */
  async #peek({ fullId, runtime, owner, engine }: W): Promise<Partial<ContainerDescription> | undefined> {
    for (const one of engine === undefined ? this.#engines.knowing(runtime, owner) : []) {
      const seen = one.present() ? await one.peek?.(fullId) : undefined
      if (seen !== undefined) return seen
    }
    return undefined
  }

  /** What was announced, with what the engine knows of the image if it answers. */
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

  #pause(fullId: string, ms: number): Promise<void> {
    return new Promise(resolve => {
      const end = () => {
        clearTimeout(timer)
        this.#pauses.delete(fullId)
        resolve()
      }
      const timer = setTimeout(end, ms)
      this.#pauses.set(fullId, end)
    })
  }
}
