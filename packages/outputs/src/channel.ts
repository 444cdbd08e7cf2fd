import { type Message, type Output, outputError } from './output.ts'
import { BoundedQueue } from './queue.ts'

export interface ChannelOptions {
  /** Falco's outputs_queue.capacity, per output; 0 = practically unbounded. */
  readonly capacity?: number
  /** Falco's output_timeout in milliseconds: a `send` that takes longer is reported (and goes on). */
  readonly timeout?: number
  /** Falco's buffered_outputs: messages wait up to this many milliseconds for company. 0: they go out at once. */
  readonly linger?: number
  /** Told of failures, slow calls and the first drop. */
  readonly log?: (level: 'critical' | 'error' | 'notice', text: string) => void
}

/** What happened to the messages of one output. pushed = delivered + queued + all of `dropped`. */
export interface OutputStats {
  readonly name: string
  readonly pushed: number
  readonly delivered: number
  readonly queued: number
  /** By cause: queue_full, closed, shutdown, broken, or the code of an OutputError. */
  readonly dropped: Readonly<Record<string, number>>
  readonly timeouts: number
  readonly retries: number
}

/** From this length on a producer that can wait should wait (`room`). */
const HIGH_WATER = 1024

/** A queue in front of an output, so that a slow one holds up neither the engine nor the other outputs. */
export class Channel {
  readonly output: Output
  readonly #queue: BoundedQueue<Message>
  readonly #timeout: number
  readonly #linger: number
  readonly #log: NonNullable<ChannelOptions['log']>
  readonly #dropped = new Map<string, number>()
  #pushed = 0
  #delivered = 0
  #timeouts = 0
  #inFlight = 0
  /** Grows with each batch that leaves the queue: what a closing deadline measures progress by. */
  #progress = 0
  #pumping: Promise<void> | null = null
  #timer: NodeJS.Timeout | null = null
  #reopenWanted = false
  #closing = false
  #state: 'open' | 'broken' | 'closed' = 'open'

  constructor(output: Output, { capacity = 0, timeout = 2000, linger = 0, log = () => {} }: ChannelOptions = {}) {
    this.output = output
    this.#queue = new BoundedQueue(capacity)
    this.#timeout = timeout
    this.#linger = linger
    this.#log = log
  }

  get broken(): boolean {
    return this.#state === 'broken'
  }

  /** The queue is so long that a producer that can wait should `await room()`. */
  get full(): boolean {
    return this.#queue.length >= Math.min(HIGH_WATER, this.#queue.capacity)
  }

  get stats(): OutputStats {
    return {
      name: this.output.name,
      pushed: this.#pushed,
      delivered: this.#delivered,
      queued: this.#queue.length + this.#inFlight,
      dropped: Object.fromEntries([...this.#dropped].sort()),
      timeouts: this.#timeouts,
      retries: this.output.retries,
    }
  }

  /** Never waits and never throws; what cannot be taken is counted. */
  push(message: Message): void {
    this.#pushed++
    if (this.#state !== 'open') this.#drop(this.#state, 1)
    else if (this.#queue.push(message)) this.#schedule()
    else {
      if (!this.#dropped.has('queue_full'))
        this.#log('error', `${this.output.name}: outputs queue full (${this.#queue.capacity}), dropping alerts`)
      this.#drop('queue_full', 1)
    }
  }

  /** Resolves when the queue is short again (or nothing can go out any more). */
  async room(): Promise<void> {
    while (this.full && this.#state === 'open') {
      this.#start()
      await this.#pumping
    }
  }

  /** Resolves when everything pushed so far has been delivered or counted as lost. */
  async flush(): Promise<void> {
    while (this.#queue.length > 0 || this.#pumping) {
      this.#start()
      await this.#pumping
    }
  }

  /** Reopens the output before the next message. */
  reopen(): Promise<void> {
    this.#reopenWanted = true
    this.#start()
    return this.#pumping ?? Promise.resolve()
  }

  /**
   * Delivers what is queued, then closes the output. With `deadline` (milliseconds without any progress), or when
   * `abort` fires, what is left is discarded and counted under `shutdown`.
   */
  async close(deadline?: number, abort?: AbortSignal): Promise<void> {
    if (this.#closing) return
    this.#closing = true
    const forced = this.broken || !(await this.#ends(this.flush(), deadline, abort))
    if (forced) {
      if (!this.broken)
        this.#log('notice', `${this.output.name}: output still blocked, discarding all remaining notifications`)
      this.#drop('shutdown', this.#queue.clear() + this.#inFlight)
      this.#inFlight = 0
    }
    if (!this.broken) this.#state = 'closed'
    if (!forced && (await this.#ends(this.output.close(), deadline, abort))) return
    await this.output.close(true)
  }

  /** False: `work` made no progress within `deadline` milliseconds, or `abort` fired. */
  async #ends(work: Promise<void>, deadline?: number, abort?: AbortSignal): Promise<boolean> {
    let timer: NodeJS.Timeout | undefined
    let fire = () => {}
    const gaveUp = new Promise<boolean>(resolve => {
      fire = () => resolve(false)
      if (abort?.aborted) fire()
      abort?.addEventListener('abort', fire)
      if (deadline === undefined) return
      let seen = this.#progress
      const check = () => {
        if (this.#progress === seen) return fire()
        seen = this.#progress
        timer = setTimeout(check, deadline)
      }
      timer = setTimeout(check, deadline)
    })
    try {
      return await Promise.race([work.then(() => true), gaveUp])
    } finally {
      clearTimeout(timer)
      abort?.removeEventListener('abort', fire)
    }
  }

  #drop(cause: string, count: number): void {
    if (count > 0) this.#dropped.set(cause, (this.#dropped.get(cause) ?? 0) + count)
  }

  #schedule(): void {
    if (this.#pumping) return
    if (this.#linger === 0 || this.#queue.length >= this.output.maxBatch) this.#start()
    else this.#timer ??= setTimeout(() => this.#start(), this.#linger)
  }

  #start(): void {
    if (this.#timer) clearTimeout(this.#timer)
    this.#timer = null
    if (this.#pumping || this.#state === 'closed') return
    this.#pumping = this.#pump().finally(() => {
      this.#pumping = null
    })
  }

  async #pump(): Promise<void> {
    // The rest of the caller's synchronous stretch joins the first batch.
    await Promise.resolve()
    while (this.#state === 'open') {
      if (this.#reopenWanted) {
        this.#reopenWanted = false
        await this.#attempt([], () => this.output.reopen())
        continue
      }
      if (this.#queue.length === 0) return
      const batch = this.#queue.take(this.output.maxBatch)
      await this.#deliver(batch)
      this.#progress++
    }
    this.#drop(this.#state, this.#queue.clear())
  }

  async #deliver(batch: readonly Message[]): Promise<void> {
    let rest = batch
    while (rest.length > 0) {
      this.#inFlight = rest.length
      const now = rest
      const gone = await this.#attempt(now, () => this.output.send(now))
      rest = rest.slice(gone)
      if (this.#state !== 'open') {
        this.#drop(this.#state, this.#state === 'closed' ? 0 : rest.length)
        break
      }
    }
    this.#inFlight = 0
  }

  /** One watched call. Returns how many of `messages` are done with, delivered or lost. */
  async #attempt(messages: readonly Message[], call: () => Promise<void>): Promise<number> {
    const { name } = this.output
    const watchdog = setTimeout(() => {
      this.#timeouts++
      this.#log('critical', `"${name}" output timeout, the output channel is blocked`)
    }, this.#timeout)
    try {
      await call()
      if (this.#state !== 'closed') this.#delivered += messages.length
      return messages.length
    } catch (thrown) {
      if (this.#state === 'closed') return messages.length
      const error = outputError(thrown, name, messages.length)
      if (!this.#dropped.has(error.code)) this.#log('error', error.message)
      this.#delivered += error.delivered
      this.#drop(error.code, error.lost)
      if (error.broken) this.#state = 'broken'
      return error.delivered + error.lost
    } finally {
      clearTimeout(watchdog)
    }
  }
}
