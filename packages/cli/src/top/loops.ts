import { setImmediate as turn } from 'node:timers/promises'
import { ContainerMetadata, openCapture, openLive } from '@falc/sources-syscall'
import { CliError } from '../fail.ts'
import { unableToCapture } from '../machine/unable-to-capture.ts'
import type { Watch } from './watch.ts'

export interface WatchOptions {
  /** Seconds. */
  readonly interval: number
  readonly once: boolean
  readonly signal: AbortSignal
}

/** Draws a frame for each interval of the capture's own time. @throws {CliError} */
export async function watchCapture(
  path: string,
  watch: Watch,
  { interval, once, signal }: WatchOptions,
): Promise<void> {
  const step = once ? undefined : BigInt(Math.round(interval * 1e9))
  try {
    const capture = await openCapture(path)
    let start: bigint | undefined
    do {
      while (capture.next()) {
        start ??= capture.event.time
        if (step !== undefined && capture.event.time - start >= step) {
          watch.draw(capture, interval, 0)
          start = capture.event.time
        }
        watch.take(capture.event)
      }
      await turn()
    } while (!signal.aborted && (await capture.fill()))
    watch.draw(capture, Math.max(Number(watch.time - (start ?? watch.time)) / 1e9, 1e-9), 0)
    capture.close()
  } catch (error) {
    throw new CliError(`${path}: ${(error as Error).message}`)
  }
}

/** Events between readings of the clock. */
const STRETCH = 4096

/** Draws a frame for each interval of this machine's events. @throws {CliError} */
export async function watchLive(socketPath: string | undefined, watch: Watch, options: WatchOptions): Promise<void> {
  const { interval, once, signal } = options
  try {
    const stream = await openLive({ ...(socketPath !== undefined && { socketPath }) })
    const metadata = new ContainerMetadata(stream.state, { holdMs: 0 })
    let drawn = performance.now()
    const due = () => performance.now() - drawn >= interval * 1000
    try {
      do {
        for (let n = 1; stream.next(); n++) {
          watch.take(stream.event)
          if (n % STRETCH === 0 && due()) break
        }
        // The tables have what these events say of containers.
        while (metadata.next() !== null);
        if (due()) {
          watch.draw(stream, (performance.now() - drawn) / 1000, droppedOf({ ...stream.counts }))
          drawn = performance.now()
          if (once) return
          await turn()
        }
      } while (!signal.aborted && (await stream.fill()))
    } finally {
      metadata.close()
      await stream.close()
    }
  } catch (error) {
    throw unableToCapture(error, socketPath !== undefined)
  }
}

function droppedOf(counts: Readonly<Record<string, number>>): number {
  return Object.entries(counts).reduce((sum, [name, count]) => (/^drop/i.test(name) ? sum + count : sum), 0)
}
