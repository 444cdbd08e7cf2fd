import type { InternalAlert } from '../alerts/internal.ts'
import type { Config } from '../config/config.ts'
import type { Log } from '../log.ts'
import type { FeedMeter } from '../meter/counts.ts'
import { DropMonitor } from './drops.ts'
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

/** Checks whether events of a live source are lost, or stay away. @returns a function that ends it and returns a line for the final report */
export function watchHealth(meter: FeedMeter, run: Watched, log: Log): () => string {
  const { syscall_event_drops, syscall_event_timeouts } = run.config
  const alert = (internal: InternalAlert) => run.report(internal)
  const drops = new DropMonitor(syscall_event_drops, {
    log: (level, text) => log.write(level, text),
    alert,
    exit: reason => run.fail(reason),
  })
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
    return drops.detected === 0
      ? ''
      : `Syscall event drop monitoring:\n   - event drop detected: ${drops.detected} occurrences\n   - num times actions taken: ${drops.acted}\n`
  }
}
