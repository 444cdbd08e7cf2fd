import { type ChildProcess, spawn } from 'node:child_process'
import { constants } from 'node:os'
import { ownProcesses } from './processes.ts'
import { writeStream } from './write.ts'

/** A process that reads alerts on its standard input. It leads its own session, so that it can be killed with its children. */
export class Child {
  readonly #process: ChildProcess
  readonly #stderr: Buffer[] = []
  /** Resolves to its exit code, or to 128 + the number of the signal that ended it. */
  readonly exit: Promise<number>
  /** The exit code; undefined while it runs. */
  code: number | undefined

  /** @param keepStderr keep the first lines of its standard error instead of passing them on */
  constructor(command: string, args: readonly string[], keepStderr = false) {
    const stderr = keepStderr ? 'pipe' : 'inherit'
    const child = spawn(command, args, { stdio: ['pipe', 'inherit', stderr], detached: true })
    this.#process = child
    const { pid } = child
    if (pid !== undefined) ownProcesses.add(pid)
    this.exit = new Promise(resolve => {
      const ended = (code: number) => {
        if (pid !== undefined) ownProcesses.ended(pid)
        this.code ??= code
        resolve(this.code)
      }
      child.once('error', () => ended(127))
      child.once('exit', (code, signal) => ended(code ?? 128 + (constants.signals[signal!] ?? 0)))
    })
    // A failing write reports to its own caller; without a listener the event would end the process.
    child.stdin?.on('error', () => {})
    child.stderr?.on('data', (chunk: Buffer) => {
      if (this.#stderr.length < 16) this.#stderr.push(chunk)
    })
  }

  /** The beginning of its standard error, if it was to be kept. */
  get stderr(): string {
    return Buffer.concat(this.#stderr).toString().slice(0, 1000).trim()
  }

  /** Resolves when the operating system has taken the data. @throws EPIPE when the process no longer reads */
  write(data: string | Uint8Array): Promise<void> {
    const { stdin } = this.#process
    return stdin ? writeStream(stdin, data) : Promise.reject(Object.assign(new Error('not started'), { code: 'EPIPE' }))
  }

  /** Closes its input and waits for its end. */
  end(): Promise<number> {
    this.#process.stdin?.end()
    return this.exit
  }

  /** Ends it and all that it has started, without waiting. A write in progress fails. */
  kill(): void {
    const { pid, stdin } = this.#process
    stdin?.destroy()
    this.#process.stderr?.destroy()
    this.#process.unref()
    // The pid of a process that has ended may be another's by now.
    if (pid === undefined || this.code !== undefined) return
    try {
      process.kill(-pid, 'SIGKILL')
    } catch {
      // It has ended already.
    }
  }
}
