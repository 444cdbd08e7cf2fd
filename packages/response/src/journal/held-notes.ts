import type { About, Entry } from './format.ts'

/** How many held-back steps are recorded in a minute. */
const MAX_NOTES = 60
const MAX_KNOWN = 10_000

/** Records what was held back: the same once, and not more than a journal can bear. All are counted. */
export class HeldNotes {
  readonly #write: (entry: Entry) => void
  readonly #known = new Set<string>()
  #minute = 0
  #written = 0

  constructor(write: (entry: Entry) => void) {
    this.#write = write
  }

  /** @returns whether it was recorded */
  add(about: About, guard: string, reason: string): boolean {
    const key = JSON.stringify([about.playbook, about.step, about.target?.uid, guard, reason])
    if (this.#known.has(key)) return false
    const minute = Math.floor(Date.now() / 60_000)
    if (minute !== this.#minute) {
      this.#minute = minute
      this.#written = 0
    }
    if (++this.#written > MAX_NOTES) return false
    this.#known.add(key)
    if (this.#known.size > MAX_KNOWN) this.#known.delete(this.#known.keys().next().value!)
    this.#write({ kind: 'held', ...about, guard, reason })
    return true
  }
}
