import { type Answer, type Failure, failureOf } from '../model/answer.ts'
import { OutputError } from '../model/output.ts'
import type { BatchLimits, Item, Target, Transport } from '../model/transport.ts'
import { Receiver } from '../net/receiver.ts'

export interface ConnectionOptions {
  /** Milliseconds (Falco's output_timeout) after which a call is reported as blocked. It is not interrupted. */
  readonly timeout: number
  /** Called when a call is blocked. */
  readonly blocked: () => void
}

/** Milliseconds that a transport has to end a call after its signal has fired, and to close. */
const GRACE = 1000

/** Connects when there is something to send, makes one attempt at a time, and gives up connections that are no good any more. */
export class Connection {
  readonly #target: Target
  readonly #timeout: number
  readonly #blocked: () => void
  readonly #receiver = new Receiver()
  #transport: Transport | null = null
  /** Ends the call in progress. */
  #current: AbortController | null = null
  /** Losses that earlier connections reported late. */
  readonly #undone = new Map<string, number>()

  constructor(target: Target, { timeout, blocked }: ConnectionOptions) {
    this.#target = target
    this.#timeout = timeout
    this.#blocked = blocked
  }

  get batch(): BatchLimits {
    return this.#transport?.batch ?? this.#target.batch
  }

  /** Answered as delivered, and lost after all; by cause. */
  get undone(): Readonly<Record<string, number>> {
    const all = new Map(this.#undone)
    addTo(all, this.#transport?.undone)
    return Object.fromEntries(all)
  }

  /** @throws {OutputError} when no connection can be made at present */
  async open(): Promise<void> {
    this.#transport ??= await this.#receiver.call(() => this.#target.open())
  }

  /** Connects, unless it is connected. Never rejects. */
  connect(): Promise<Failure | undefined> {
    return this.#call(signal => this.#connect(signal))
  }

  /** Connects if necessary, and sends. Never rejects. */
  async attempt(items: readonly Item[]): Promise<Answer> {
    const unconnected = await this.connect()
    if (unconnected) return { delivered: 0, failure: unconnected }
    const transport = this.#transport!
    const result = await this.#call(signal => this.#receiver.call(() => transport.send(items, signal)))
    const answer: Answer = 'class' in result ? { delivered: 0, failure: result } : result
    if (answer.failure?.reconnect || answer.items?.some(failure => failure?.reconnect)) await this.#drop()
    return answer
  }

  /** SIGUSR1. @throws {OutputError} the old connection stays in use, if it can */
  async reopen(): Promise<void> {
    const old = this.#transport
    if (old?.reopen) return old.reopen()
    const failure = await this.#call(signal => this.#connect(signal, old))
    if (failure) throw new OutputError(failure.cause, failure.message, failure.class)
    if (!old) return
    addTo(this.#undone, old.undone)
    await inGrace(old.close().catch(() => {}))
  }

  /** @param force ends the call in progress, and does not wait for a transport that takes long */
  async close(force: boolean): Promise<void> {
    if (!force) return this.#transport?.close(false)
    this.#current?.abort()
    try {
      await inGrace(this.#transport?.close(true))
    } finally {
      this.#receiver.disconnect()
    }
  }

  /** @param old the connection in use, which stays in use if this fails */
  async #connect(signal: AbortSignal, old: Transport | null = null): Promise<Failure | undefined> {
    if (this.#transport !== old) return undefined
    const opening = this.#receiver.call(() => this.#target.open())
    // Not every client library has a deadline for all of what it says to a server before it is connected.
    signal.addEventListener('abort', () => this.#transport ?? this.#receiver.disconnect(), { once: true })
    // A connection that comes too late is not used.
    opening.then(
      transport => signal.aborted && void transport.close(true).catch(() => {}),
      () => {},
    )
    const transport = await opening
    signal.throwIfAborted()
    this.#transport = transport
    return undefined
  }

  async #drop(): Promise<void> {
    const transport = this.#transport
    this.#transport = null
    addTo(this.#undone, transport?.undone)
    await inGrace(transport?.close(true).catch(() => {}))
    this.#receiver.disconnect()
  }

  /** Makes a call with a deadline. Exceptions and timeouts count as failures. */
  async #call<T>(make: (signal: AbortSignal) => Promise<T>): Promise<T | Failure> {
    const { deadline } = this.#target
    const controller = new AbortController()
    this.#current = controller
    const { promise: overdue, resolve } = Promise.withResolvers<'overdue'>()
    const watchdog = setTimeout(this.#blocked, this.#timeout)
    const timers = [watchdog]
    if (deadline !== undefined) {
      timers.push(setTimeout(() => controller.abort(new DOMException('no answer in time', 'TimeoutError')), deadline))
      timers.push(setTimeout(() => resolve('overdue'), deadline + GRACE))
    }
    try {
      const call = make(controller.signal)
      const result = await (deadline === undefined ? call : Promise.race([call, overdue]))
      if (result !== 'overdue') return result as T
      call.catch(() => {})
      return { ...this.#late(deadline!), reconnect: true }
    } catch (error) {
      if (controller.signal.aborted) return { ...this.#late(deadline ?? 0), reconnect: true }
      const failure = failureOf(error, this.#target.name)
      return error instanceof OutputError ? { ...failure, class: error.class, message: error.message } : failure
    } finally {
      this.#current = null
      for (const timer of timers) clearTimeout(timer)
    }
  }

  #late(deadline: number): Failure {
    return { class: 'later', cause: 'timeout', message: `${this.#target.name}: no answer within ${deadline} ms` }
  }
}

function addTo(all: Map<string, number>, more: Readonly<Record<string, number>> | undefined): void {
  for (const [cause, count] of Object.entries(more ?? {})) all.set(cause, (all.get(cause) ?? 0) + count)
}

/** Waits until a transport is closed. Some client libraries wait for an answer then, which a receiver that hangs never gives. */
async function inGrace(closing: Promise<void> | undefined): Promise<void> {
  const { promise: late, resolve } = Promise.withResolvers<void>()
  const timer = setTimeout(resolve, GRACE)
  try {
    await Promise.race([closing, late])
  } finally {
    clearTimeout(timer)
  }
}
