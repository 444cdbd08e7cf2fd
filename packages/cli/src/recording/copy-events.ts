import { setImmediate as turn } from 'node:timers/promises'
import { Recorder, type SyscallEvent, WaitingRecorder } from '@falc/sources-syscall'
import { CliError } from '../fail.ts'
import type { Recorded } from './recorded.ts'

export interface CopyOptions {
  /** undefined = record every event. */
  readonly matches: ((event: SyscallEvent) => boolean) | undefined
  readonly limit: number
  readonly gzip: boolean
  readonly signal: AbortSignal
}

export interface Copied {
  readonly matched: number
  readonly events: number
  readonly bytes: number
}

/** Milliseconds of events between turns of the event loop. */
const SLICE = 50
/** Events between readings of the clock. */
const STRETCH = 4096

/**
 * Records a stream until it ends, the limit is reached, or `signal` fires.
 * @throws {CliError} when the stream breaks off or the file cannot be written; the file has what was recorded until then
 */
export async function copyEvents(
  stream: Recorded,
  path: string,
  { gzip, signal, ...options }: CopyOptions,
): Promise<Copied> {
  let recorder: Recorder | undefined
  try {
    recorder = new Recorder(path, stream, { gzip })
    const writer = new WaitingRecorder(recorder, stream.metadata, options)
    stream.tap((event, delivered) => {
      if (!delivered) writer.pass(event)
    })
    let slice = performance.now()
    const full = () => writer.matched >= options.limit
    do {
      writer.settle()
      for (let n = 1; !full() && stream.next(); n++) {
        writer.take(stream.event)
        if (n % STRETCH === 0 && performance.now() - slice > SLICE) {
          await turn()
          slice = performance.now()
          if (signal.aborted) break
          writer.settle()
        }
      }
    } while (!full() && !signal.aborted && (await stream.fill()))
    writer.finish()
    const whole = recorder
    recorder = undefined
    whole.close()
    return { matched: writer.matched, events: whole.events, bytes: whole.size }
  } catch (error) {
    const { name, message, code } = error as NodeJS.ErrnoException
    if (name !== 'CaptureError' && name !== 'LiveError' && code === undefined) throw error
    throw new CliError(`recording to ${path} stopped: ${message}`)
  } finally {
    stream.tap(null)
    try {
      recorder?.close()
    } catch {
      // There is no room for the rest either.
    }
  }
}
