/** Threads that evaluate batches of audit events; the batch of a thread that ends is evaluated by another one. */
import { Worker } from 'node:worker_threads'
import type { Part } from '../piece.ts'
import type { Evaluated, Reason } from './evaluate.ts'
import type { Answer, Counts, Failure, Request, Rules, Settings } from './worker.ts'

export interface PoolOptions extends Settings {
  /** Threads. */
  readonly workers: number
  /** What `Engine.save` returned. */
  readonly ruleset: Uint8Array
  /** Milliseconds that a part may take. Default 60,000. */
  readonly partMs?: number
  /** Megabytes of heap of a thread. Default 1024. */
  readonly memory?: number
  /** The first failure of a field, of each thread. */
  readonly onFailure?: (failure: Failure) => void
  /** A thread has ended, or none can be used any more. */
  readonly onTrouble?: (text: string) => void
  /** The program of the threads. Default: the one beside this file. */
  readonly program?: URL
  /** Milliseconds of a monotonic clock. */
  readonly now?: () => number
}

/** What became of a part. `unable`: there are no threads any more. */
export type Outcome = Evaluated | Reason | 'lost' | 'unable'

/** Of one thread, and those that followed it. */
export interface WorkerCounts {
  parts: number
  events: number
  alerts: number
  /** Milliseconds in which it evaluated. */
  busy: number
  /** How often it was begun anew. */
  restarts: number
}

interface Job {
  readonly part: Part
  readonly resolve: (outcome: Outcome) => void
  /** Threads that ended while they evaluated it. */
  ended: number
}

/** A thread at work, in its place. */
interface Thread {
  readonly worker: Worker
  /** The first is being evaluated, the other one is at hand, so that it need not wait. */
  readonly jobs: Job[]
  /** When the first was begun. */
  since: number
  /** It can begin. */
  loaded: boolean
  /** Where parts are put for it, the one that is used next first: memory of its own for each would cost more than the copy. */
  readonly slots: SharedArrayBuffer[]
}

const AT_HAND = 2
/** Bytes of a slot; a larger part is sent separately. */
const SLOT = 1 << 20
/** A part that has ended this many threads is given up. */
const MAX_ENDED = 2
/** Threads in a row that end before they can begin. */
const MAX_FAILED = 3
const LOOK_MS = 1000

export class Pool {
  readonly counts: readonly WorkerCounts[]
  /** Parts that were given up. */
  lost = 0
  readonly #options: PoolOptions
  readonly #threads: (Thread | undefined)[]
  readonly #jobs: Job[] = []
  readonly #timer: NodeJS.Timeout
  readonly #now: () => number
  readonly #ready = Promise.withResolvers<void>()
  #rules: Rules
  #stats: { extractErrors: Record<string, number>; absences: Record<string, number> } = emptyStats()
  #failed = 0
  #closed = false
  /** Why there are no threads any more. */
  #unable: string | undefined

  private constructor(options: PoolOptions) {
    const { workers, ruleset, now = () => performance.now() } = options
    this.#options = options
    this.#now = now
    this.#rules = { generation: 0, ruleset }
    const newCounts = (): WorkerCounts => ({ parts: 0, events: 0, alerts: 0, busy: 0, restarts: 0 })
    this.counts = Array.from({ length: workers }, newCounts)
    this.#threads = Array.from({ length: workers }, () => undefined)
    for (let i = 0; i < workers; i++) this.#start(i)
    this.#timer = setInterval(() => this.endOverdue(), LOOK_MS)
  }

  /** Begins the threads. @throws {Error} when they cannot load the rules */
  static async open(options: PoolOptions): Promise<Pool> {
    const pool = new Pool(options)
    try {
      await pool.#ready.promise
      return pool
    } catch (error) {
      await pool.close()
      throw error
    }
  }

  /** Why there are no threads any more; undefined: there are. */
  get unable(): string | undefined {
    return this.#unable
  }

  /** What the threads' engines have counted since the rules were loaded. */
  get stats(): Counts {
    return this.#stats
  }

  /** Evaluates a part, some time. It never rejects. */
  evaluate(part: Part): Promise<Outcome> {
    if (this.#unable !== undefined) return Promise.resolve('unable')
    return new Promise(resolve => {
      this.#jobs.push({ part, resolve, ended: 0 })
      this.#give()
    })
  }

  /** Replaces the rules, for all parts that are evaluated from now on. */
  load(ruleset: Uint8Array): void {
    this.#rules = { generation: this.#rules.generation + 1, ruleset }
    this.#stats = emptyStats()
    for (const thread of this.#threads) thread?.worker.postMessage({ rules: this.#rules } satisfies Request)
  }

  /** Ends the threads whose part takes too long. */
  endOverdue(): void {
    const { partMs = 60_000 } = this.#options
    for (const thread of this.#threads)
      if (thread && thread.jobs.length > 0 && this.#now() - thread.since > partMs) void thread.worker.terminate()
  }

  /** Ends the threads, whatever they are doing. */
  async close(): Promise<void> {
    this.#closed = true
    clearInterval(this.#timer)
    this.#giveUp('closed')
    await Promise.all(this.#threads.map(thread => thread?.worker.terminate()))
  }

  #start(place: number): void {
    const { program = programFile(), memory = 1024, hostname, identity, backend, maxEventSize, sieved } = this.#options
    const settings: Settings = { hostname, identity, backend, maxEventSize, sieved }
    const worker = new Worker(program, {
      workerData: { settings, rules: this.#rules },
      resourceLimits: { maxOldGenerationSizeMb: memory },
      execArgv: process.execArgv.filter(flag => /^--(?:conditions|import)=/.test(flag)),
    })
    const thread: Thread = { worker, jobs: [], since: 0, loaded: false, slots: newSlots() }
    let why = 'it took too long'
    worker.on('message', (answer: Answer) => this.#take(place, thread, answer))
    worker.on('error', error => (why = error.message))
    worker.on('exit', () => this.#ended(place, thread, why))
    this.#threads[place] = thread
  }

  /** Gives parts to threads that have room: first to those that have nothing to do. */
  #give(): void {
    for (let room = 0; room < AT_HAND; room++)
      for (const thread of this.#threads) {
        if (!thread?.loaded || thread.jobs.length !== room) continue
        const job = this.#jobs.shift()
        if (!job) return
        if (room === 0) thread.since = this.#now()
        thread.jobs.push(job)
        thread.worker.postMessage({ part: copied(job.part, thread.slots) } satisfies Request)
      }
  }

  #take(place: number, thread: Thread, answer: Answer): void {
    if ('unable' in answer) {
      this.#giveUp(answer.unable)
      return
    }
    if ('ready' in answer) {
      thread.loaded = true
      this.#failed = 0
      if (this.#threads.every(one => one?.loaded)) this.#ready.resolve()
    } else {
      const { outcome, counts, generation, failures, busy } = answer
      for (const failure of failures) this.#options.onFailure?.(failure)
      const own = this.counts[place]!
      own.parts++
      own.busy += busy
      if (typeof outcome !== 'string') {
        own.events += outcome.events
        own.alerts += outcome.alerts.length
        if (generation === this.#rules.generation) addCounts(this.#stats, counts)
      }
      thread.jobs.shift()?.resolve(outcome)
      thread.since = this.#now()
    }
    this.#give()
  }

  #ended(place: number, thread: Thread, why: string): void {
    if (this.#threads[place] !== thread || this.#closed) return
    this.#threads[place] = undefined
    if (this.#unable !== undefined) return
    const [first, ...others] = thread.jobs
    this.#jobs.unshift(...others)
    if (!thread.loaded && ++this.#failed >= MAX_FAILED) {
      this.#giveUp(why)
      return
    }
    this.counts[place]!.restarts++
    if (first && ++first.ended >= MAX_ENDED) {
      this.lost++
      first.resolve('lost')
    } else if (first) this.#jobs.unshift(first)
    const lost = first && first.ended >= MAX_ENDED ? `; what it evaluated is lost: ${size(first)}` : ''
    this.#options.onTrouble?.(`worker ${place + 1} has ended (${why}) and is begun anew${lost}`)
    this.#start(place)
  }

  /** There will be no more answers. A part that has ended a thread is not evaluated by who asks. */
  #giveUp(why: string): void {
    if (this.#unable !== undefined) return
    this.#unable = why
    this.#ready.reject(new Error(why))
    this.#ready.promise.catch(() => {})
    const jobs = [...this.#threads.flatMap(thread => thread?.jobs.splice(0) ?? []), ...this.#jobs.splice(0)]
    for (const { resolve, ended } of jobs) resolve(ended > 0 ? 'lost' : 'unable')
    if (this.#closed) return
    this.#options.onTrouble?.(`the workers cannot be used any more: ${why}`)
    for (const thread of this.#threads) void thread?.worker.terminate()
  }
}

const newSlots = () => Array.from({ length: AT_HAND }, () => new SharedArrayBuffer(SLOT))

/** A copy for a thread: a part that ends its thread is evaluated again. */
function copied({ form, bytes }: Part, slots: SharedArrayBuffer[]): Part {
  if (bytes.length > SLOT) return { form, bytes: new Uint8Array(bytes) }
  const slot = slots.shift()!
  slots.push(slot)
  const copy = new Uint8Array(slot, 0, bytes.length)
  copy.set(bytes)
  return { form, bytes: copy }
}

const size = ({ part }: Job) => `${part.bytes.length} bytes`

const emptyStats = () => ({ extractErrors: {}, absences: {} })

function addCounts(to: Record<keyof Counts, Record<string, number>>, from: Counts): void {
  for (const kind of ['extractErrors', 'absences'] as const)
    for (const [name, count] of Object.entries(from[kind])) to[kind][name] = (to[kind][name] ?? 0) + count
}

/** From source, as a package, or beside the bundled command. */
function programFile(): URL {
  const here = import.meta.url
  return new URL(
    here.endsWith('.cjs') ? './audit-worker.cjs' : here.endsWith('.ts') ? './worker.ts' : './worker.js',
    here,
  )
}
