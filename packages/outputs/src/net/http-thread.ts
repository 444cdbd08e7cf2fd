/**
 * HTTP in a thread of its own, as long as there are many requests: each then costs the main thread two messages, and a handshake of TLS
 * nothing. Few requests would not pay for the thread's memory.
 */
import { Worker } from 'node:worker_threads'
import type { AgentsOptions } from './agents.ts'
import { DirectExchange, type Exchange, type Incoming, type Outgoing } from './exchange.ts'
import type { Answer, Order } from './http-worker.ts'

/** Megabytes of the thread's heap: the longest answers, those of bulk interfaces, have 16 MiB. */
const HEAP = { maxOldGenerationSizeMb: 512, maxYoungGenerationSizeMb: 8 }

/** Milliseconds without a request after which the thread ends. */
const IDLE = 10_000

interface Waiting {
  readonly signal: AbortSignal
  readonly resolve: (answer: Incoming) => void
  readonly reject: (error: Error) => void
}

interface Client {
  readonly client: number
  readonly options: AgentsOptions
}

/** The thread of all HTTP clients of a program. It starts with a burst of requests, and ends when there are none any more. */
export class HttpThread {
  /** Infinite once the thread has failed. */
  #burst: number
  readonly #waiting = new Map<number, Waiting>()
  /** Those that are listened to. */
  readonly #signals = new WeakSet<AbortSignal>()
  #worker: Worker | undefined
  /** Clients that the worker knows. */
  readonly #known = new Set<number>()
  #requests = 0
  #clients = 0
  /** Of the current second: when it began, in milliseconds, and its requests. */
  #second = 0
  #inSecond = 0

  /** @param burst requests within a second after which the next ones are made by the thread */
  constructor(burst: number) {
    this.#burst = burst
  }

  /** The connections of a client. */
  client(options: AgentsOptions): Exchange {
    const client = ++this.#clients
    const direct = new DirectExchange(options)
    let closed = false
    return {
      exchange: (request, signal, each) =>
        each || closed || signal.aborted || !this.#running()
          ? direct.exchange(request, signal, each)
          : this.#exchange({ client, options }, request, signal),
      close: () => {
        closed = true
        direct.close()
        if (this.#known.delete(client)) this.#post({ kind: 'close', client })
      },
    }
  }

  /** Counts a request. @returns the thread, if it is to make the request */
  #running(): Worker | undefined {
    const now = performance.now()
    if (now - this.#second > 1000) {
      this.#second = now
      this.#inSecond = 0
    }
    if (++this.#inSecond > this.#burst) this.#worker ??= this.#start()
    return this.#worker
  }

  #exchange({ client, options }: Client, request: Outgoing, signal: AbortSignal): Promise<Incoming> {
    return new Promise((resolve, reject) => {
      if (!this.#known.has(client)) {
        this.#known.add(client)
        this.#post({ kind: 'client', client, options })
      }
      const id = ++this.#requests
      this.#post({ kind: 'request', client, id, request: { ...request, body: own(request.body) } })
      if (this.#waiting.size === 0) this.#worker?.ref()
      this.#waiting.set(id, { signal, resolve, reject })
      if (this.#signals.has(signal)) return
      this.#signals.add(signal)
      signal.addEventListener('abort', () => this.#end(signal), { once: true })
    })
  }

  /** @throws {Error} without memory or a process ID for a thread: the main thread makes the requests that follow */
  #start(): Worker {
    let worker: Worker
    try {
      worker = new Worker(workerFile(), {
        resourceLimits: HEAP,
        execArgv: process.execArgv.filter(flag => /^--(?:conditions|import)=/.test(flag)),
      })
    } catch (error) {
      this.#burst = Number.POSITIVE_INFINITY
      throw failure((error as Error).message)
    }
    worker.unref()
    worker.on('message', (answer: Answer) => this.#take(answer))
    let why = 'it has ended'
    worker.on('error', error => (why = error.message))
    const timer = setInterval(() => {
      if (this.#waiting.size === 0 && before === this.#requests) {
        this.#worker = undefined
        this.#known.clear()
        void worker.terminate()
      }
      before = this.#requests
    }, IDLE).unref()
    let before = this.#requests
    worker.on('exit', () => {
      clearInterval(timer)
      if (this.#worker === worker) this.#failed(why)
    })
    return worker
  }

  /** Requests that it was making fail, and may be made again. */
  #failed(why: string): void {
    this.#worker = undefined
    this.#burst = Number.POSITIVE_INFINITY
    for (const { reject } of this.#waiting.values()) reject(failure(why))
    this.#waiting.clear()
  }

  /** The status of an answer that has begun counts: the thread still says what has become of each request. */
  #end(signal: AbortSignal): void {
    for (const [id, waiting] of this.#waiting) if (waiting.signal === signal) this.#post({ kind: 'end', id })
  }

  #take({ id, answer, error }: Answer): void {
    const waiting = this.#next(id)
    if (answer) waiting?.resolve(answer)
    else waiting?.reject(Object.assign(new Error(error!.message), error))
  }

  #next(id: number): Waiting | undefined {
    const waiting = this.#waiting.get(id)
    // An idle thread keeps no program from ending.
    if (this.#waiting.delete(id) && this.#waiting.size === 0) this.#worker?.unref()
    return waiting
  }

  #post(order: Order): void {
    this.#worker?.postMessage(order)
  }
}

const failure = (why: string) => Object.assign(new Error(`the thread for HTTP: ${why}`), { code: 'thread' })

/** A message copies all of the memory that a view lies in. */
function own(body: string | Uint8Array): string | Uint8Array {
  return typeof body === 'string' || body.byteLength === body.buffer.byteLength ? body : new Uint8Array(body)
}

/** From source, as a package, or beside the bundled command. */
function workerFile(): URL {
  const here = import.meta.url
  return new URL(
    here.endsWith('.cjs') ? './http-worker.cjs' : here.endsWith('.ts') ? './http-worker.ts' : './http-worker.js',
    here,
  )
}
