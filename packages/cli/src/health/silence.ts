import { clockTime, fraction } from '@falc/engine'
import type { InternalAlert } from '../alerts/internal.ts'

const TIMEOUTS = 'Falco internal: timeouts notification'

/** Milliseconds without an event that Falco counts as one timeout. */
const TIMEOUT = 30

/** Alerts when no event has arrived for a number of consecutive timeouts (syscall_event_timeouts). */
export class SilenceMonitor {
  readonly #max: number
  readonly #send: (alert: InternalAlert) => void
  #lastEvent = -1n
  #since = 0

  /** @param max timeouts */
  constructor(max: number, send: (alert: InternalAlert) => void) {
    this.#max = max
    this.#send = send
  }

  /**
   * Called every second.
   * @param lastEvent time of the last event of any kind, ns since 1970; 0n = no event yet
   * @param now milliseconds of a monotonic clock
   */
  look(lastEvent: bigint, now: number): void {
    if (lastEvent !== this.#lastEvent) {
      this.#lastEvent = lastEvent
      this.#since = now
    } else if (now - this.#since > this.#max * TIMEOUT) {
      this.#since = now
      this.#send({
        rule: TIMEOUTS,
        priority: 'Debug',
        output: `${TIMEOUTS}. ${this.#max} consecutive timeouts without event.`,
        fields: { last_event_time: lastEvent === 0n ? 'none' : clockTime(lastEvent) + fraction(lastEvent) },
      })
    }
  }
}
