/** Sends requests to the backend's thread. */
import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import { StoreError } from '@falc/store'
import type { BackendOptions } from './backend.ts'
import { Refused } from './failure.ts'
import type { Dropped, Question, Reply } from './worker.ts'

/** Requests that may wait. */
const MAX_WAITING = 256
/** Requests with `wait` at the same time: each slows down the others. */
const MAX_LONG = 2
/** Milliseconds after which a request fails, in addition to its `wait`. */
const DEADLINE_MS = 30_000
/** The thread's heap, in megabytes. If it is exhausted, the thread ends and is replaced. */
const MEMORY_MB = 1024

interface Waiting extends Pick<PromiseWithResolvers<string>, 'resolve' | 'reject'> {
  readonly timer: NodeJS.Timeout
  readonly isLong: boolean
}

export class BackendThread {
  readonly #options: BackendOptions
  readonly #note: (text: string) => void
  readonly #waiting = new Map<number, Waiting>()
  #worker: Worker | undefined
  #number = 0
  /** When the thread last answered, by `performance.now()`. */
  #heard = 0

  constructor(options: BackendOptions, note: (text: string) => void) {
    this.#options = options
    this.#note = note
  }

  /** Requests that wait for their answers. */
  get waiting(): number {
    return this.#waiting.size
  }

  /** Starts the thread, so that the first request does not wait until the rule language is loaded. */
  start(): void {
    this.#worker ??= this.#start()
  }

  /** @param gone aborted when the client has disconnected @returns JSON @throws {Refused | StoreError | Error} */
  ask(question: Omit<Question, 'number'>, gone?: AbortSignal, seconds = 0): Promise<string> {
    if (this.#waiting.size >= MAX_WAITING) throw busy('too many requests wait')
    const isLong = seconds > 0
    if (isLong && [...this.#waiting.values()].filter(one => one.isLong).length >= MAX_LONG)
      throw busy('others have all alerts counted: try again when they are done')
    const number = ++this.#number
    const { promise, resolve, reject } = Promise.withResolvers<string>()
    const asked = performance.now()
    const timer = setTimeout(() => this.#giveUp(number, asked), DEADLINE_MS + 1000 * seconds)
    this.#waiting.set(number, { resolve, reject, timer, isLong })
    this.start()
    this.#worker!.postMessage({ ...question, number } satisfies Question)
    gone?.addEventListener('abort', () => {
      if (this.#waiting.has(number)) this.#worker?.postMessage({ drop: number } satisfies Dropped)
    })
    return promise
  }

  async close(): Promise<void> {
    if (!this.#worker) return
    if (this.#waiting.size === 0) {
      await this.#worker.terminate()
      return
    }
    const ended = once(this.#worker, 'exit')
    this.#worker.postMessage('close')
    await ended
  }

  /** A thread that has answered nothing since `asked` is stuck, and is replaced. */
  #giveUp(number: number, asked: number): void {
    this.#take(number)?.reject(busy('this takes too long'))
    if (this.#heard < asked) void this.#worker?.terminate()
  }

  #start(): Worker {
    const worker = new Worker(workerFile(), {
      workerData: this.#options satisfies BackendOptions,
      resourceLimits: { maxOldGenerationSizeMb: MEMORY_MB },
      execArgv: process.execArgv.filter(flag => /^--(?:conditions|import)=/.test(flag)),
    })
    worker.on('message', (reply: Reply) => this.#settle(reply))
    worker.on('error', error => this.#note(`the console's thread: ${error.message}`))
    worker.on('exit', () => {
      this.#worker = undefined
      for (const number of [...this.#waiting.keys()]) this.#take(number)!.reject(busy('the console is restarting'))
    })
    return worker
  }

  #take(number: number): Waiting | undefined {
    const waiting = this.#waiting.get(number)
    clearTimeout(waiting?.timer)
    this.#waiting.delete(number)
    return waiting
  }

  #settle(reply: Reply): void {
    this.#heard = performance.now()
    const waiting = this.#take(reply.number)
    if (!waiting) return
    if ('json' in reply) waiting.resolve(reply.json)
    else if ('refused' in reply) {
      const { status, code, message, headers } = reply.refused
      waiting.reject(new Refused(status, code, message, headers))
    } else {
      const { failed, fault } = reply
      waiting.reject(fault === undefined ? new Error(failed) : new StoreError(fault, failed))
    }
  }
}

const busy = (message: string) => new Refused(503, 'busy', message, { 'retry-after': '5' })

/** From source, as a package, or beside the bundled command. */
function workerFile(): URL {
  const here = import.meta.url
  return new URL(
    here.endsWith('.cjs') ? './console-worker.cjs' : here.endsWith('.ts') ? './worker.ts' : './worker.js',
    here,
  )
}
