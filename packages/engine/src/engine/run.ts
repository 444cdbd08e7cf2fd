import type { Alert } from '../alert/alert.ts'
import type { Source } from '../fields/field.ts'

/** The source of the events; not needed when there is only one. */
export interface RunSource<E> {
  readonly source: Source<E> | string
}

export interface RunOptions {
  /** Ends the run, also while it waits for an event. */
  readonly signal?: AbortSignalLike
}

/** The part of AbortSignal that is used. It is declared here since the language itself has no AbortSignal. */
export interface AbortSignalLike {
  readonly aborted: boolean
  addEventListener(type: 'abort', listener: () => void, options?: { once?: boolean }): void
  removeEventListener(type: 'abort', listener: () => void): void
}

/** Evaluates events as they arrive; the iterator that `run` returns. */
export function runEvents<E>(
  events: AsyncIterable<E> | Iterable<E>,
  evaluate: (event: E) => readonly Alert[],
  signal: AbortSignalLike | undefined,
): AsyncIterableIterator<Alert> {
  return new Run(events, evaluate, signal)
}

interface Waiting {
  readonly resolve: (result: IteratorResult<Alert, undefined>) => void
  readonly reject: (reason: unknown) => void
}

const DONE = { done: true, value: undefined } as const

/** Events that are ready do not keep timers, I/O and aborts from running for longer than this, in milliseconds. */
const TURN_MS = 50
/** The clock is read once in this many events. */
const TURN_EVENTS = 16

/** The language has no way to wait for the next turn of the event loop, but every host has one of these. */
type Host = Readonly<Partial<Record<'setImmediate' | 'setTimeout', (callback: () => void) => unknown>>>
const host = globalThis as Host
const soon = host.setImmediate ?? host.setTimeout ?? (callback => callback())

/**
 * One loop over the events serves all calls of `next`. An event costs one `await`, or none when it comes from a plain
 * iterable; promises are made per alert, never per event.
 */
class Run<E> implements AsyncIterableIterator<Alert> {
  readonly #events: AsyncIterable<E> | Iterable<E>
  readonly #evaluate: (event: E) => readonly Alert[]
  readonly #signal: AbortSignalLike | undefined
  #iterator: AsyncIterator<E> | Iterator<E> | undefined = undefined
  /** Alerts of the last event; those from `#taken` on are still to be delivered. */
  #alerts: readonly Alert[] = []
  #taken = 0
  /** Calls of `next` that wait, in order. */
  readonly #waiting: Waiting[] = []
  #reading = false
  /** Since when other work has waited, in milliseconds since 1970, and events evaluated since the clock was read. */
  #turned = 0
  #untimed = 0
  /** No further event is evaluated. */
  #ended = false
  /** A failure to close the events is ignored, since the run has ended and no one waits for it. */
  readonly #abort = () => void this.#end().catch(() => {})

  constructor(
    events: AsyncIterable<E> | Iterable<E>,
    evaluate: (event: E) => readonly Alert[],
    signal: AbortSignalLike | undefined,
  ) {
    this.#events = events
    this.#evaluate = evaluate
    this.#signal = signal
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  next(): Promise<IteratorResult<Alert, undefined>> {
    if (this.#signal?.aborted) this.#abort()
    if (this.#taken < this.#alerts.length) return Promise.resolve({ done: false, value: this.#alerts[this.#taken++]! })
    if (this.#ended) return Promise.resolve(DONE)
    return new Promise((resolve, reject) => {
      this.#waiting.push({ resolve, reject })
      if (!this.#reading) void this.#read()
    })
  }

  /** Waits until the events are closed, unless they are still waiting for their next one. */
  async return(): Promise<IteratorResult<Alert, undefined>> {
    this.#taken = this.#alerts.length
    const closed = this.#end()
    if (!this.#reading) await closed
    return DONE
  }

  /** Evaluates events while a call of `next` waits. Never rejects. */
  async #read(): Promise<void> {
    this.#reading = true
    try {
      const iterator = (this.#iterator ??= this.#open())
      const isAsync = Symbol.asyncIterator in this.#events
      while (this.#waiting.length > 0) {
        if (++this.#untimed >= TURN_EVENTS && this.#isTurnDue()) {
          await new Promise<void>(resolve => soon(resolve))
          this.#turned = Date.now()
          if (this.#ended) break
        }
        const next = iterator.next()
        const result = isAsync ? await next : (next as IteratorResult<E>)
        if (this.#ended) break
        if (result.done) {
          this.#iterator = undefined
          void this.#end()
          break
        }
        this.#alerts = this.#evaluate(result.value)
        this.#taken = 0
        while (this.#taken < this.#alerts.length && this.#waiting.length > 0)
          this.#waiting.shift()!.resolve({ done: false, value: this.#alerts[this.#taken++]! })
      }
    } catch (error) {
      // An iterator that throws is closed already.
      this.#iterator = undefined
      this.#waiting.shift()?.reject(error)
      void this.#end()
    }
    this.#reading = false
  }

  #isTurnDue(): boolean {
    this.#untimed = 0
    return Math.abs(Date.now() - this.#turned) >= TURN_MS
  }

  #open(): AsyncIterator<E> | Iterator<E> {
    this.#turned = Date.now()
    this.#signal?.addEventListener('abort', this.#abort, { once: true })
    const events = this.#events
    return Symbol.asyncIterator in events ? events[Symbol.asyncIterator]() : events[Symbol.iterator]()
  }

  /** Ends all waiting calls and closes the events. Alerts of the last evaluated event can still be taken. */
  async #end(): Promise<void> {
    if (this.#ended) return
    this.#ended = true
    this.#signal?.removeEventListener('abort', this.#abort)
    for (const { resolve } of this.#waiting.splice(0)) resolve(DONE)
    await this.#iterator?.return?.()
  }
}
