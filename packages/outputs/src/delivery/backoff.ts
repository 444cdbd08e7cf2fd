import type { Failure } from '../model/answer.ts'

export interface BackoffOptions {
  /** Milliseconds before the second attempt, on average. Default 250. */
  readonly first?: number
  /** Milliseconds between attempts, at most, unless the receiver asks for more. Default 30,000. */
  readonly max?: number
}

/** A receiver cannot ask for a longer wait than this: an hour, in milliseconds. */
const MAX_ASKED = 3_600_000

/** Waiting times between attempts: doubling, with jitter, so that many senders do not retry at the same moment. */
export class Backoff {
  readonly #first: number
  readonly #max: number
  readonly #random: () => number
  #attempt = 0

  /** @param random as Math.random */
  constructor({ first = 250, max = 30_000 }: BackoffOptions = {}, random: () => number = Math.random) {
    this.#first = first
    this.#max = max
    this.#random = random
  }

  /** Milliseconds until the next attempt: half to one and a half times the doubled time. A pause that the receiver asks for can only raise it. */
  next({ class: kind, after }: Failure): number {
    if (after === 0) return 0
    const doubled = kind === 'misconfigured' ? this.#max : Math.min(this.#first * 2 ** this.#attempt, this.#max)
    this.#attempt = Math.min(this.#attempt + 1, 30)
    return Math.max(doubled * (0.5 + this.#random()), Math.min(after ?? 0, MAX_ASKED))
  }

  reset(): void {
    this.#attempt = 0
  }
}
