import type { InternalAlert } from '../alerts/internal.ts'
import type { Config } from '../config/config.ts'
import type { Log } from '../log.ts'
import type { FeedMeter, KernelCounts } from '../meter/counts.ts'
import { type DropActions, DropMonitor } from './drops.ts'
import { SilenceMonitor } from './silence.ts'

/** Milliseconds between checks if nothing was counted meanwhile. */
const INTERVAL = 1000

/** The run that is watched. */
export interface Watched {
  readonly config: Config
  /** Sends an alert about falc itself. */
  report(alert: InternalAlert): void
  /** Ends the run with an error. */
  fail(reason: string): void
}

/** What is left when the checks end. */
export interface Checked {
  /** A line for the final report; empty if nothing was lost. */
  readonly report: string
  /** For the checks that follow. */
  readonly seen: KernelCounts
}

/**
 * Checks whether events of a live source are lost, or stay away.
 * @param seen of the checks before, if a reload has ended them
 * @returns a function that ends it
 */
export function watchHealth(meter: FeedMeter, run: Watched, log: Log, seen?: KernelCounts): () => Checked {
  const { syscall_event_drops, syscall_event_timeouts } = run.config
  const alert = (internal: InternalAlert) => run.report(internal)
  const actions: DropActions = { log: (level, text) => log.write(level, text), alert, exit: reason => run.fail(reason) }
  const drops = new DropMonitor(syscall_event_drops, actions, seen)
  const silence = new SilenceMonitor(syscall_event_timeouts.max_consecutives, alert)
  const check = () => {
    if (meter.kernel) drops.look(meter.kernel(), performance.now())
    if (meter.lastEvent) silence.look(meter.lastEvent(), performance.now())
  }
  const timer = setInterval(check, INTERVAL)
  meter.onKernel?.(check)
  return () => {
    clearInterval(timer)
    meter.onKernel?.(() => {})
    const report =
      drops.detected === 0
        ? ''
        : `Syscall event drop monitoring:\n   - event drop detected: ${drops.detected} occurrences\n   - num times actions taken: ${drops.acted}\n`
    return { report, seen: drops.seen }
  }
}
