import type { SyscallEvent } from '../event.ts'
import type { Container } from '../model/container.ts'
import type { Pod } from '../model/pod.ts'

/** What an evaluation waits for. */
export type Awaited = Container | Pod

/** Memory used by a held event besides its bytes: copies of its thread and a few ancestors. */
const KEPT_BYTES = 4096

/** Events whose evaluation waits for the metadata of their container or pod, bounded in number and size. */
export class Held {
  readonly counts = { held: 0, filled: 0, expired: 0, failed: 0, overflowed: 0 }
  readonly #maxEvents: number
  readonly #maxBytes: number
  readonly #waiting = new Map<Awaited, SyscallEvent[]>()
  #events = 0
  #bytes = 0

  constructor(maxEvents: number, maxBytes: number) {
    this.#maxEvents = maxEvents
    this.#maxBytes = maxBytes
  }

  /** False = there is no room: the event must be evaluated as it is. */
  add(awaited: Awaited, event: SyscallEvent): boolean {
    const size = event.end - event.start + KEPT_BYTES
    if (this.#events >= this.#maxEvents || this.#bytes + size > this.#maxBytes) {
      this.counts.overflowed++
      return false
    }
    let list = this.#waiting.get(awaited)
    if (list === undefined) this.#waiting.set(awaited, (list = []))
    list.push(event.clone())
    this.#events++
    this.#bytes += size
    this.counts.held++
    return true
  }

  /** Removes and returns the events that wait for it, in order of arrival. */
  take(awaited: Awaited, outcome: 'filled' | 'expired' | 'failed'): SyscallEvent[] {
    const list = this.#waiting.get(awaited)
    if (list === undefined) return []
    this.#waiting.delete(awaited)
    this.#events -= list.length
    for (const event of list) this.#bytes -= event.end - event.start + KEPT_BYTES
    this.counts[outcome] += list.length
    return list
  }
}
