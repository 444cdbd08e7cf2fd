import type { Announced } from './description.ts'
import type { Engine } from './engine.ts'
import { lookupError } from './failure.ts'

/** Outcomes of the connections over which engines announce containers. */
export type WatchCounts = Record<
  /** Connections that were established. */
  | 'connected'
  /** Of these, those that ended. */
  | 'lost'
  /** Connections that failed: no permission, no listener, or an engine error. */
  | 'refused'
  /** Attempts after which the engine turned out not to support announcements. */
  | 'unsupported'
  /** Announcements that could not be parsed. */
  | 'unreadable',
  number
>

export interface WatchOptions {
  /** Milliseconds before the first retry; doubled for each further one, up to half a minute. */
  readonly backoff?: number
}

const MAX_BACKOFF = 30_000
/** Milliseconds between checks for a missing socket. */
const ABSENT = 1000
/** A connection that lasted longer than this (ms) was good: the backoff is reset. */
const GOOD = 10_000
/** An engine that ends the stream within this time (ms) without an announcement does not support it. */
const AT_ONCE = 100

/** Watches each engine for new containers over one connection, reopened if it breaks. Does not keep the program alive. */
export class Watches {
  readonly counts: WatchCounts = { connected: 0, lost: 0, refused: 0, unsupported: 0, unreadable: 0 }
  readonly #announced: (engine: Engine, container: Announced) => void
  readonly #backoff: number
  readonly #closing = new AbortController()

  constructor(
    engines: readonly Engine[],
    announced: (engine: Engine, container: Announced) => void,
    { backoff = 100 }: WatchOptions = {},
  ) {
    this.#announced = announced
    this.#backoff = backoff
    for (const engine of engines) if (engine.watch !== undefined) void this.#watch(engine)
  }

  close(): void {
    this.#closing.abort()
  }

  async #watch(engine: Engine): Promise<void> {
    const { signal } = this.#closing
    for (let pause = this.#backoff; !signal.aborted; ) {
      if (!engine.present()) {
        await this.#sleep(ABSENT)
        continue
      }
      const began = performance.now()
      const outcome = await this.#once(engine)
      if (signal.aborted) return
      this.counts[outcome]++
      if (outcome === 'unsupported') pause = MAX_BACKOFF
      else if (performance.now() - began > GOOD) pause = this.#backoff
      await this.#sleep(pause)
      pause = Math.min(pause * 2, MAX_BACKOFF)
    }
  }

  /** Runs one connection until it ends. */
  async #once(engine: Engine): Promise<'lost' | 'refused' | 'unsupported'> {
    let opened: number | undefined
    let heard = false
    try {
      await engine.watch!(
        {
          opened: () => {
            opened = performance.now()
            this.counts.connected++
          },
          announced: container => {
            heard = true
            this.#announced(engine, container)
          },
          unreadable: () => this.counts.unreadable++,
        },
        this.#closing.signal,
      )
      const atOnce = opened !== undefined && performance.now() - opened < AT_ONCE
      return atOnce && !heard ? 'unsupported' : 'lost'
    } catch (error) {
      const { reason } = lookupError(error, engine.socket)
      if (!heard && (reason === 'bad-answer' || reason === 'not-found')) return 'unsupported'
      return opened === undefined ? 'refused' : 'lost'
    }
  }

  #sleep(ms: number): Promise<void> {
    return new Promise(resolve => {
      const { signal } = this.#closing
      const end = () => {
        clearTimeout(timer)
        signal.removeEventListener('abort', end)
        resolve()
      }
      const timer = setTimeout(end, ms).unref()
      signal.addEventListener('abort', end)
    })
  }
}
