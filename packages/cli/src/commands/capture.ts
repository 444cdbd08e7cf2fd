import { isoTime } from '@falc/engine'
import { type CaptureInfo, captureInfo } from '@falc/sources-syscall'
import { defineCommand, print } from '../command.ts'
import { CliError } from '../fail.ts'

export const capture = defineCommand({
  name: 'capture',
  usage: 'info FILE… [--json]',
  summary: 'Show the contents of a capture: machine, time span, threads, events by type',
  flags: { json: { help: 'Print JSON' } },
  async run({ json }, [action, ...files]) {
    if (action !== 'info' || files.length === 0) throw new CliError('usage: falc capture info FILE…')
    let broken = false
    for (const [i, file] of files.entries()) {
      const info = await gather(file)
      broken ||= info.broken !== null
      print(json ? `${JSON.stringify(info)}\n` : `${i > 0 ? '\n' : ''}${text(info)}`)
    }
    return broken ? 1 : 0
  },
})

interface Info {
  readonly file: string
  readonly bytes: number
  readonly machine: { readonly hostname: string; readonly cpus: number; readonly memoryMiB: number } | null
  /** UTC. */
  readonly first: string | null
  readonly last: string | null
  readonly seconds: number
  readonly events: number
  /** Threads known at the start of the capture. */
  readonly known: number
  /** Threads with events. */
  readonly threads: number
  /** By evt.type, most frequent first. */
  readonly types: Readonly<Record<string, number>>
  /** Blocks that the reader skipped, by kind. */
  readonly skipped: Readonly<Record<string, number>>
  /** Where and why reading stopped early. */
  readonly broken: string | null
}

async function gather(file: string): Promise<Info> {
  const { size, machine, first, last, events, processes, threads, byType, counts, error } = await read(file)
  const { hostname = '', cpus = 0, memoryBytes = 0n } = machine ?? {}
  const { events: _, sections: __, ...others } = counts
  return {
    file,
    bytes: size,
    machine: machine && { hostname, cpus, memoryMiB: Number(memoryBytes >> 20n) },
    first: first === null ? null : isoTime(first),
    last: last === null ? null : isoTime(last),
    seconds: first === null || last === null ? 0 : Number(last - first) / 1e9,
    events,
    known: processes,
    threads,
    types: Object.fromEntries(byType.map(({ type, events }) => [type, events])),
    skipped: Object.fromEntries(Object.entries(others).filter(([, n]) => n > 0)),
    broken: error === null ? null : error.message,
  }
}

/** @throws {CliError} when the file cannot be read, or does not begin like a capture */
async function read(file: string): Promise<CaptureInfo> {
  let info: CaptureInfo
  try {
    info = await captureInfo(file)
  } catch (error) {
    throw new CliError(`Unable to open the capture ${file}: ${(error as Error).message}`)
  }
  if (info.error !== null && info.sections === 0)
    throw new CliError(`Unable to open the capture ${file}: ${info.error.message}`)
  return info
}

function text({
  file,
  bytes,
  machine,
  first,
  last,
  seconds,
  events,
  known,
  threads,
  types,
  skipped,
  broken,
}: Info): string {
  const rows: [string, string][] = [
    ['File', `${file} (${bytes} bytes)`],
    ['Machine', machine ? `${machine.hostname}, ${machine.cpus} CPUs, ${machine.memoryMiB} MiB` : 'not recorded'],
    ['Time', first === null ? 'no events' : `${first} to ${last} (${seconds.toFixed(3)} s)`],
    ['Events', `${events} of ${threads} threads (${known} at the start)`],
  ]
  const passed = Object.entries(skipped).map(([name, count]) => `${name} ${count}`)
  if (passed.length > 0) rows.push(['Skipped', passed.join(', ')])
  const head = rows.map(([name, value]) => `${name.padEnd(12)}${value}\n`).join('')
  const width = String(Math.max(0, ...Object.values(types))).length
  const lines = Object.entries(types).map(([type, count]) => `  ${String(count).padStart(width)}  ${type}\n`)
  return `${head}${lines.join('')}${broken === null ? '' : `Broken: ${broken}\n`}`
}
