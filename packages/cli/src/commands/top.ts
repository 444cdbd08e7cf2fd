import { setImmediate as turn } from 'node:timers/promises'
import { compileOutput, Engine, type Source } from '@falc/engine'
import {
  ContainerMetadata,
  type EventStream,
  LiveError,
  openCapture,
  openLive,
  type SyscallEvent,
} from '@falc/sources-syscall'
import { defineCommand, print } from '../command.ts'
import { CliError } from '../fail.ts'
import { readRules } from '../run/rules.ts'
import { loadSource, loadSources } from '../sources/load.ts'
import { Activity } from '../top/activity.ts'
import { frame } from '../top/frame.ts'

export const top = defineCommand({
  name: 'top',
  usage: '[-r PATH]… [-e CAPTURE] [--once]',
  summary: 'Show the busiest processes, events and rules of this machine, second by second',
  flags: {
    rules: { short: 'r', value: 'PATH', multiple: true, help: 'Rules whose alerts are counted' },
    capture: { short: 'e', value: 'FILE', help: 'Look at a capture: seconds are those of its events' },
    once: { help: 'One frame: of the first interval, or of the whole capture' },
    interval: { short: 'd', value: 'SECONDS', help: 'Time between frames (default: 1)' },
    rows: { short: 'n', value: 'N', help: 'Rows of each table (default: 10)' },
    'probe-socket': { value: 'SOCKET', help: 'Live: use the sidecar that listens here' },
  },
  async run(flags, [extra]) {
    if (extra !== undefined) throw new CliError(`unexpected argument "${extra}"`)
    const interval = number('-d', flags.interval, 1)
    const source = await loadSource('syscall')
    const watch = new Watch(source, await engineOf(flags.rules), Math.round(number('-n', flags.rows, 10)))
    const stop = new AbortController()
    const end = () => stop.abort()
    process.once('SIGINT', end).once('SIGTERM', end)
    const release = flags.once ? () => {} : listen(end)
    const options = { interval, once: flags.once, signal: stop.signal }
    try {
      if (flags.capture !== undefined) await replay(flags.capture, watch, options)
      else await live(flags['probe-socket'], watch, options)
    } finally {
      release()
      process.off('SIGINT', end).off('SIGTERM', end)
    }
    return 0
  },
})

/** A person at the keyboard ends it with q as well. @returns how to give the keyboard back */
function listen(end: () => void): () => void {
  const { stdin } = process
  if (!stdin.isTTY || !process.stdout.isTTY) return () => {}
  // The terminal hands each key on at once now, that of the interrupt included.
  const key = (bytes: Buffer) => {
    if (bytes.includes('q') || bytes.includes(3)) end()
  }
  stdin.setRawMode(true)
  stdin.on('data', key)
  return () => {
    stdin.off('data', key)
    stdin.setRawMode(false)
    stdin.pause()
  }
}

interface WatchOptions {
  readonly interval: number
  readonly once: boolean
  readonly signal: AbortSignal
}

/** Counts the events of a stream and draws. */
class Watch {
  readonly activity = new Activity()
  /** Alerts by rule since the start. */
  private readonly rules = new Map<string, number>()
  private readonly source: Source
  private readonly engine: Engine | undefined
  private readonly rows: number
  private readonly names: TypeNames
  private frames = 0
  /** Of the last event, ns since 1970. */
  time = 0n

  /** @param rows of each table, at most */
  constructor(source: Source, engine: Engine | undefined, rows: number) {
    this.source = source
    this.engine = engine
    this.rows = rows
    this.names = new TypeNames(source)
  }

  take(event: SyscallEvent): void {
    this.activity.event(event, this.names.of(event))
    this.time = event.time
    if (this.engine === undefined) return
    for (const { rule } of this.engine.evaluate(this.source, event))
      this.rules.set(rule, (this.rules.get(rule) ?? 0) + 1)
  }

  draw({ state }: EventStream, seconds: number, dropped: number): void {
    const { isTTY, columns = 120, rows } = process.stdout
    const text = frame(
      this.activity,
      {
        time: new Date(Number(this.time / 1_000_000n)),
        seconds,
        dropped,
        threads: state.tables.threads.size,
        containers: state.tables.containers.size,
        rules: this.engine && this.rules,
      },
      {
        rows: this.rows,
        width: columns,
        height: isTTY ? rows : undefined,
        ...(isTTY && process.stdin.isTTY && { hint: 'q ends' }),
      },
    )
    // Home, clear: the frame takes the place of the one before.
    print(isTTY ? `\x1b[H\x1b[2J${text}` : this.frames++ > 0 ? `\n${text}` : text)
    this.activity.clear()
  }
}

/** The capture's own time makes the frames. @throws {CliError} */
async function replay(path: string, watch: Watch, { interval, once, signal }: WatchOptions): Promise<void> {
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

/** Events between looks at the clock. */
const STRETCH = 4096

/** @throws {CliError} */
async function live(socketPath: string | undefined, watch: Watch, options: WatchOptions): Promise<void> {
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
        // Fields read what these told; nobody else wants them here.
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
    if (error instanceof LiveError) throw new CliError(`Unable to capture system calls live: ${error.message}`)
    throw error
  }
}

function droppedOf(counts: Readonly<Record<string, number>>): number {
  return Object.entries(counts).reduce((sum, [name, count]) => (/^drop/i.test(name) ? sum + count : sum), 0)
}

/** @throws {CliError} when the rules are invalid */
async function engineOf(paths: readonly string[]): Promise<Engine | undefined> {
  if (paths.length === 0) return undefined
  const engine = new Engine({ sources: await loadSources(), ruleMatching: 'all' })
  const report = engine.load([...readRules(paths)])
  if (!report.ok) throw new CliError(report.errors.map(problem => problem.message).join('\n'))
  return engine
}

/** What evt.type says of an event, remembered for the types that always say the same. */
class TypeNames {
  private readonly names: (string | null)[] = []
  private readonly types: Source['eventTypes']
  private readonly ask: (event: unknown) => string

  constructor(source: Source) {
    this.types = source.eventTypes
    this.ask = compileOutput('%evt.type', source)
  }

  of(event: SyscallEvent): string {
    const { type } = event
    let name = this.names[type]
    if (name === undefined) {
      const known = this.types?.valueOf('evt.type', type)
      name = this.names[type] = typeof known === 'string' ? known : null
    }
    return name ?? this.ask(event)
  }
}

/** @throws {CliError} */
function number(flag: string, text: string | undefined, otherwise: number): number {
  if (text === undefined) return otherwise
  const value = Number(text)
  if (!(value > 0 && value <= 3600) || text.trim() === '')
    throw new CliError(`${flag} needs a number above 0, not "${text}"`)
  return value
}
