import { setTimeout as sleep } from 'node:timers/promises'
import { type Answer, type Failure, failureOf } from '../model/answer.ts'
import { type Output, OutputError } from '../model/output.ts'
import type { BatchLimits, Item } from '../model/transport.ts'
import { Child } from './child.ts'
import { LineBuffer } from './write.ts'

export interface ProgramOptions {
  /** A shell command; it reads alerts on its standard input. */
  readonly program: string
  /** One process for all alerts; otherwise one for each alert. */
  readonly keepAlive?: boolean
}

/** The shell's exit codes for a command that could not be run: not executable, not found. */
const NEVER_RAN: readonly number[] = [126, 127]

/** Milliseconds in which the shell finds out that it cannot run the command. */
const START_UP = 100

/** Lines for a child process of the shell; its output goes where falc's own goes. */
export class ProgramOutput implements Output {
  readonly name = 'program'
  readonly batch: BatchLimits
  readonly undone: Record<string, number> = {}
  readonly #program: string
  readonly #keepAlive: boolean
  #child: Child | null = null
  /** Messages written to `#child`. */
  readonly #lines = new LineBuffer()
  #written = 0
  #closed = false

  constructor({ program, keepAlive = false }: ProgramOptions) {
    this.#program = program
    this.#keepAlive = keepAlive
    this.batch = { items: keepAlive ? 512 : 1, bytes: 64 * 1024 }
  }

  async open(): Promise<this> {
    if (this.#keepAlive) this.#start()
    return this
  }

  async send(items: readonly Item[]): Promise<Answer> {
    return this.#keepAlive ? this.#toOne(items) : this.#toEach(items)
  }

  /** A process per message: its exit code is the answer. */
  async #toEach(items: readonly Item[]): Promise<Answer> {
    for (const [delivered, item] of items.entries()) {
      const child = this.#start()
      // A program that succeeds without reading its input has done its work.
      child.write(new LineBuffer().fill([item]).data).catch(() => {})
      const code = await child.end()
      if (code !== 0) return { delivered, failure: exitFailure(code, NEVER_RAN.includes(code) ? 'later' : 'poison') }
    }
    return { delivered: items.length }
  }

  /** One process for all items: what it has been given counts as delivered, unless it turns out that it never ran. */
  async #toOne(items: readonly Item[]): Promise<Answer> {
    const code = this.#child?.code
    if (code !== undefined) {
      this.#settle(code)
      if (code !== 0) return { delivered: 0, failure: exitFailure(code, 'later') }
    }
    const child = this.#child ?? this.#start()
    try {
      await child.write(this.#lines.fill(items).data)
      if (this.#written === 0) {
        const code = await Promise.race([child.exit, sleep(START_UP)])
        if (code !== undefined && NEVER_RAN.includes(code)) {
          this.#child = null
          return { delivered: 0, failure: exitFailure(code, 'later') }
        }
      }
      this.#written += items.length
      return { delivered: items.length }
    } catch (error) {
      // It ended while it was written to: its exit code says more than the broken pipe. One that took nothing is not started at once.
      const restarts = this.#written > 0
      const code = await child.end()
      this.#settle(code)
      const failure = code === 0 ? failureOf(error, this.name) : exitFailure(code, 'later')
      return { delivered: 0, failure: { ...failure, ...(code === 0 && restarts && { after: 0 }) } }
    }
  }

  /** The process has ended with this code: what a program that never ran was given is lost. */
  #settle(code: number): void {
    if (NEVER_RAN.includes(code) && this.#written > 0) {
      const cause = `exit_${code}`
      this.undone[cause] = (this.undone[cause] ?? 0) + this.#written
    }
    this.#child = null
    this.#written = 0
  }

  #start(): Child {
    if (this.#closed) throw Object.assign(new Error('closed'), { code: 'closed' })
    this.#child = new Child('/bin/sh', ['-c', this.#program])
    this.#written = 0
    return this.#child
  }

  async reopen(): Promise<void> {
    if (this.#child) await this.#end(this.#child)
    await this.open()
  }

  async close(force = false): Promise<void> {
    this.#closed = true
    if (force) this.#child?.kill()
    else if (this.#child) {
      const given = this.#written
      const code = await this.#end(this.#child)
      if (NEVER_RAN.includes(code) && given > 0)
        throw new OutputError(`exit_${code}`, exitFailure(code, 'later').message)
    }
  }

  async #end(child: Child): Promise<number> {
    const code = await child.end()
    this.#settle(code)
    return code
  }
}

function exitFailure(code: number, kind: Failure['class']): Failure {
  return { class: kind, cause: `exit_${code}`, message: `program: ended with code ${code}` }
}
