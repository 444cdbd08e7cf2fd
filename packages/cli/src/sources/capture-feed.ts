import { setImmediate as turn } from 'node:timers/promises'
import { openCapture, type Replay, type ReplayOptions } from '@falc/sources-syscall'
import { CliError } from '../fail.ts'
import type { FeedMeter } from '../meter/counts.ts'
import { printable } from '../printable.ts'
import { kindOf } from '../read-file.ts'
import type { RunningRules } from '../rules/cached.ts'
import type { Consumer, Feed } from './feed.ts'

/**
 * Replays a capture.
 * @param wanted per event type 1 or 0, as Engine.wantedTypes returns it: events of other types are not passed on
 * @param options of the state, and what fields will be read: see ReplayOptions
 * @throws {CliError} when it cannot be opened
 */
export async function captureFeed(
  path: string,
  wanted: Uint8Array | 'all' = 'all',
  options: Omit<ReplayOptions, 'wanted'> = {},
): Promise<Feed> {
  const waiting = kindOf(path) === 'pipe' ? setTimeout(() => notice(path), 1000) : undefined
  try {
    const wants = wanted === 'all' ? options : { ...options, wanted: numbers(wanted) }
    return new CaptureFeed(path, await openCapture(path, wants))
  } catch (error) {
    throw new CliError(`Unable to open the capture ${path}: ${(error as Error).message}`)
  } finally {
    clearTimeout(waiting)
  }
}

/** A pipe without a writer is waited for, as by any other program, but not in silence. */
function notice(path: string): void {
  process.stderr.write(`Waiting for something to write to the pipe ${printable(path)}\n`)
}

function* numbers(flags: Uint8Array): Generator<number> {
  for (const [type, flag] of flags.entries()) if (flag) yield type
}

/** Milliseconds of events between turns of the event loop. */
const SLICE = 50

class CaptureFeed implements Feed {
  readonly source = 'syscall'
  readonly title: string
  readonly finite = true
  readonly meter: FeedMeter = { state: () => this.#capture.state.tables.counts }
  readonly #capture: Replay

  constructor(path: string, capture: Replay) {
    this.title = `capture ${path}`
    this.#capture = capture
  }

  get stream(): Replay {
    return this.#capture
  }

  #events = 0

  progress(): { position: number; size: number; events: number } {
    return { position: this.#capture.position, size: this.#capture.size, events: this.#events }
  }

  async run(consumer: Consumer, signal: AbortSignal): Promise<void> {
    const capture = this.#capture
    let slice = performance.now()
    try {
      do {
        while (capture.next()) {
          this.#events++
          // Events that were read at once may raise more alerts than outputs can queue.
          const wait = consumer.event(capture.event) === true ? consumer.pause() : undefined
          if (wait) await wait
        }
        await consumer.pause()
        if (performance.now() - slice > SLICE) {
          await turn()
          slice = performance.now()
        }
      } while (!signal.aborted && (await capture.fill()))
    } finally {
      capture.close()
    }
  }

  want(rules: RunningRules): void {
    const wanted = rules.wantedTypes(this.source)
    this.#capture.want(
      wanted === 'all' ? undefined : numbers(wanted),
      rules.fieldsRead(this.source),
      rules.unmatched(this.source),
      rules.excludes(this.source),
    )
  }

  passedOver(): number {
    return this.#capture.counts.passedOver
  }

  losses(): Record<string, number> {
    const { newer, unknownBlocks, evicted } = this.#capture.counts
    return { newer, unknownBlocks, evicted, ...this.#capture.state.tables.losses }
  }
}
