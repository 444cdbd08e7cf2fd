/** Connects to a sidecar: a service, or one that this process starts. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { Control } from './control.ts'
import { LiveError } from './live-error.ts'
import { type Addon, findNative } from './native.ts'
import { RestartBudget } from './restart-budget.ts'
import { Frame, Worker } from './wire.ts'

export interface Sidecar {
  /** Id of the process that holds the programs; undefined for a service. */
  readonly pid: number | undefined
  /**
   * Returns a control connection. A further call means that the previous connection has ended, with `problem` as the reason if
   * known: it logs a warning and returns a new connection after a pause.
   * @throws {LiveError} if no sidecar is available any more
   */
  connect(problem?: string): Promise<number>
  /** Stops the sidecar. Resolves once it has exited and its programs are detached. */
  close(): Promise<void>
}

/** @param socketPath socket of a service; undefined = start a sidecar */
export function openSidecar(addon: Addon, socketPath: string | undefined, warn: (text: string) => void): Sidecar {
  return socketPath === undefined ? new StartedSidecar(addon, warn) : new ServiceSidecar(addon, socketPath, warn)
}

class ServiceSidecar implements Sidecar {
  readonly pid = undefined
  readonly #addon: Addon
  readonly #path: string
  readonly #warn: (text: string) => void
  readonly #budget = new RestartBudget()
  #connected = false
  #closed = false

  constructor(addon: Addon, path: string, warn: (text: string) => void) {
    this.#addon = addon
    this.#path = path
    this.#warn = warn
  }

  async connect(problem?: string): Promise<number> {
    const path = this.#path
    const warn = this.#warn
    let said = problem
    for (;;) {
      if (this.#connected) {
        const pause = this.#budget.next()
        const why = said === undefined ? '' : `: ${said}`
        if (pause === undefined)
          throw new LiveError(
            'sidecar',
            `the sidecar at ${path} has ended ${RestartBudget.max + 1} times within a minute${why}`,
          )
        warn(
          `the sidecar at ${path} has ended${why}; connecting again in ${pause} ms (${this.#budget.count} of ${RestartBudget.max} within a minute), the state is read again`,
        )
        await sleep(pause)
      }
      if (this.#closed) throw new LiveError('sidecar', 'closed')
      try {
        const fd = this.#addon.connect(path)
        this.#connected = true
        return fd
      } catch (error) {
        said = `no sidecar answers at ${path}: ${(error as Error).message}`
        if (!this.#connected) throw new LiveError('sidecar', said)
      }
    }
  }

  async close(): Promise<void> {
    this.#closed = true
  }
}

/** Milliseconds between polls of the supervisor's socket. */
const TURN = 2
/** Timeout in milliseconds for the supervisor's start, including its longest pause. */
const LIMIT = 30_000
/** Timeout in milliseconds for the sidecar to detach its programs. */
const DETACH_TIMEOUT = 2000
/** Maximum payload length in bytes of a supervisor's frame. */
const LONGEST = 4096

/**
 * `falc-probe --fd 3 --respawn`: a supervisor and a worker, which the supervisor restarts if it is killed. This works even
 * after this process has dropped its privileges.
 */
class StartedSidecar implements Sidecar {
  pid: number | undefined
  readonly #addon: Addon
  readonly #warn: (text: string) => void
  readonly #budget = new RestartBudget()
  readonly #user = process.geteuid!()
  #child: ChildProcess | undefined
  #channel: Control | undefined
  #gone: Promise<void> = Promise.resolve()
  #problem: string | undefined
  #closed = false

  constructor(addon: Addon, warn: (text: string) => void) {
    this.#addon = addon
    this.#warn = warn
  }

  async connect(problem?: string): Promise<number> {
    const known = problem === undefined ? '' : `: ${problem}`
    if (this.#channel === undefined) await this.#start()
    const limit = performance.now() + LIMIT
    for (;;) {
      const fd = this.#poll(known)
      if (fd !== undefined) return fd
      if (this.#closed) throw new LiveError('sidecar', 'closed')
      if (this.#channel!.closed) {
        if (this.#problem !== undefined) throw new LiveError('sidecar', `${this.#problem}${known}`)
        if (this.pid === undefined) throw new LiveError('sidecar', 'the sidecar ended before it was ready')
        await this.#startAgain()
      }
      if (performance.now() > limit) throw new LiveError('sidecar', 'the sidecar starts no worker')
      await sleep(TURN)
    }
  }

  close(): Promise<void> {
    this.#closed = true
    this.#channel?.close()
    this.#child?.ref()
    const { promise, resolve } = Promise.withResolvers<void>()
    const timer = setTimeout(resolve, DETACH_TIMEOUT)
    return Promise.race([this.#gone, promise]).finally(() => clearTimeout(timer))
  }

  /** @throws {LiveError} if the program can't be run */
  async #start(): Promise<void> {
    const probe = findNative('probe')
    const [ours, theirs] = this.#addon.socketpair()
    const child = spawn(probe, ['--fd', '3', '--respawn'], { stdio: ['ignore', 'ignore', 'inherit', theirs] })
    this.#gone = ended(child)
    this.#addon.close(theirs)
    this.#child = child
    this.#channel = new Control(this.#addon, ours, LONGEST)
    try {
      await once(child, 'spawn')
    } catch (error) {
      throw new LiveError('sidecar', `${probe} can't be started: ${(error as Error).message}`)
    }
  }

  /** Restarts the supervisor after it was killed, and its worker with it. */
  async #startAgain(): Promise<void> {
    const what = 'the supervisor of the sidecar has ended'
    if (process.geteuid!() !== this.#user)
      throw new LiveError('sidecar', `${what}, and this process may not start another since it has changed its user`)
    const pause = this.#budget.next()
    if (pause === undefined) throw new LiveError('sidecar', `${what} ${RestartBudget.max + 1} times within a minute`)
    this.#warn(
      `${what}; it is started again (${this.#budget.count} of ${RestartBudget.max} within a minute), the state is read again`,
    )
    await sleep(pause)
    // Nobody would end it.
    if (this.#closed) throw new LiveError('sidecar', 'closed')
    await this.#start()
  }

  /** Handles the supervisor's frames. Returns the newest worker's connection, if any. */
  #poll(known: string): number | undefined {
    const channel = this.#channel!
    let came: number | undefined
    const take = (kind: number, payload: DataView) => {
      if (kind === Frame.worker) {
        this.pid = payload.getUint32(Worker.pid, true)
        if (came !== undefined) this.#addon.close(came)
        came = channel.fds.shift()
      } else if (kind === Frame.ended) {
        this.#warn(`the sidecar has ended${known}: ${new TextDecoder().decode(payload)}, and the state is read again`)
      } else if (kind === Frame.problem) {
        this.#problem = new TextDecoder().decode(payload)
      } else throw new LiveError('protocol', `the supervisor of the sidecar sent a frame of kind ${kind}`)
    }
    channel.poll(take, () => came === undefined)
    return came
  }
}

function ended(child: ChildProcess): Promise<void> {
  return new Promise(resolve => {
    child.once('exit', () => resolve())
    child.once('error', () => resolve())
    child.unref()
  })
}
