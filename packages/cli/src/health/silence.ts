import type { InternalAlert } from '../run/internal-alert.ts'

const TIMEOUTS = 'Falco internal: timeouts notification'

/** Milliseconds that Falco waits for an event before it calls it a timeout. */
const TIMEOUT = 30

/** Tells when no event at all has come for as long as so many timeouts last (syscall_event_timeouts). */
export class SilenceMonitor {
  private readonly max: number
  private readonly tell: (alert: InternalAlert) => void
  private lastEvent = -1n
  private since = 0

  /** @param max timeouts */
  constructor(max: number, tell: (alert: InternalAlert) => void) {
    this.max = max
    this.tell = tell
  }

  /**
   * To be called every second.
   * @param lastEvent time of the last event of any kind, ns since 1970; 0n = none yet
   * @param now milliseconds of any clock that never goes back
   */
  look(lastEvent: bigint, now: number): void {
    if (lastEvent !== this.lastEvent) {
      this.lastEvent = lastEvent
      this.since = now
    } else if (now - this.since > this.max * TIMEOUT) {
      this.since = now
      this.tell({
        rule: TIMEOUTS,
        priority: 'Debug',
        output: `${TIMEOUTS}. ${this.max} consecutive timeouts without event.`,
        fields: { last_event_time: lastEvent === 0n ? 'none' : timeText(lastEvent) },
      })
    }
  }
}

/** Local `HH:MM:SS.nnnnnnnnn`. */
function timeText(ns: bigint): string {
  const date = new Date(Number(ns / 1_000_000n))
  return `${date.toTimeString().slice(0, 8)}.${String(ns % 1_000_000_000n).padStart(9, '0')}`
}
