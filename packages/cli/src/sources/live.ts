import { setImmediate as turn } from 'node:timers/promises'
import { type Live, LiveError, openLive } from '@falc/sources-syscall'
import type { LiveConfig } from '../config/live.ts'
import { CliError } from '../fail.ts'
import type { Log } from '../log.ts'
import type { Consumer, Feed } from './feed.ts'

export interface LiveFeedOptions {
  readonly config: LiveConfig
  /** Per event type 1 where a rule can match. */
  readonly wanted: Uint8Array | 'all'
  /** Socket of a sidecar that runs as a service. */
  readonly socketPath?: string | undefined
  readonly log: Log
}

/** Events of the running kernel. @throws {CliError} when this machine cannot do it, and why */
export async function liveFeed({ config, wanted, socketPath, log }: LiveFeedOptions): Promise<Feed> {
  try {
    const live = await openLive({
      wanted,
      snaplen: config.snaplen,
      ringBytes: config.ringBytes,
      cpusPerRing: config.cpusPerRing,
      custom: config.customCalls,
      repair: config.repairCalls,
      threadTableSize: config.threadTableSize,
      warn: text => log.warning(text),
      ...(socketPath !== undefined && { socketPath }),
    })
    return new LiveFeed(live)
  } catch (error) {
    if (error instanceof LiveError) throw new CliError(`Unable to capture system calls live: ${error.message}`)
    throw error
  }
}

/** Milliseconds of events after which signals, timers and outputs get their turn. */
const SLICE = 20
/** Events between looks at the clock. */
const STRETCH = 1024

class LiveFeed implements Feed {
  readonly source = 'syscall'
  readonly title = 'system calls of this machine'
  readonly finite = false
  private readonly live: Live

  constructor(live: Live) {
    this.live = live
  }

  async run(consumer: Consumer, signal: AbortSignal): Promise<void> {
    const { live } = this
    let slice = performance.now()
    try {
      do {
        for (let n = 1; live.next(); n++) {
          consumer.event(live.event)
          if (n % STRETCH === 0 && performance.now() - slice > SLICE) {
            await turn()
            slice = performance.now()
          }
        }
        // The kernel does not wait: when alerts pile up, their queue drops and counts them, and no event is lost.
        void consumer.pause()
      } while (!signal.aborted && (await live.fill()))
    } catch (error) {
      if (error instanceof LiveError) throw new CliError(error.message)
      throw error
    } finally {
      live.close()
    }
  }

  want(wanted: Uint8Array | 'all'): void {
    this.live.want(wanted)
  }

  losses(): Record<string, number> {
    const { events: _, ...losses } = this.live.counts
    return Object.fromEntries(Object.entries(losses).filter(([, count]) => count > 0))
  }
}
