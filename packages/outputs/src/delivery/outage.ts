import type { Failure } from '../model/answer.ts'
import type { Counters } from './counters.ts'

/**
 * An output's failure, from the first failed attempt to the recovery. Each of these has a log line, and so has an error during the outage
 * that waiting cannot resolve.
 */
export class Outage {
  readonly #name: string
  readonly #log: (level: 'error' | 'notice', text: string) => void
  readonly #counters: Counters
  #since = 0
  /** Losses before it. */
  #lost = 0
  /** A log line has said that the configuration has to be changed. */
  #told = false
  /** Why nothing gets through at present. */
  failure: Failure | undefined

  constructor(name: string, log: (level: 'error' | 'notice', text: string) => void, counters: Counters) {
    this.#name = name
    this.#log = log
    this.#counters = counters
  }

  failing(failure: Failure): void {
    if (!this.failure) {
      this.#since = performance.now()
      this.#lost = this.#counters.lost
      this.#log('error', `${failure.message}; retrying`)
    } else if (failure.class === 'misconfigured' && !this.#told)
      this.#log('error', `${failure.message}; alerts wait until that is changed`)
    if (failure.class === 'misconfigured') this.#told = true
    this.failure = failure
  }

  /** @param waited alerts in the queue at this time @returns whether there was an outage */
  recovered(waited: number): boolean {
    if (!this.failure) return false
    this.failure = undefined
    this.#told = false
    const seconds = ((performance.now() - this.#since) / 1000).toFixed(1)
    const counts = `${waited} alerts waited, ${this.#counters.lost - this.#lost} were lost`
    this.#log('notice', `${this.#name}: recovered after ${seconds} s; ${counts}`)
    return true
  }

  /** Whether it has lasted for this many milliseconds. */
  lasts(ms: number): boolean {
    return this.failure !== undefined && performance.now() - this.#since >= ms
  }
}
