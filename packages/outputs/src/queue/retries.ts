import type { DeadLetter, DeadLetters } from './dead-letters.ts'

/** Dead letters that are read at once. */
const AT_ONCE = 100

export interface RetriesParts {
  readonly letters: DeadLetters
  /** Milliseconds between two looks. */
  readonly every: number
  /** The queue would take none. */
  readonly refused: () => boolean
  /** Queues the alert of one. @returns false: there is no room for it */
  readonly queue: (letter: DeadLetter) => boolean
  /** Resolves when what was queued would survive the process. */
  readonly saved: () => Promise<void>
  readonly failed: (reason: string) => void
}

/** Looks for dead letters that a command wants to be delivered once more. */
export class Retries {
  readonly #parts: RetriesParts
  readonly #timer: NodeJS.Timeout
  #looking = false

  constructor(parts: RetriesParts) {
    this.#parts = parts
    this.#timer = setInterval(() => void this.#look(), parts.every)
    this.#timer.unref()
    void this.#look()
  }

  stop(): void {
    clearInterval(this.#timer)
  }

  async #look(): Promise<void> {
    const { letters, refused, queue, saved, failed } = this.#parts
    if (this.#looking || refused()) return
    this.#looking = true
    try {
      const wanted = await letters.wanted(AT_ONCE)
      const full = wanted.findIndex(letter => !queue(letter))
      // The others wait: the queue would lose them.
      const queued = full < 0 ? wanted : wanted.slice(0, full)
      if (queued.length === 0) return
      await saved()
      await letters.retried(queued)
    } catch (error) {
      failed((error as Error).message)
    } finally {
      this.#looking = false
    }
  }
}
