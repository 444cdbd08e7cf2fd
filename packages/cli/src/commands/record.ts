import { closeSync, constants, openSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { ConditionError, compileCondition, type Source } from '@falc/engine'
import type { SyscallEvent } from '@falc/sources-syscall'
import { defineCommand } from '../command.ts'
import { conditionError } from '../condition-error.ts'
import { count } from '../count.ts'
import { CliError } from '../fail.ts'
import { keepOwnFiles } from '../own-files.ts'
import { printable } from '../printable.ts'
import { kindOf } from '../read-file.ts'
import { type Copied, copyEvents } from '../recording/copy-events.ts'
import { openRecorded, type Recorded } from '../recording/recorded.ts'
import { configuredEngines } from '../sources/containers.ts'
import { loadSource } from '../sources/load.ts'

export const record = defineCommand({
  name: 'record',
  usage: '-w FILE [-e CAPTURE] [--filter CONDITION] [-M SECONDS]',
  summary: 'Record system calls of this machine, or a part of another capture, into a capture (.scap)',
  flags: {
    write: { short: 'w', value: 'FILE', help: 'The capture to write' },
    capture: { short: 'e', value: 'FILE', help: 'Read events from this capture instead of the running machine' },
    filter: {
      value: 'CONDITION',
      help: 'Only events that match; others are kept only if they change the state',
    },
    duration: { short: 'M', value: 'SECONDS', help: 'Stop after this time' },
    count: { short: 'n', value: 'N', help: 'Stop after this many events that match' },
    config: {
      short: 'c',
      value: 'FILE',
      help: 'Live: a falco.yaml whose plugins "container" and "k8smeta" configure container engines and API server (default: the usual sockets)',
    },
    snaplen: { value: 'BYTES', help: 'Live: bytes kept of data that is read or written (default: 80)' },
    gzip: { short: 'z', help: 'Compress' },
    'probe-socket': { value: 'SOCKET', help: 'Live: use the sidecar that listens here' },
  },
  async run(flags, [extra]) {
    if (extra !== undefined)
      throw new CliError(`unexpected argument "${extra}" (the capture to write goes with -w, a filter with --filter)`)
    if (flags.write === undefined) throw new CliError('record needs a file to write: -w FILE')
    const matches = matcher(await loadSource('syscall'), flags.filter)
    const seconds = positive('-M', flags.duration)
    const limit = whole('-n', flags.count) ?? Number.POSITIVE_INFINITY
    const stream = await openRecorded(flags.capture, {
      snaplen: whole('--snaplen', flags.snaplen),
      socketPath: flags['probe-socket'],
      containers:
        flags.config === undefined
          ? {}
          : await configuredEngines(flags.config, text => process.stderr.write(`${text}\n`)),
    })
    await keepOwnFiles()
    const stop = new AbortController()
    const timer = seconds === undefined ? undefined : setTimeout(() => stop.abort(), seconds * 1000)
    const end = () => stop.abort()
    process.once('SIGINT', end).once('SIGTERM', end)
    let reader: number | undefined
    try {
      reader = await readerOf(flags.write, stop.signal)
      const copied = await copyEvents(stream, flags.write, { matches, limit, gzip: flags.gzip, signal: stop.signal })
      process.stderr.write(printable(report(flags.write, copied, stream), '\n'))
    } finally {
      if (reader !== undefined) closeSync(reader)
      clearTimeout(timer)
      process.off('SIGINT', end).off('SIGTERM', end)
      await stream.close()
    }
    return 0
  },
})

/**
 * A pipe without a reader is waited for, but not in silence, and not longer than anything else.
 * @returns what keeps the reader there until the recording has opened the pipe, too
 */
async function readerOf(path: string, signal: AbortSignal): Promise<number | undefined> {
  for (let told = false; kindOf(path) === 'pipe' && !signal.aborted; told = true) {
    try {
      return openSync(path, constants.O_WRONLY | constants.O_NONBLOCK)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENXIO') return undefined
    }
    if (!told) process.stderr.write(`Waiting for something to read the pipe ${printable(path)}\n`)
    await sleep(20, undefined, { signal }).catch(() => {})
  }
  return undefined
}

function report(path: string, { matched, events, bytes }: Copied, stream: Recorded): string {
  const kept = events > matched ? ` and ${events - matched} for the state only` : ''
  const block = (title: string, counts: Readonly<Record<string, number>>) => {
    const rows = Object.entries(counts).map(([what, n]) => `   ${what}: ${n}\n`)
    return rows.length > 0 ? `${title}:\n${rows.join('')}` : ''
  }
  return (
    `${path}: ${count(matched, 'event')}${kept}, ${bytes} bytes\n` +
    block('Events not recorded, by cause', stream.losses()) +
    block('Seen in part', stream.limits()) +
    block('Put right after losses', stream.repairs()) +
    block('Container metadata', stream.lookups())
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
