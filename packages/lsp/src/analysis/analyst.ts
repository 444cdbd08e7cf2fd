import type { Finding } from '@falc/authoring'
import type { RulesFile } from '../workspace/workspace.ts'
import type { Check, Found, Port } from './messages.ts'

/** A thread that runs `serveAnalyses`. */
export interface Thread extends Port<Check, Found> {
  on(event: 'message', listener: (message: Found) => void): unknown
  on(event: 'error', listener: (error: Error) => void): unknown
  terminate(): Promise<unknown>
}

export interface AnalystEvents {
  /** Findings in a text, as far as they are known; `done` when there will be no more. */
  found(uri: string, text: string, findings: readonly Finding[], done: boolean): void
  log(message: string): void
}

/** Milliseconds for one check: then the thread is replaced. */
const TIMEOUT_MS = 60_000

interface Job {
  readonly check: Omit<Check, 'texts' | 'id'>
  readonly file: RulesFile
  readonly before: readonly RulesFile[]
}

/** Asks the thread, one file at a time, always about the newest text. */
export class Analyst {
  readonly #start: () => Thread
  readonly #events: AnalystEvents
  #thread: Thread | undefined
  /** Texts that the thread has. */
  readonly #sent = new Map<string, string>()
  readonly #waiting = new Map<string, Job>()
  #running: (Job & { readonly id: number }) | undefined
  #timer: NodeJS.Timeout | undefined
  #next = 1
  #closed = false

  constructor(start: () => Thread, events: AnalystEvents) {
    this.#start = start
    this.#events = events
  }

  /** Nothing is being checked, or waits to be. */
  get isIdle(): boolean {
    return this.#running === undefined && this.#waiting.size === 0
  }

  check(file: RulesFile, before: readonly RulesFile[], lint: boolean): void {
    const job = { check: { uri: file.uri, before: before.map(({ uri }) => uri), lint }, file, before }
    // A later text of the file at hand goes to the thread at once, which then drops the earlier one.
    if (this.#running?.file.uri === file.uri) this.#send(job)
    else {
      this.#waiting.delete(file.uri)
      this.#waiting.set(file.uri, job)
      this.#proceed()
    }
  }

  forget(uri: string): void {
    this.#waiting.delete(uri)
  }

  async close(): Promise<void> {
    this.#closed = true
    clearTimeout(this.#timer)
    await this.#thread?.terminate()
  }

  #proceed(): void {
    if (this.#running || this.#closed) return
    const [next] = this.#waiting.values()
    if (!next) return
    this.#waiting.delete(next.file.uri)
    this.#send(next)
  }

  #send(job: Job): void {
    const id = this.#next++
    this.#running = { ...job, id }
    const texts = [...job.before, job.file].flatMap(({ uri, rules: { text } }) =>
      this.#sent.get(uri) === text ? [] : [[uri, text] as const],
    )
    for (const [uri, text] of texts) this.#sent.set(uri, text)
    clearTimeout(this.#timer)
    this.#timer = setTimeout(
      () => this.#replace(`${job.file.uri}: not analysed within ${TIMEOUT_MS / 1000} s`),
      TIMEOUT_MS,
    )
    this.#timer.unref()
    this.#started().postMessage({ ...job.check, id, texts })
  }

  #started(): Thread {
    if (this.#thread) return this.#thread
    const thread = this.#start()
    thread.on('message', found => this.#take(found))
    thread.on('error', error => {
      if (thread === this.#thread) this.#replace(`the analysis has failed: ${error.message}`)
    })
    this.#thread = thread
    return thread
  }

  #take({ id, uri, stage, findings, reason }: Found): void {
    if (this.#running?.id !== id) return
    const { file } = this.#running
    if (stage === 'failed') this.#events.log(`${uri}: ${reason}`)
    else this.#events.found(uri, file.rules.text, findings, stage === 'lint')
    if (stage !== 'load') this.#finish()
  }

  #finish(): void {
    clearTimeout(this.#timer)
    this.#running = undefined
    this.#proceed()
  }

  /** A new thread; the check at hand is dropped, since it would fail again. */
  #replace(reason: string): void {
    this.#events.log(reason)
    void this.#thread?.terminate()
    this.#thread = undefined
    this.#sent.clear()
    this.#finish()
  }
}
