import { type ChildProcess, spawn } from 'node:child_process'
import { constants } from 'node:os'
import { type Message, type Output, OutputError, outputError } from './output.ts'
import { lines, writeStream } from './write.ts'

export interface ProgramOptions {
  /** A shell command; it reads alerts on its standard input. */
  readonly program: string
  /** One process for all alerts; otherwise one for each. */
  readonly keepAlive?: boolean
}

/** Lines for a child process of the shell; its output goes where falc's own goes. */
export class ProgramOutput implements Output {
  readonly name: string = 'program'
  readonly maxBatch: number
  retries = 0
  readonly #program: string
  readonly #keepAlive: boolean
  #child: Child | null = null

  constructor({ program, keepAlive = false }: ProgramOptions) {
    this.#program = program
    this.#keepAlive = keepAlive
    this.maxBatch = keepAlive ? 512 : 1
  }

  async open(): Promise<void> {
    if (this.#keepAlive) this.#child = new Child(this.#program)
  }

  async send(messages: readonly Message[]): Promise<void> {
    if (this.#keepAlive) return this.#sendTo(messages)
    for (const [i, message] of messages.entries()) {
      const child = new Child(this.#program)
      this.#child = child
      // A program that ends well without reading what it is given has done its work: the exit code alone counts.
      await child.write(this.text([message])).catch(() => {})
      const code = await child.end()
      this.#child = null
      if (code !== 0) throw new OutputError(`exit_${code}`, `${this.name}: ended with code ${code}`, 1, i)
    }
  }

  /** What the program reads for these messages. */
  protected text(messages: readonly Message[]): string {
    return lines(messages)
  }

  /** A process that ended since the last message is started again, once. */
  async #sendTo(messages: readonly Message[]): Promise<void> {
    for (let attempt = 0; ; attempt++) {
      const child = this.#child?.alive ? this.#child : new Child(this.#program)
      this.#child = child
      try {
        return await child.write(this.text(messages))
      } catch (error) {
        this.#child = null
        if (attempt > 0) throw outputError(error, this.name, messages.length)
        this.retries++
      }
    }
  }

  async reopen(): Promise<void> {
    await this.close()
    await this.open()
  }

  async close(force = false): Promise<void> {
    if (force) this.#child?.kill()
    else await this.#child?.end()
    this.#child = null
  }
}

class Child {
  readonly #process: ChildProcess
  readonly #exit: Promise<number>
  alive = true

  constructor(program: string) {
    this.#process = spawn('/bin/sh', ['-c', program], { stdio: ['pipe', 'inherit', 'inherit'] })
    this.#exit = new Promise(resolve => {
      const ended = (code: number) => {
        this.alive = false
        resolve(code)
      }
      this.#process.once('error', () => ended(127))
      this.#process.once('exit', (code, signal) => ended(code ?? 128 + (constants.signals[signal!] ?? 0)))
    })
    // A failing write reports to its own caller; without a listener the event would end the process.
    this.#process.stdin!.on('error', () => {})
  }

  write(text: string): Promise<void> {
    return writeStream(this.#process.stdin!, text)
  }

  /** Closes the program's input, waits for its end and gives its exit code. */
  end(): Promise<number> {
    this.#process.stdin!.end()
    return this.#exit
  }

  kill(): void {
    this.#process.stdin!.destroy()
    this.#process.kill('SIGKILL')
  }
}
