import { execFile } from 'node:child_process'
import { type Live, LiveError, openLive } from '@falc/sources-syscall'
import { type Finding, found, missing } from './finding.ts'

/** Milliseconds within which an act of ours must be seen. */
const PATIENCE = 2000

/** What all the rest comes to: opens the source for a moment and looks whether a program that is started is seen. */
export async function trial(socketPath: string | undefined): Promise<Finding> {
  const name = 'trial'
  let live: Live | undefined
  try {
    live = await openLive(socketPath === undefined ? {} : { socketPath })
    const { threads } = live.state.tables
    const known = threads.size
    const start = performance.now()
    const child = execFile('true', () => {})
    while (performance.now() - start < PATIENCE) {
      while (live.next()) {
        if (live.event.tid !== child.pid) continue
        const after = Math.round(performance.now() - start)
        return found(name, `a program that was started is seen after ${after} ms; ${known} threads known before`)
      }
      await live.fill()
    }
    return missing(
      name,
      `no event of a program that was started within ${PATIENCE / 1000} s`,
      'falc run -r rules.yaml -v says more',
    )
  } catch (error) {
    if (!(error instanceof LiveError)) throw error
    return missing(name, error.message, 'the message says it; the kernel log (dmesg) may say more')
  } finally {
    await live?.close()
  }
}
