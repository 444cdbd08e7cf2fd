/** A store with its own writing thread: SQLite waits for the disk, and the program must not. */
import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import type { AlertData } from '@falc/engine'
import { batchOf } from './batch.ts'
import { StoreError } from './error.ts'
import type { Answer, Request, WorkerOptions } from './worker.ts'

export interface ThreadOptions extends WorkerOptions {
  /** What an operator should know: a file was damaged, or is gone. */
  readonly note?: (text: string) => void
}

export class StoreThread {
  readonly #worker: Worker
  readonly #waiting: PromiseWithResolvers<number>[] = []
  #ended: StoreError | undefined
  #isClosing = false

  /** The file is opened, or created, with the first alerts. */
  constructor({ note, ...options }: ThreadOptions) {
    this.#worker = new Worker(workerFile(), {
      workerData: options satisfies WorkerOptions,
      // Flags about the program's own text are not for this file; those about how files are found are.
      execArgv: process.execArgv.filter(flag => /^--(?:conditions|import)=/.test(flag)),
    })
    this.#worker.unref()
    this.#worker.on('message', (answer: Answer) => {
      if (answer.kind === 'note') note?.(answer.text)
      else if (answer.kind === 'done') this.#next()?.resolve(answer.added)
      else {
        const { fault, message } = answer
        this.#next()?.reject(fault === undefined ? new Error(message) : new StoreError(fault, message))
      }
    })
    this.#worker.on('error', error => this.#end(error.message))
    this.#worker.on('exit', () => this.#end('it has ended'))
  }

  /** It adds nothing any more: it was closed, or it has failed. */
  get hasEnded(): boolean {
    return this.#ended !== undefined
  }

  /**
   * Adds alerts; those that are already there are left alone. They are on disk when it resolves.
   * @returns how many were new
   * @throws {StoreError} when none was added
   */
  insert(alerts: readonly AlertData[]): Promise<number> {
    if (this.#ended) return Promise.reject(this.#ended)
    // Before anything waits: alerts that cannot be printed have no answer.
    const batch: Request = batchOf(alerts)
    const answer = Promise.withResolvers<number>()
    this.#waiting.push(answer)
    this.#worker.ref()
    this.#worker.postMessage(
      batch,
      [batch.bodies, batch.ends, batch.times].map(({ buffer }) => buffer as ArrayBuffer),
    )
    return answer.promise
  }

  /** Closes the file once all batches are answered; `force` does not wait for that. */
  async close(force = false): Promise<void> {
    if (this.#ended) return
    this.#isClosing = true
    if (force) {
      await this.#worker.terminate()
      return
    }
    this.#worker.postMessage('close' satisfies Request)
    this.#worker.ref()
    await once(this.#worker, 'exit')
  }

  #next(): PromiseWithResolvers<number> | undefined {
    const answer = this.#waiting.shift()
    // An idle store keeps no program from ending, unless the program waits for its end.
    if (this.#waiting.length === 0 && !this.#isClosing) this.#worker.unref()
    return answer
  }

  #end(why: string): void {
    this.#ended ??= new StoreError('unusable', `the thread of the store: ${why}`)
    for (const answer of this.#waiting.splice(0)) answer.reject(this.#ended)
  }
}

/** From source, as a package, or beside the bundled command. */
function workerFile(): URL {
  const here = import.meta.url
  return new URL(
    here.endsWith('.cjs') ? './store-worker.cjs' : here.endsWith('.ts') ? './worker.ts' : './worker.js',
    here,
  )
}
