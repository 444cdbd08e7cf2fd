import type { DeadLetter, DeadLetters } from './dead-letters.ts'

/** Dead letters that are read at once. */
const AT_ONCE = 100

export interface RetriesParts {
  readonly letters: DeadLetters
  /** Milliseconds between two looks. */
  readonly every: number
  /** The queue would take none. */
  readonly refused: () => boolean
  /** Queues their alerts; resolves when these would survive the process. */
  readonly queue: (letters: readonly DeadLetter[]) => Promise<void>
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
    const { letters, refused, queue, failed } = this.#parts
    if (this.#looking || refused()) return
    this.#looking = true
    try {
      const wanted = await letters.wanted(AT_ONCE)
      if (wanted.length === 0) return
      await queue(wanted)
      await letters.retried(wanted)
    } catch (error) {
      failed((error as Error).message)
    } finally {
      this.#looking = false
    }
  }
}
