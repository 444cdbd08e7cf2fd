import { setTimeout as sleep } from 'node:timers/promises'
import { OutputError } from '../model/output.ts'
import type { DeadLetters } from './dead-letters.ts'
import type { Fifo } from './fifo.ts'
import type { Entry } from './item-cache.ts'
import type { Journal } from './journal.ts'

export interface WriterParts {
  readonly journal: Journal
  readonly letters: DeadLetters
  readonly pending: Fifo<Entry>
  /** Milliseconds; 0: before anything counts as saved. */
  readonly sync: number
  /** The number of the first record that is not done with. */
  readonly position: () => number
  /** The first `count` of the pending items have been written. */
  readonly written: (count: number) => void
  readonly log: (level: 'error' | 'notice', text: string) => void
}

/** Milliseconds between two attempts of a disk that fails. */
const FIRST_PAUSE = 100
const LONGEST_PAUSE = 5000

/** Milliseconds that a close waits for the disk. */
const CLOSING = 5000

/** Puts on disk what waits for it: one thing after the other, away from the event path, again and again until it works. */
export class Writer {
  /** How many of those that are pending may be written at this moment. */
  writing = 0
  errors = 0
  /** Why nothing is written at present. */
  failing: string | undefined
  readonly #parts: WriterParts
  #working: Promise<void> | undefined
  #stepped = Promise.withResolvers<void>()
  #wake: () => void = () => {}
  #pause = FIRST_PAUSE
  /** The position that is on disk. */
  #saved: number
  #syncDue = false
  #timer: NodeJS.Timeout | undefined
  /** Pushes that are pending no more. */
  #left = 0
  /** All that was given out is on disk, or done with. */
  #settled = true
  #closing = false

  constructor(parts: WriterParts) {
    this.#parts = parts
    this.#saved = parts.journal.position
  }

  /** Resolves after the next attempt, whether it succeeds or not. */
  get step(): Promise<void> {
    return this.#stepped.promise
  }

  /** There may be something to do. */
  work(): void {
    this.#working ??= this.#work().finally(() => {
      this.#working = undefined
      if (this.#wanted && !this.#closing) this.work()
    })
  }

  /** This many pushes are no longer pending. */
  left(count: number): void {
    this.#left += count
  }

  /** Items are done with. @param settled none of the others is in memory only */
  done(settled: boolean): void {
    this.#settled = settled
    this.work()
    if (settled) this.#step()
  }

  /** Something was given out that is in memory only. */
  unsettle(): void {
    this.#settled = false
  }

  /** Waits until another attempt to read may help. */
  async pause(): Promise<void> {
    this.errors++
    await sleep(LONGEST_PAUSE / 5, undefined, { ref: false })
  }

  /** Resolves when everything that is pending would survive the process, or is done with. @throws {OutputError} when the queue is closed before */
  async saved(): Promise<void> {
    const { pending, sync } = this.#parts
    const mark = this.#left + pending.length
    while (this.#left < mark || !this.#settled || (sync === 0 && this.#syncDue)) {
      if (this.#closing) throw new OutputError('closed', 'the queue on disk was closed')
      this.work()
      await this.step
    }
  }

  /** Writes what is pending, and these, if the disk takes them in time. */
  async close(more: readonly Entry[]): Promise<void> {
    const closing = new AbortController()
    const late = sleep(CLOSING, undefined, { signal: closing.signal, ref: false }).catch(() => {})
    void late.then(() => closing.abort())
    for (const entry of more) this.#parts.pending.push(entry)
    this.#syncDue = true
    this.#wake()
    do {
      this.work()
      await Promise.race([this.step, late])
    } while (this.#wanted && this.failing === undefined && !closing.signal.aborted)
    this.#closing = true
    clearTimeout(this.#timer)
    this.#wake()
    await Promise.race([this.#working, late])
    closing.abort()
    this.#step()
  }

  get #wanted(): boolean {
    const { pending, letters, journal, position } = this.#parts
    return pending.length > 0 || letters.unwritten > 0 || journal.untidy || this.#syncDue || position() !== this.#saved
  }

  async #work(): Promise<void> {
    // The rest of the caller's synchronous stretch joins the first write.
    await Promise.resolve()
    while (this.#wanted && !this.#closing) {
      const error = await this.#round()
      if (error) this.#fail(error)
      else this.#recover()
      this.#step()
      if (error && !this.#closing) await this.#sleep()
    }
  }

  /** Each thing is tried, whether or not the one before has worked: deleting files is what makes room on a full disk. */
  async #round(): Promise<Error | undefined> {
    let first: Error | undefined
    for (const step of [this.#bury, this.#release, this.#append, this.#sync]) {
      try {
        await step.call(this)
      } catch (error) {
        first ??= error as Error
      }
    }
    return first
  }

  async #bury(): Promise<void> {
    await this.#parts.letters.write()
  }

  async #release(): Promise<void> {
    const { journal, position } = this.#parts
    const at = position()
    try {
      const short = this.failing !== undefined
      if (short || at !== this.#saved) await journal.release(at, short)
      this.#saved = at
    } finally {
      await journal.clean()
    }
  }

  async #append(): Promise<void> {
    const { pending, journal, written, sync } = this.#parts
    if (pending.length === 0) return
    this.writing = pending.length
    if (sync === 0) this.#syncDue = true
    try {
      await journal.append(texts(pending, this.writing), written)
    } finally {
      this.writing = 0
    }
    if (sync > 0)
      this.#timer ??= setTimeout(() => {
        this.#timer = undefined
        this.#syncDue = true
        this.work()
      }, sync).unref()
  }

  async #sync(): Promise<void> {
    if (!this.#syncDue) return
    await this.#parts.journal.sync()
    this.#syncDue = false
  }

  #fail(error: Error): void {
    this.errors++
    if (this.failing === undefined) this.#parts.log('error', `${error.message}; alerts wait in memory`)
    this.failing = error.message
  }

  #recover(): void {
    this.#pause = FIRST_PAUSE
    if (this.failing === undefined) return
    this.failing = undefined
    this.#parts.log('notice', 'it can be written again')
  }

  #step(): void {
    this.#stepped.resolve()
    this.#stepped = Promise.withResolvers()
  }

  #sleep(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    const timer = setTimeout(resolve, this.#pause).unref()
    this.#pause = Math.min(2 * this.#pause, LONGEST_PAUSE)
    this.#wake = resolve
    return promise.finally(() => clearTimeout(timer))
  }
}

function* texts(pending: Fifo<Entry>, count: number): Generator<string, void> {
  for (let i = 0; i < count; i++) yield pending.at(i)!.text
}
