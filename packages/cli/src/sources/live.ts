import { setImmediate as turn } from 'node:timers/promises'
import { ContainerMetadata, type Live, LiveError, type MetadataOptions, openLive } from '@falc/sources-syscall'
import type { LiveConfig } from '../config/live.ts'
import { CliError } from '../fail.ts'
import type { Log } from '../log.ts'
import type { FeedMeter, KernelCounts } from '../meter/counts.ts'
import { metadataCounts } from './containers.ts'
import type { Consumer, Feed } from './feed.ts'

export interface LiveFeedOptions {
  readonly config: LiveConfig
  /** Per event type 1 where a rule can match. */
  readonly wanted: Uint8Array | 'all'
  /** Socket of a sidecar that runs as a service. */
  readonly socketPath?: string | undefined
  /** Where to ask about containers, and how long evaluations wait for it. */
  readonly containers: MetadataOptions
  readonly log: Log
}

/** Events of the running kernel. @throws {CliError} when this machine cannot do it, and why */
export async function liveFeed({ config, wanted, socketPath, containers, log }: LiveFeedOptions): Promise<Feed> {
  try {
    const live = await openLive({
      wanted,
      snaplen: config.snaplen,
      ringBytes: config.ringBytes,
      cpusPerRing: config.cpusPerRing,
      custom: config.customCalls,
      repair: config.repairCalls,
      all: config.allCalls,
      dropFailed: config.dropFailed,
      threadTableSize: config.threadTableSize,
      purgeInterval: config.purgeInterval,
      purgeTimeout: config.purgeTimeout,
      warn: text => log.source('warning', text),
      ...(socketPath !== undefined && { socketPath }),
    })
    const metadata = new ContainerMetadata(live.state, containers)
    // Events wait in the rings meanwhile.
    await metadata.settle()
    log.source(
      'debug',
      `${config.ringBytes >> 20} MiB of ring for each ${config.cpusPerRing} CPUs, ${live.state.tables.threads.size} threads at the start`,
    )
    return new LiveFeed(live, metadata)
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
  readonly meter: FeedMeter = {
    engine: 'modern_bpf',
    kernel: () => kernelCounts(this.live),
    state: () => this.live.state.tables.counts,
    lastEvent: () => this.live.lastTime,
  }
  private readonly live: Live
  private readonly containers: ContainerMetadata

  constructor(live: Live, metadata: ContainerMetadata) {
    this.live = live
    this.containers = metadata
  }

  get stream(): Live {
    return this.live
  }

  async run(consumer: Consumer, signal: AbortSignal): Promise<void> {
    const { live, containers: metadata } = this
    const late = () => {
      for (let event = metadata.next(); event !== null; event = metadata.next()) consumer.event(event, metadata)
    }
    metadata.onReady = late
    late()
    let slice = performance.now()
    try {
      do {
        for (let n = 1; live.next(); n++) {
          consumer.event(live.event, metadata)
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
      metadata.flush()
      late()
      metadata.close()
      await live.close()
    }
  }

  want(wanted: Uint8Array | 'all'): void {
    this.live.want(wanted)
  }

  losses(): Record<string, number> {
    const { events: _, ...lost } = this.live.counts
    return nonZero({ ...lost, ...this.live.state.tables.losses })
  }

  metadata(): Record<string, number> {
    return metadataCounts(this.containers.counts)
  }
}

/** The probe's counters under the names that Falco has for such things. */
function kernelCounts({ counts }: Live): KernelCounts {
  const lost = {
    bufferFull: counts.dropFull,
    bufferPressure: counts.dropPressure,
    bufferFullFirst: counts.dropFullFirst,
    scratch: counts.dropTooLarge,
    bug: counts.dropNoRing + counts.tailFailed,
  }
  return { events: Object.values(lost).reduce((sum, count) => sum + count, counts.events), lost }
}

function nonZero(counts: Readonly<Record<string, number>>): Record<string, number> {
  return Object.fromEntries(Object.entries(counts).filter(([, count]) => count > 0))
}
