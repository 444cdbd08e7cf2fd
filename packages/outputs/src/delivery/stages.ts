import type { AlertData } from '@falc/engine'
import type { Rate } from '../model/transport.ts'
import type { Collapse } from './collapse.ts'
import type { Counters } from './counters.ts'
import { RateLimit } from './rate.ts'

export interface StageOptions {
  /** Which alerts are the output's. Default: all. */
  readonly accepts?: ((alert: AlertData) => boolean) | undefined
  readonly collapse?: ((next: (alert: AlertData) => void, counters: Counters) => Collapse) | undefined
  readonly rate?: Rate | undefined
}

/** The stages before an output's queue: route → collapse → rate. */
export class Stages {
  readonly #accepts: ((alert: AlertData) => boolean) | undefined
  readonly #counters: Counters
  readonly #collapse: Collapse | undefined
  readonly #rate: RateLimit | undefined
  /** The first stage after the route; undefined: there is none but the queue. */
  readonly #first: Collapse | RateLimit | undefined
  #closed = false

  /** @param name of the output @param queue takes what collapse and rate pass on */
  constructor(options: StageOptions, name: string, queue: (alert: AlertData) => void, counters: Counters) {
    this.#accepts = options.accepts
    this.#counters = counters
    const rate = options.rate && new RateLimit(options.rate, name, queue, counters)
    this.#rate = rate
    this.#collapse = options.collapse?.(rate ? alert => rate.push(alert) : queue, counters)
    this.#first = this.#collapse ?? rate
  }

  /** @returns whether the alert is to be queued now: collapse and rate queue themselves what they pass on */
  passes(alert: AlertData): boolean {
    if (this.#accepts && !this.#accepts(alert)) return false
    this.#counters.pushed++
    if (this.#first === undefined || this.#closed) return true
    this.#first.push(alert)
    return false
  }

  /** Passes on the summaries of collapsed alerts before the end of their window; later alerts go straight to the queue. */
  close(): void {
    this.#collapse?.flush()
    this.#rate?.flush()
    this.#closed = true
  }
}
