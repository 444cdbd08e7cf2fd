/** Scenes on a machine, written as lines, recorded as a real capture. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { CaptureWriter } from '../../packages/sources-syscall/src/capture/writer.ts'
import { FLAG_TABLES } from '../../packages/sources-syscall/src/events/flags.ts'
import { EVENTS, eventIdsOf } from '../../packages/sources-syscall/src/events/table.ts'
import { eventOf, processOf, type Words, wordsOf } from '../../packages/sources-syscall/test/state/notation.ts'

/** 2026-01-01T10:00:00Z */
const START = 1_767_261_600_000_000_000n
const STEP = 1_000_000n
const CONTAINER = '5e1f'.repeat(16)

/**
 * Records the lines of a scene in a capture, hands its path to `use`, and removes it:
 *
 *   thread 10 comm=nginx uid=33 in=container      a process at the start; child of thread 1 unless ptid=N says otherwise
 *   10 runs /bin/sh -c id                         an execve that succeeds; further key=value words are its parameters
 *   10 opens /etc/shadow O_RDONLY|O_CLOEXEC       an openat that succeeds
 *   10 connects 10.0.0.1:5000->10.0.0.2:80        socket and connect, of a TCP socket with descriptor 3
 *   described privileged=yes mount=/etc:/host/etc  the container plugin tells of the container of `in=container`
 *   10 dup2 res=0 oldfd=3 newfd=0                 any event with its parameters; flags by name or number
 *
 * Texts with spaces stand in quotes, as in JSON.
 */
export async function recorded<T>(lines: readonly string[], use: (capture: string) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'falc-scene-'))
  try {
    const file = join(folder, 'scene.scap')
    writeFileSync(file, capture(lines.map(wordsOf)))
    return await use(file)
  } finally {
    rmSync(folder, { recursive: true })
  }
}

function capture(lines: readonly Words[]): Uint8Array {
  const pieces: Uint8Array[] = []
  const writer = new CaptureWriter(bytes => pieces.push(bytes.slice()))
  writer.machine({ cpus: 1, memoryBytes: 1n << 30n, maxPid: 32768n, hostname: 'stage', bootTime: 0n, flags: 0n })
  writer.users(
    [user(0, 'root', '/root'), user(33, 'www-data', '/var/www'), user(1000, 'dana', '/home/dana')],
    [{ gid: 0, name: 'root' }],
  )
  const threads = lines.filter(line => line.bare[0] === 'thread').map(placed)
  writer.processes([wordsOf('thread 1 comm=systemd'), ...threads].map(processOf))
  let time = START
  for (const line of lines) {
    if (line.bare[0] === 'thread') continue
    for (const event of eventsOf(line, time)) writer.write(event)
    time += STEP
  }
  writer.flush()
  return Buffer.concat(pieces)
}

function user(uid: number, name: string, home: string) {
  return { uid, gid: uid, name, home, shell: '/bin/sh' }
}

/** `in=container` as the control group that says so. */
function placed({ bare, values }: Words): Words {
  const { in: place, ...rest } = Object.fromEntries(values)
  if (place !== undefined) rest.cgroups = `memory=/docker/${CONTAINER}`
  return { bare, values: new Map(Object.entries(rest)) }
}

/** What Falco's container plugin reports. */
function description(values: ReadonlyMap<string, string>): string {
  const [source, destination] = values.get('mount')?.split(':') ?? []
  const mount = { Source: source, Destination: destination, Mode: '', RW: true, Propagation: 'rprivate' }
  return JSON.stringify({
    container: {
      ...{ id: CONTAINER.slice(0, 12), full_id: CONTAINER, type: 0, name: 'web', imagerepo: 'shop/web', imagetag: '2' },
      privileged: values.has('privileged'),
      Mounts: source === undefined ? [] : [mount],
    },
  })
}

function eventsOf({ bare, values }: Words, time: bigint) {
  if (bare[0] === 'described') {
    const params = { plugin_id: '1', name: 'container', data: description(values) }
    return [eventOf('asyncevent>', 1, time, new Map(Object.entries(params)))]
  }
  const [tid, name, ...rest] = bare as [string, string, ...string[]]
  const event = (of: string, params: Record<string, string>) => {
    const numbers = Object.entries({ ...params, ...Object.fromEntries(values) }).map(
      ([key, value]) => [key, numeric(of, key, value)] as const,
    )
    return eventOf(of, Number(tid), time, new Map(numbers))
  }
  switch (name) {
    case 'runs': {
      const [exe, ...args] = rest as [string, ...string[]]
      const comm = basename(exe).slice(0, 15)
      const ids = { tid, pid: tid, vpgid: tid, pgid: tid }
      const paths = { exe, trusted_exepath: exe, filename: exe, comm }
      return [event('execve', { res: '0', args: args.join('|'), ...ids, ...paths })]
    }
    case 'opens':
      return [event('openat', { fd: '3', dirfd: '-100', name: rest[0]!, flags: rest[1]! })]
    case 'connects': {
      const addr = rest[0]!.split('->')[1]!
      return [
        event('socket', { fd: '3', domain: 'AF_INET', type: '1', proto: '0' }),
        event('connect', { res: '0', fd: '3', tuple: rest[0]!, addr }),
      ]
    }
    default:
      return [event(name, {})]
  }
}

/** Names of flags as the number that they stand for; anything else as it is. */
function numeric(event: string, param: string, value: string): string {
  if (!/^[A-Z][A-Z0-9_|]*$/.test(value)) return value
  for (const id of eventIdsOf(event.replace('>', ''))) {
    const flags = EVENTS[id]!.params.find(({ name }) => name === param)?.flags
    const table = flags == null ? undefined : FLAG_TABLES.get(flags)
    if (table === undefined) continue
    const numbers = value.split('|').map(word => table.find(({ name }) => name === word)?.value)
    if (numbers.every(number => number !== undefined)) {
      return String(numbers.reduce((sum, number) => BigInt(sum) | BigInt(number), 0n))
    }
  }
  return value
}
