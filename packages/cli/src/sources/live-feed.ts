import type { FieldUse, Unmatched } from '@falc/engine'
import { ContainerMetadata, type Live, LiveError, type MetadataOptions, openLive } from '@falc/sources-syscall'
import type { Config } from '../config/config.ts'
import { CliError } from '../fail.ts'
import type { Log } from '../log.ts'
import { unableToCapture } from '../machine/unable-to-capture.ts'
import type { FeedMeter, KernelCounts } from '../meter/counts.ts'
import type { RunningRules } from '../rules/cached.ts'
import { containerEngines, metadataCounts } from './containers.ts'
import type { Consumer, Feed } from './feed.ts'
import { limitsIn, lossesIn, passedOverIn, repairsIn } from './live-counts.ts'

export interface LiveFeedOptions {
  readonly config: Config
  /** Per event type, 1 where a rule can match. */
  readonly wanted: Uint8Array | 'all'
  /** Events of the wanted types that no rule can match, which the kernel then leaves out. */
  readonly unmatched?: Unmatched
  /** The fields that rules read. */
  readonly fields: Iterable<FieldUse>
  /** Socket of a sidecar that runs as a service. */
  readonly socketPath?: string | undefined
  /** The engines that describe containers, and how long evaluations wait for the answer. */
  readonly containers: MetadataOptions
  readonly log: Log
}

/** System calls of this machine. @throws {CliError} with the reason, when this machine cannot capture them */
export async function liveFeed({
  config,
  wanted,
  unmatched,
  fields,
  socketPath,
  containers,
  log,
}: LiveFeedOptions): Promise<Feed> {
  try {
    const ring = ringSettings(config)
    const counted: Counted = { check: () => {} }
    const { base_syscalls, falco_libs } = config
    const live = await openLive({
      wanted,
      fields,
      ...ring,
      containerEngines: containerEngines(config),
      snaplen: falco_libs.snaplen || DEFAULT_SNAPLEN,
      custom: base_syscalls.custom_set,
      repair: base_syscalls.repair,
      all: base_syscalls.all,
      threadTableSize: falco_libs.thread_table_size,
      purgeInterval: falco_libs.thread_table_auto_purging_interval_s,
      purgeTimeout: falco_libs.thread_table_auto_purging_thread_timeout_s,
      ...(unmatched !== undefined && { unmatched }),
      onCounts: () => counted.check(),
      warn: text => log.source('warning', text),
      ...(socketPath !== undefined && { socketPath }),
    })
    const metadata = new ContainerMetadata(live.state, containers)
    // Meanwhile events wait in the rings.
    await metadata.settle()
    log.source(
      'debug',
      `${ring.ringBytes >> 20} MiB of ring for each ${ring.cpusPerRing} CPUs, ${live.state.tables.threads.size} threads at the start`,
    )
    return new LiveFeed(live, metadata, unmatched !== undefined, counted)
  } catch (error) {
    containers.pods?.close()
    throw unableToCapture(error, socketPath !== undefined)
  }
}

const DEFAULT_SNAPLEN = 80
/** Ring bytes by buf_size_preset; 0 is reserved. */
const PRESETS = [8, 1, 2, 4, 8, 16, 32, 64, 128, 256, 512].map(megabytes => megabytes << 20)

/** Settings of the rings. Falco's kernel module has a buffer for each CPU. */
export function ringSettings({ engine }: Config) {
  const kmod = engine.kind === 'kmod'
  const { buf_size_preset, drop_failed_exit } = kmod ? engine.kmod : engine.modern_ebpf
  return {
    ringBytes: PRESETS[buf_size_preset]!,
    cpusPerRing: kmod ? 1 : engine.modern_ebpf.cpus_for_each_buffer || 4096,
    dropFailed: drop_failed_exit,
  }
}

/** Called when the kernel's counts have come. */
interface Counted {
  check: () => void
}

class LiveFeed implements Feed {
  readonly source = 'syscall'
  readonly title = 'system calls of this machine'
  readonly finite = false
  readonly meter: FeedMeter = {
    engine: 'modern_bpf',
    kernel: () => kernelCounts(this.#live),
    onKernel: check => {
      this.#counted.check = check
    },
    state: () => this.#live.state.tables.counts,
    lastEvent: () => this.#live.lastTime,
  }
  readonly #live: Live
  readonly #containers: ContainerMetadata
  readonly #filters: boolean
  readonly #counted: Counted

  constructor(live: Live, metadata: ContainerMetadata, filters: boolean, counted: Counted) {
    this.#live = live
    this.#filters = filters
    this.#counted = counted
    this.#containers = metadata
  }

  get stream(): Live {
    return this.#live
  }

  async run(consumer: Consumer, signal: AbortSignal): Promise<void> {
    const live = this.#live
    const metadata = this.#containers
    const late = () => {
      for (let event = metadata.next(); event !== null; event = metadata.next()) consumer.event(event, metadata)
    }
    metadata.onReady = late
    late()
    try {
      do {
        while (live.next()) consumer.event(live.event, metadata)
        // The kernel does not wait. When alerts pile up, their queue drops and counts them, and no event is lost.
        void consumer.pause()
      } while (!signal.aborted && (await live.fill()))
    } catch (error) {
      if (error instanceof LiveError) throw new CliError(error.message)
      throw error
    } finally {
      metadata.flush()
      late()
      await this.close()
    }
  }

  async close(): Promise<void> {
    this.#containers.close()
    await this.#live.close()
  }

  want(rules: RunningRules): void {
    const unmatched = this.#filters ? rules.unmatched(this.source) : {}
    this.#live.want(rules.wantedTypes(this.source), unmatched, rules.fieldsRead(this.source))
  }

  passedOver(): number {
    return passedOverIn(this.#live.counts)
  }

  losses(): Record<string, number> {
    return { ...lossesIn(this.#live.counts), ...this.#live.state.tables.losses }
  }

  limits(): Record<string, number> {
    return limitsIn(this.#live.counts)
  }

  repairs(): Record<string, number> {
    return repairsIn(this.#live.counts)
  }

  metadata(): Record<string, number> {
    return metadataCounts(this.#containers.counts)
  }
}

/** The probe's counters under Falco's names. */
function kernelCounts(live: Live): KernelCounts {
  const { counts, flooder, lossBegan } = live
  const lost = {
    bufferFull: counts.dropFull,
    // a process that floods loses its events before others do; `losses` distinguishes the two
    bufferPressure: counts.dropPressure + counts.dropFlood,
    bufferFullFirst: counts.dropFullFirst,
    scratch: counts.dropTooLarge,
    bug: counts.dropNoRing + counts.tailFailed,
  }
  return {
    events: Object.values(lost).reduce((sum, count) => sum + count, counts.events),
    lost,
    lossBegan,
    flood: counts.dropFlood,
    ...(flooder !== 0 && { flooder: `${live.state.tables.threads.get(flooder)?.comm ?? '<NA>'}(${flooder})` }),
  }
}
