export interface StallLimit {
  /** Milliseconds without progress. */
  readonly ms: number
  /** Grows with progress. */
  readonly progress: () => number
  /** Whether a time without progress is the end. */
  readonly hopeless: () => boolean
  readonly abort?: AbortSignal | undefined
}

/** False: `work` made no progress for so long that there is no hope, or `abort` fired. */
export async function ends(work: Promise<void>, { ms, progress, hopeless, abort }: StallLimit): Promise<boolean> {
  const { promise: gaveUp, resolve } = Promise.withResolvers<boolean>()
  const giveUp = () => resolve(false)
  if (abort?.aborted) giveUp()
  abort?.addEventListener('abort', giveUp)
  let seen = progress()
  const timer = setInterval(() => {
    const still = progress() === seen
    seen = progress()
    if (still && hopeless()) giveUp()
  }, ms)
  try {
    return await Promise.race([work.then(() => true), gaveUp])
  } finally {
    clearInterval(timer)
    abort?.removeEventListener('abort', giveUp)
  }
}

/** A pause that ends early when something has changed. */
export class Pause {
  #wake: () => void = () => {}

  wake(): void {
    this.#wake()
  }

  async for(ms: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    const timer = setTimeout(resolve, ms)
    this.#wake = resolve
    await promise
    clearTimeout(timer)
    this.#wake = () => {}
  }
}
