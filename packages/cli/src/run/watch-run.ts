import { watchHealth } from '../health/watch.ts'
import type { Log } from '../log.ts'
import { takeSnapshots } from '../meter/snapshots.ts'
import type { Feed } from '../sources/feed.ts'
import type { Session } from './session.ts'

/** What goes on beside a run: snapshots of metrics, and the watch over a live source's health. */
export interface RunWatch {
  end(): void
  /** Lines for the report at the end; nothing, when nothing was amiss. */
  report(): string
}

/** Begins it, and begins anew when a reload changes what the configuration says about it. @throws {CliError} */
export function watchRun(session: Session, feeds: readonly Feed[], log: Log): RunWatch {
  const live = feeds.find(feed => !feed.finite && feed.meter.kernel !== undefined)
  let report = ''
  let settings = ''
  let end = () => {}
  const begin = () => {
    settings = settingsOf(session)
    if (session.config.syscallHealth.drops.simulate && live === undefined)
      log.warning('syscall_event_drops.simulate_drops has no effect: system calls are not captured live')
    const endSnapshots = takeSnapshots(session, alert => session.tell(alert), log)
    const endHealth = live && watchHealth(live.meter, session, log)
    end = () => {
      endSnapshots()
      report += endHealth?.() ?? ''
      end = () => {}
    }
  }
  begin()
  session.onReplaced = () => {
    if (settings === settingsOf(session)) return
    end()
    begin()
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
  return JSON.stringify([config.metrics, config.syscallHealth])
}
