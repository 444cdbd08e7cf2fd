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

/** What is before an output's queue: route → collapse → rate. */
export class Stages {
  readonly #accepts: ((alert: AlertData) => boolean) | undefined
  readonly #counters: Counters
  readonly #collapse: Collapse | undefined
  readonly #rate: RateLimit | undefined
  readonly #queue: (alert: AlertData) => void
  /** The first stage after the route. */
  readonly #enter: (alert: AlertData) => void
  #closed = false

  /** @param name of the output @param queue takes what has passed */
  constructor(options: StageOptions, name: string, queue: (alert: AlertData) => void, counters: Counters) {
    this.#accepts = options.accepts
    this.#counters = counters
    this.#queue = queue
    // From the queue backwards: each stage passes alerts on to the one made before it.
    let enter = queue
    const rate = options.rate && new RateLimit(options.rate, name, enter, counters)
    if (rate) enter = alert => rate.push(alert)
    const collapse = options.collapse?.(enter, counters)
    if (collapse) enter = alert => collapse.push(alert)
    this.#rate = rate
    this.#collapse = collapse
    this.#enter = enter
  }

  push(alert: AlertData): void {
    if (this.#accepts && !this.#accepts(alert)) return
    this.#counters.pushed++
    if (this.#closed) this.#queue(alert)
    else this.#enter(alert)
  }

  /** Passes on the alerts that stand for others, before the end of their time; what comes later goes straight to the queue. */
  close(): void {
    this.#collapse?.flush()
    this.#rate?.flush()
    this.#closed = true
  }
}
