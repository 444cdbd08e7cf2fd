/** Runs queries that may take long, with progress on a terminal; an interrupt ends them with the result so far. */
import { setImmediate } from 'node:timers/promises'
import type { RunningQuery } from '@falc/store'

export interface Answered<T> {
  readonly value: T
  /** Exit code; 130 is a shell's for an interrupted program. */
  readonly code: 0 | 130
}

interface Terminal {
  readonly stderr?: Pick<NodeJS.WriteStream, 'isTTY' | 'write'>
  readonly process?: Pick<NodeJS.Process, 'once' | 'off'>
  /** Milliseconds between two drawings of the line. */
  readonly interval?: number
}

/** Runs to the end or the first interrupt, after which the result covers only the newest alerts, as standard error says. A second interrupt ends the process. */
export async function answerOf<T>(
  query: RunningQuery<T>,
  { stderr = process.stderr, process: own = process, interval = 500 }: Terminal = {},
): Promise<Answered<T>> {
  let [isStopped, isDrawn, drawn] = [false, false, performance.now()]
  const stop = () => {
    isStopped = true
  }
  own.once('SIGINT', stop)
  try {
    while (!isStopped && query.step()) {
      // Lets signals arrive between two steps.
      await setImmediate()
      const { looked } = query
      if (!stderr.isTTY || looked === undefined || performance.now() - drawn < interval) continue
      stderr.write(`\r\x1b[K${Math.floor((100 * looked.alerts) / looked.of)} % of ${looked.of} alerts`)
      drawn = performance.now()
      isDrawn = true
    }
  } finally {
    own.off('SIGINT', stop)
    if (isDrawn) stderr.write('\r\x1b[K')
  }
  if (query.complete) return { value: query.value, code: 0 }
  if (!isStopped) {
    stderr.write('there are too many different values: some are not counted\n')
    return { value: query.value, code: 0 }
  }
  const { looked } = query
  stderr.write(`interrupted: this is about the newest ${looked?.alerts} of ${looked?.of} alerts\n`)
  return { value: query.value, code: 130 }
}
