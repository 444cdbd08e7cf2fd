import { watchHealth } from '../health/watch.ts'
import type { Log } from '../log.ts'
import type { KernelCounts } from '../meter/counts.ts'
import { takeSnapshots } from '../meter/snapshots.ts'
import type { Feed } from '../sources/feed.ts'
import type { Session } from './session.ts'

/** Periodic tasks of a session: snapshots of metrics, and health checks of a live source. */
export interface RunWatch {
  end(): void
  /** Lines for the final report; empty when there is nothing to report. */
  report(): string
}

/** Starts it, and restarts it when a reload changes its configuration. @throws {CliError} */
export function watchRun(session: Session, feeds: readonly Feed[], log: Log): RunWatch {
  const live = feeds.find(feed => !feed.finite && feed.meter.kernel !== undefined)
  let report = ''
  let settings = ''
  let end = () => {}
  let seen: KernelCounts | undefined
  const begin = (reloaded: boolean) => {
    settings = settingsOf(session)
    if (session.config.syscall_event_drops.simulate_drops && live === undefined)
      log.warning('syscall_event_drops.simulate_drops has no effect: system calls are not captured live')
    const endSnapshots = takeSnapshots(session, alert => session.report(alert), log, reloaded)
    const endHealth = live && watchHealth(live.meter, session, log, seen)
    end = () => {
      endSnapshots()
      const checked = endHealth?.()
      report += checked?.report ?? ''
      seen = checked?.seen
      end = () => {}
    }
  }
  begin(false)
  session.onReplaced = () => {
    if (settings === settingsOf(session)) return
    end()
    begin(true)
  }
  return {
    end: () => end(),
    report() {
      end()
      return report
    },
  }
}

function settingsOf({ config }: Session): string {
  return JSON.stringify([config.metrics, config.syscall_event_drops, config.syscall_event_timeouts])
}
