/** Milliseconds in which one place of the code is reported once. */
const QUIET_MS = 60_000

/** Number of places that are reported separately; all others count as one. */
const MAX_PLACES = 64

/**
 * Errors of ours that strangers' requests bring about, on their way to the log: an operator needs each of them, and a sender must not
 * fill the log with one. An error is known by where it was thrown, since the sender may choose its message.
 */
export class Faults {
  readonly #tell: (text: string) => void
  readonly #places = new Map<string, { until: number; silent: number }>()

  constructor(tell: (text: string) => void) {
    this.#tell = tell
  }

  add(error: unknown): void {
    const { message, place } = described(error)
    const now = performance.now()
    const known = this.#places.get(place) ?? this.#room(place)
    if (now < known.until) {
      known.silent++
      return
    }
    const more = known.silent > 0 ? `; ${known.silent} more since the last message` : ''
    this.#tell(`a request could not be handled: ${message.slice(0, 300)} (${place})${more}`)
    Object.assign(known, { until: now + QUIET_MS, silent: 0 })
  }

  #room(place: string) {
    const key = this.#places.size < MAX_PLACES ? place : ''
    const known = this.#places.get(key) ?? { until: 0, silent: 0 }
    this.#places.set(key, known)
    return known
  }
}

/** The stack repeats the message first, in which there may be lines like its own. */
function described(error: unknown): { readonly message: string; readonly place: string } {
  const { message = String(error), stack = '' } = error instanceof Error ? error : {}
  const frames = stack.slice(stack.indexOf(message) + message.length)
  return { message, place: /^\s*(at .*)$/m.exec(frames)?.[1] ?? 'from an unknown place' }
}
