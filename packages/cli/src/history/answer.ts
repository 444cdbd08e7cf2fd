/** Questions to the store that may take long: how far they are, on a terminal, and an answer for who does not wait for the end. */
import { setImmediate } from 'node:timers/promises'
import type { Asked } from '@falc/store'

export interface Answered<T> {
  readonly value: T
  /** Exit code: as a shell has it for a program that was interrupted. */
  readonly code: 0 | 130
}

interface Terminal {
  readonly stderr?: Pick<NodeJS.WriteStream, 'isTTY' | 'write'>
  readonly process?: Pick<NodeJS.Process, 'once' | 'off'>
  /** Milliseconds between two drawings of the line. */
  readonly interval?: number
}

/** Asks to the end, or to the first interrupt: then the answer is about the newest alerts only, and standard error says so. A second one ends the process. */
export async function answerOf<T>(
  asked: Asked<T>,
  { stderr = process.stderr, process: own = process, interval = 500 }: Terminal = {},
): Promise<Answered<T>> {
  let [isStopped, isDrawn, drawn] = [false, false, performance.now()]
  const stop = () => {
    isStopped = true
  }
  own.once('SIGINT', stop)
  try {
    while (!isStopped && asked.step()) {
      // Signals are seen between two steps.
      await setImmediate()
      const { looked } = asked
      if (!stderr.isTTY || looked === undefined || performance.now() - drawn < interval) continue
      stderr.write(`\r\x1b[K${Math.floor((100 * looked.alerts) / looked.of)} % of ${looked.of} alerts`)
      drawn = performance.now()
      isDrawn = true
    }
  } finally {
    own.off('SIGINT', stop)
    if (isDrawn) stderr.write('\r\x1b[K')
  }
  if (asked.complete || !isStopped) return { value: asked.value, code: 0 }
  const { looked } = asked
  stderr.write(`interrupted: this is about the newest ${looked?.alerts} of ${looked?.of} alerts\n`)
  return { value: asked.value, code: 130 }
}
