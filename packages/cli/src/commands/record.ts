import { setImmediate as turn } from 'node:timers/promises'
import { ConditionError, compileCondition, type Source } from '@falc/engine'
import {
  ContainerMetadata,
  type EventStream,
  LiveError,
  type MetadataOptions,
  openCapture,
  openLive,
  type PendingMetadata,
  Recorder,
  type SyscallEvent,
  WaitingRecorder,
} from '@falc/sources-syscall'
import { defineCommand } from '../command.ts'
import { CliError } from '../fail.ts'
import { configuredEngines, metadataCounts } from '../sources/containers.ts'
import { loadSource } from '../sources/load.ts'
import { conditionError } from './disasm.ts'

export const record = defineCommand({
  name: 'record',
  usage: '-w FILE [-e CAPTURE] [--filter CONDITION] [-M SECONDS]',
  summary: 'Record system calls into a capture (.scap), of this machine or a part of another capture',
  flags: {
    write: { short: 'w', value: 'FILE', help: 'The capture to write' },
    capture: { short: 'e', value: 'FILE', help: 'Read events from this capture instead of the running machine' },
    filter: {
      value: 'CONDITION',
      help: 'Only events that match; others are kept for the state alone, where they change it',
    },
    duration: { short: 'M', value: 'SECONDS', help: 'Stop after this time' },
    count: { short: 'n', value: 'N', help: 'Stop after this many events that match' },
    config: {
      short: 'c',
      value: 'FILE',
      help: 'Live: falco.yaml whose plugin "container" says which container engines are asked (default: where they usually are)',
    },
    snaplen: { value: 'BYTES', help: 'Live: bytes kept of what is read and written (default: 80)' },
    gzip: { short: 'z', help: 'Compress' },
    'probe-socket': { value: 'SOCKET', help: 'Live: use the sidecar that listens here' },
  },
  async run(flags, [extra]) {
    if (extra !== undefined) throw new CliError(`unexpected argument "${extra}" (a filter goes with --filter)`)
    if (flags.write === undefined) throw new CliError('record needs a file to write: -w FILE')
    const matches = matcher(await loadSource('syscall'), flags.filter)
    const seconds = positive('-M', flags.duration)
    const limit = whole('-n', flags.count) ?? Number.POSITIVE_INFINITY
    const stream = await open(flags.capture, {
      snaplen: whole('--snaplen', flags.snaplen),
      socketPath: flags['probe-socket'],
      containers: flags.config === undefined ? {} : configuredEngines(flags.config),
    })
    const stop = new AbortController()
    const timer = seconds === undefined ? undefined : setTimeout(() => stop.abort(), seconds * 1000)
    const end = () => stop.abort()
    process.once('SIGINT', end).once('SIGTERM', end)
    try {
      const counted = await copy(stream, flags.write, { matches, limit, gzip: flags.gzip, signal: stop.signal })
      process.stderr.write(report(flags.write, counted, stream))
    } finally {
      clearTimeout(timer)
      process.off('SIGINT', end).off('SIGTERM', end)
      await stream.close()
    }
    return 0
  },
})

/** What is recorded: a capture or this machine. */
interface Recorded extends EventStream {
  readonly event: SyscallEvent
  next(): boolean
  fill(): Promise<boolean>
  close(): Promise<void> | void
  readonly metadata: PendingMetadata
  losses(): Readonly<Record<string, number>>
  /** What became of look-ups of containers. */
  lookups(): Readonly<Record<string, number>>
}

/** A capture brings its own. */
const NO_METADATA: PendingMetadata = { pending: 0, before: () => {}, asked: () => false, next: () => null }

interface LiveSettings {
  readonly snaplen: number | undefined
  readonly socketPath: string | undefined
  readonly containers: MetadataOptions
}

/** @throws {CliError} */
async function open(path: string | undefined, { snaplen, socketPath, containers }: LiveSettings): Promise<Recorded> {
  try {
    if (path !== undefined) {
      const replay = await openCapture(path)
      return Object.assign(replay, { metadata: NO_METADATA, losses: () => ({}), lookups: () => ({}) })
    }
    const live = await openLive({
      ...(snaplen !== undefined && { snaplen }),
      ...(socketPath !== undefined && { socketPath }),
    })
    const metadata = new ContainerMetadata(live.state, containers)
    await metadata.settle()
    // What the tables tell of containers already is not to be told again.
    while (metadata.next() !== null);
    const close = live.close.bind(live)
    return Object.assign(live, {
      metadata,
      losses: () => nonZero({ ...live.counts }),
      lookups: () => metadataCounts(metadata.counts),
      close: () => {
        metadata.close()
        return close()
      },
    })
  } catch (error) {
    if (error instanceof LiveError) throw new CliError(`Unable to capture system calls live: ${error.message}`)
    throw new CliError(`Unable to open the capture ${path}: ${(error as Error).message}`)
  }
}

function nonZero({ events: _, ...counts }: Readonly<Record<string, number>>): Record<string, number> {
  return Object.fromEntries(Object.entries(counts).filter(([, count]) => count > 0))
}

interface CopyOptions {
  /** undefined = every event is wanted. */
  readonly matches: ((event: SyscallEvent) => boolean) | undefined
  readonly limit: number
  readonly gzip: boolean
  readonly signal: AbortSignal
}

interface Counted {
  readonly matched: number
  readonly events: number
  readonly bytes: number
}

/** Milliseconds of events after which signals and timers get their turn. */
const SLICE = 50
/** Events between looks at the clock. */
const STRETCH = 4096

/** @throws {CliError} when the capture breaks off or the file cannot be written; what was recorded so far is in the file */
async function copy(stream: Recorded, path: string, { gzip, signal, ...options }: CopyOptions): Promise<Counted> {
  let recorder: Recorder | undefined
  let waiting: WaitingRecorder
  try {
    recorder = new Recorder(path, stream, { gzip })
    const writer = new WaitingRecorder(recorder, stream.metadata, options)
    waiting = writer
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
  } catch (error) {
    const { name, message, code } = error as NodeJS.ErrnoException
    if (name !== 'CaptureError' && name !== 'LiveError' && code === undefined) throw error
    throw new CliError(`recording to ${path} stopped: ${message}`)
  } finally {
    stream.tap(null)
    recorder?.close()
  }
  return { matched: waiting.matched, events: recorder.events, bytes: recorder.size }
}

function report(path: string, { matched, events, bytes }: Counted, stream: Recorded): string {
  const kept = events > matched ? ` and ${events - matched} for the state alone` : ''
  const block = (title: string, counts: Readonly<Record<string, number>>) => {
    const rows = Object.entries(counts).map(([what, count]) => `   ${what}: ${count}\n`)
    return rows.length > 0 ? `${title}:\n${rows.join('')}` : ''
  }
  return (
    `${path}: ${matched} events${kept}, ${bytes} bytes\n` +
    block('Events not recorded, by cause', stream.losses()) +
    block('Metadata of containers', stream.lookups())
  )
}

/** @throws {CliError} with a caret */
function matcher(source: Source, filter: string | undefined): ((event: SyscallEvent) => boolean) | undefined {
  if (filter === undefined) return undefined
  try {
    const condition = compileCondition(filter, source)
    return event => condition.test(event)
  } catch (error) {
    if (error instanceof ConditionError) throw conditionError(error, filter)
    throw error
  }
}

function positive(flag: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  const value = Number(text)
  if (!(value > 0) || text.trim() === '') throw new CliError(`${flag} needs a number of seconds, not "${text}"`)
  return Math.min(value, 2_147_483)
}

function whole(flag: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  if (!/^\d{1,9}$/.test(text)) throw new CliError(`${flag} needs a whole number, not "${text}"`)
  return Number(text)
}
