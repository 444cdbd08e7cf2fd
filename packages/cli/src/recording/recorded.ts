import {
  ContainerMetadata,
  type EventStream,
  LiveError,
  type MetadataOptions,
  openCapture,
  openLive,
  type PendingMetadata,
  type SyscallEvent,
} from '@falc/sources-syscall'
import { CliError } from '../fail.ts'
import { unableToCapture } from '../machine/unable-to-capture.ts'
import { metadataCounts } from '../sources/containers.ts'
import { limitsIn, lossesIn, repairsIn } from '../sources/live-counts.ts'

/** A stream to record: a capture, or this machine. */
export interface Recorded extends EventStream {
  readonly event: SyscallEvent
  next(): boolean
  fill(): Promise<boolean>
  close(): Promise<void> | void
  readonly metadata: PendingMetadata
  /** None of these counts is zero. */
  losses(): Readonly<Record<string, number>>
  limits(): Readonly<Record<string, number>>
  repairs(): Readonly<Record<string, number>>
  /** Look-ups of containers, by outcome. */
  lookups(): Readonly<Record<string, number>>
}

/** A capture has its own metadata. */
const NO_METADATA: PendingMetadata = { pending: 0, before: () => {}, asked: () => false, next: () => null }

const NO_COUNTS = { losses: () => ({}), limits: () => ({}), repairs: () => ({}), lookups: () => ({}) }

export interface LiveSettings {
  readonly snaplen: number | undefined
  readonly socketPath: string | undefined
  readonly containers: MetadataOptions
}

/** The directory of pods would keep the process alive: it is closed with the stream, or here. @throws {CliError} */
export async function openRecorded(
  path: string | undefined,
  { snaplen, socketPath, containers }: LiveSettings,
): Promise<Recorded> {
  try {
    if (path !== undefined) {
      const replay = await openCapture(path)
      containers.pods?.close()
      return Object.assign(replay, { metadata: NO_METADATA, ...NO_COUNTS })
    }
    const live = await openLive({
      ...(snaplen !== undefined && { snaplen }),
      ...(socketPath !== undefined && { socketPath }),
    })
    const metadata = new ContainerMetadata(live.state, containers)
    await metadata.settle()
    // The tables have the containers that are known already.
    while (metadata.next() !== null);
    const close = live.close.bind(live)
    return Object.assign(live, {
      metadata,
      losses: () => nonZero(lossesIn(live.counts)),
      limits: () => nonZero(limitsIn(live.counts)),
      repairs: () => nonZero(repairsIn(live.counts)),
      lookups: () => metadataCounts(metadata.counts),
      close: () => {
        metadata.close()
        return close()
      },
    })
  } catch (error) {
    containers.pods?.close()
    if (error instanceof LiveError) throw unableToCapture(error, socketPath !== undefined)
    throw new CliError(`Unable to open the capture ${path}: ${(error as Error).message}`)
  }
}

function nonZero(counts: Readonly<Record<string, number>>): Record<string, number> {
  return Object.fromEntries(Object.entries(counts).filter(([, count]) => count > 0))
}
