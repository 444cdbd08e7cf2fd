import type { ContainerDescription } from './description.ts'
import { type Engine, enginesFor } from './engines.ts'
import { type LookupError, type LookupReason, lookupError } from './failure.ts'

/** A container whose metadata is wanted. */
export interface Wanted {
  readonly fullId: string
  /** The runtime whose control group layout it has. */
  readonly runtime: string
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

/** Look-ups by outcome, of all that have ended. */
export type LookupCounts = Record<'found' | LookupReason, number>

const MAX_BACKOFF = 2000

/** Failures that a further attempt may mend: the container is being made, the engine is starting or busy. */
const TEMPORARY: Readonly<Record<LookupReason, boolean>> = {
  'no-socket': false,
  refused: true,
  'not-found': true,
  timeout: true,
  'bad-answer': false,
  'queue-full': false,
}

/** How much a failure tells: of several engines' the most telling is the one to be reported. */
const WEIGHT: Readonly<Record<LookupReason, number>> = {
  'no-socket': 0,
  'queue-full': 0,
  'not-found': 1,
  refused: 2,
  'bad-answer': 3,
  timeout: 4,
}

/** The look-ups of one runtime's containers: an engine that hangs holds up nobody else's. */
interface Lane<W> {
  running: number
  readonly waiting: W[]
}

/** Asks engines for containers, a few at a time, again after failures that may pass. */
export class Lookups<W extends Wanted = Wanted> {
  readonly counts: LookupCounts = {
    found: 0,
    'no-socket': 0,
    refused: 0,
    'not-found': 0,
    timeout: 0,
    'bad-answer': 0,
    'queue-full': 0,
  }
  private readonly engines: readonly Engine[]
  private readonly options: Required<LookupOptions>
  private readonly done: (wanted: W, found: ContainerDescription | null, reason: LookupReason | null) => void
  private readonly lanes = new Map<string, Lane<W>>()
  private readonly timers = new Set<NodeJS.Timeout>()
  private readonly closing = new AbortController()

  /** `done` is called once for each container, never from within `start`. */
  constructor(
    engines: readonly Engine[],
    done: (wanted: W, found: ContainerDescription | null, reason: LookupReason | null) => void,
    options: LookupOptions = {},
  ) {
    this.engines = engines
    this.done = done
    this.options = { concurrency: 4, queue: 1024, timeout: 2000, attempts: 8, backoff: 10, ...options }
  }

  /** Look-ups that have not ended. */
  get pending(): number {
    let sum = 0
    for (const { running, waiting } of this.lanes.values()) sum += running + waiting.length
    return sum
  }

  start(wanted: W): void {
    if (this.closing.signal.aborted) return
    let lane = this.lanes.get(wanted.runtime)
    if (lane === undefined) this.lanes.set(wanted.runtime, (lane = { running: 0, waiting: [] }))
    if (lane.running < this.options.concurrency) void this.run(wanted, lane)
    else if (lane.waiting.length < this.options.queue) lane.waiting.push(wanted)
    else setImmediate(() => this.end(wanted, null, 'queue-full'))
  }

  close(): void {
    this.closing.abort()
    for (const { waiting } of this.lanes.values()) waiting.length = 0
    for (const timer of this.timers) clearTimeout(timer)
    for (const engine of this.engines) engine.close()
  }

  private async run(wanted: W, lane: Lane<W>): Promise<void> {
    lane.running++
    try {
      const { attempts, backoff } = this.options
      for (let attempt = 1; ; attempt++) {
        const outcome = await this.ask(wanted)
        if (this.closing.signal.aborted) return
        if (!('reason' in outcome)) return this.end(wanted, outcome, null)
        const { reason } = outcome as LookupError
        if (!TEMPORARY[reason] || attempt >= attempts) return this.end(wanted, null, reason)
        await this.sleep(Math.min(backoff * 2 ** (attempt - 1), MAX_BACKOFF))
      }
    } finally {
      lane.running--
      const next = lane.waiting.shift()
      if (next !== undefined) void this.run(next, lane)
    }
  }

  /** One attempt: the engines that may know it, one after the other. */
  private async ask(wanted: W): Promise<ContainerDescription | LookupError> {
    let failure = lookupError(Object.assign(new Error('no engine'), { code: 'ENOENT' }), wanted.runtime)
    for (const engine of enginesFor(this.engines, wanted.runtime)) {
      if (!engine.present()) continue
      try {
        const timeout = AbortSignal.timeout(this.options.timeout)
        return await engine.inspect(wanted.fullId, AbortSignal.any([timeout, this.closing.signal]))
      } catch (error) {
        const next = lookupError(error, engine.socket)
        if (WEIGHT[next.reason] >= WEIGHT[failure.reason]) failure = next
      }
    }
    // An absent socket answers at once, but nobody is called from within `start`.
    await null
    return failure
  }

  private end(wanted: W, found: ContainerDescription | null, reason: LookupReason | null): void {
    if (this.closing.signal.aborted) return
    this.counts[reason ?? 'found']++
    this.done(wanted, found, reason)
  }

  private sleep(ms: number): Promise<void> {
    return new Promise(resolve => {
      const timer = setTimeout(() => {
        this.timers.delete(timer)
        resolve()
      }, ms)
      this.timers.add(timer)
    })
  }
}
