/** A thread for a user's code, with limited memory and time and without falc's environment. */
import { Worker } from 'node:worker_threads'
import { Refusal } from '../model/action.ts'

/** Megabytes of a thread's heap. */
const MEMORY = 128

/** The program of the thread: it loads the file, reports its exports, and then answers calls. */
const PROGRAM = `
const { parentPort, workerData: url } = require('node:worker_threads')
const does = {
  async plan(one, { alert, params }) {
    const target = await one.target(alert, params)
    return { target, calls: await one.plan({ alert, params, target }) }
  },
  undo: (one, done) => one.undo(done),
  run: (one, context) => one.run({ ...context, signal: AbortSignal.timeout(2 ** 31 - 1) }),
}
const described = ({ name, doc, example, params, asks, ...functions }) => ({
  ...{ name, doc, example, params, asks },
  functions: Object.keys(functions).filter(key => typeof functions[key] === 'function'),
})
const why = error => ({ error: String(error?.message ?? error), refusal: error?.name === 'Refusal' })
import(url).then(exported => {
  const actions = Object.values(exported).filter(one => typeof one === 'object' && one !== null)
  parentPort.on('message', async ({ name, what, input }) => {
    try {
      parentPort.postMessage({ value: await does[what](actions.find(one => one.name === name), input) })
    } catch (error) {
      parentPort.postMessage(why(error))
    }
  })
  parentPort.postMessage({ value: actions.map(described) })
}).catch(error => parentPort.postMessage(why(error)))
`

interface Message {
  readonly value?: unknown
  readonly error?: string
  readonly refusal?: boolean
}

export type What = 'plan' | 'undo' | 'run'

/** Answers one question after the other. */
export class Thread {
  /** The exports of the file; rejects if it cannot be loaded. */
  readonly described: Promise<unknown>
  readonly #worker: Worker
  readonly #ended: () => void
  #waiting: { resolve(value: unknown): void; reject(error: Error): void } | undefined

  /** @param ended called when nothing can be asked any more */
  constructor(url: string, ended: () => void = () => {}) {
    this.#worker = new Worker(PROGRAM, {
      ...{ eval: true, workerData: url, argv: [], env: { PATH: process.env.PATH } },
      resourceLimits: { maxOldGenerationSizeMb: MEMORY },
    })
    // It alone keeps no program running.
    this.#worker.unref()
    this.#worker.on('message', ({ value, error, refusal }: Message) => {
      const waiting = this.#waiting
      this.#waiting = undefined
      if (error === undefined) waiting?.resolve(value)
      else waiting?.reject(refusal ? new Refusal(error) : new Error(error))
    })
    this.#ended = ended
    this.#worker.on('error', error => this.#gone(error))
    this.#worker.on('exit', () => this.#gone(new Error('the function ended without an answer')))
    this.described = this.#answer()
    // The caller that awaits it handles the error.
    this.described.catch(() => {})
  }

  /** One question at a time. */
  ask(name: string, what: What, input: unknown): Promise<unknown> {
    const answer = this.#answer()
    try {
      this.#worker.postMessage({ name, what, input })
    } catch (error) {
      this.#waiting?.reject(error as Error)
    }
    return answer
  }

  /** @param why the reason given to all that wait */
  end(why: string): void {
    this.#gone(new Error(why))
    void this.#worker.terminate()
  }

  #gone(error: Error): void {
    this.#ended()
    this.#waiting?.reject(error)
    this.#waiting = undefined
  }

  #answer(): Promise<unknown> {
    return new Promise((resolve, reject) => (this.#waiting = { resolve, reject }))
  }
}

/** Milliseconds in which a file is loaded. */
const LOADING = 30_000

export const loading = (thread: Thread): Promise<unknown> => inTime(thread, LOADING, 'loading', thread.described)

/** Ends the thread when an answer takes longer: it rejects then. */
async function inTime<T>(thread: Thread, ms: number, what: string, answer: Promise<T>): Promise<T> {
  const timer = setTimeout(() => thread.end(`${what} took longer than ${ms / 1000} s`), ms)
  try {
    return await answer
  } finally {
    clearTimeout(timer)
  }
}

/** A thread that stays, for what a file plans: a new one takes its place when it has ended. */
export class Planner {
  readonly #url: string
  readonly #ms: number
  #thread: Thread | undefined
  #turn: Promise<unknown> = Promise.resolve()

  /** @param ms milliseconds that a plan may take */
  constructor(url: string, ms: number) {
    this.#url = url
    this.#ms = ms
  }

  described(): Promise<unknown> {
    return loading(this.#running())
  }

  /** In turn: the time that another one takes is not its own. */
  ask(name: string, what: 'plan' | 'undo', input: unknown): Promise<unknown> {
    const answer = this.#turn.then(async () => {
      const thread = this.#running()
      await loading(thread)
      return inTime(thread, this.#ms, what, thread.ask(name, what, input))
    })
    this.#turn = answer.catch(() => {})
    return answer
  }

  #running(): Thread {
    if (this.#thread) return this.#thread
    const thread = new Thread(this.#url, () => {
      if (this.#thread === thread) this.#thread = undefined
    })
    this.#thread = thread
    return thread
  }
}
