import type { Log } from '../log.ts'
import type { FeedMeter } from '../meter/counts.ts'
import type { Session } from '../run/session.ts'
import { DropMonitor } from './drops.ts'
import { SilenceMonitor } from './silence.ts'

/** Milliseconds between two looks; the probe's counters come as often. */
const TURN = 1000

/** Looks every second whether events of a live source get lost, or do not come. @returns how to end it, with a line for the report */
export function watchHealth(meter: FeedMeter, session: Session, log: Log): () => string {
  const { syscallHealth } = session.config
  const tell: Session['tell'] = alert => session.tell(alert)
  const drops = new DropMonitor(syscallHealth.drops, {
    log: (level, text) => log.write(level, text),
    alert: tell,
    exit: reason => session.fail(reason),
  })
  const silence = new SilenceMonitor(syscallHealth.maxTimeouts, tell)
  const look = () => {
    if (meter.kernel) drops.look(meter.kernel(), performance.now())
    if (meter.lastEvent) silence.look(meter.lastEvent(), performance.now())
  }
  const timer = setInterval(look, TURN)
  return () => {
    clearInterval(timer)
    return drops.detected === 0
      ? ''
      : `Syscall event drop monitoring:\n   - event drop detected: ${drops.detected} occurrences\n   - num times actions taken: ${drops.acted}\n`
  }
}
