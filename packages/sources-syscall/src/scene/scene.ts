/** Scenes: the events of a machine, written as lines, for tests of rules. */
import { CaptureReader } from '../capture/reader.ts'
import { CaptureWriter } from '../capture/writer.ts'
import type { SyscallEvent } from '../event.ts'
import { FLAG_TABLES } from '../events/flags.ts'
import { EVENTS, eventIdsOf } from '../events/table.ts'
import { Replay } from '../replay.ts'
import { SyscallState } from '../state/state.ts'
import { eventOf, fdOf, processOf, type Words, whole, wordsOf } from './notation.ts'

/** 2026-01-01T10:00:00Z */
const START = 1_767_261_600_000_000_000n
const STEP = 1_000_000n
const CONTAINER = '5e1f'.repeat(16)
/** Heads of lines about what is there before the first event. */
const TABLES = ['thread', 'fd', 'user', 'group', 'time']
const USERS = [user(0, 'root', '/root'), user(33, 'www-data', '/var/www'), user(1000, 'dana', '/home/dana')]
const ROOTS = { gid: 0, name: 'root' }

/** A line of a scene cannot be read. */
export class SceneError extends TypeError {
  override readonly name = 'SceneError'
  /** The line, without blanks around it. */
  readonly line: string
  /** What is wrong with it. */
  readonly reason: string

  constructor(line: string, reason: string) {
    super(`cannot read the line of a scene: ${line}: ${reason}`)
    this.line = line
    this.reason = reason
  }
}

/** @throws {SceneError} in place of what `read` throws */
function reading<T>(line: string, read: () => T): T {
  try {
    return read()
  } catch (error) {
    throw new SceneError(line, (error as Error).message)
  }
}

interface Line extends Words {
  readonly text: string
}

/**
 * Shows the events of a scene to `see`, with the state that they leave behind: processes, descriptors, containers. A scene is written
 * in lines:
 *
 *   thread 10 comm=nginx uid=33 in=container      a process at the start; child of thread 1 unless ptid=N says otherwise
 *   10 runs /bin/sh -c id                         an execve that succeeds; further key=value words are its parameters
 *   10 opens /etc/shadow O_RDONLY|O_CLOEXEC       an openat that succeeds
 *   10 connects 10.0.0.1:5000->10.0.0.2:80        socket and connect, of a TCP socket with descriptor 3
 *   described privileged=yes mount=/etc:/host/etc  the container plugin tells of the container of `in=container`
 *   10 dup2 res=0 oldfd=3 newfd=0                 any event with its parameters; flags by name or number
 *   fd 10 5 4 name=/etc/passwd                    a descriptor at the start: thread, number, kind (SCAP_FD_*)
 *   user 0 gid=0 name=root home=/root             instead of the users and the process 1 that there are otherwise; group 0 name=root
 *   time 1767261600000000000                      of the first event, ns since 1970
 *
 * Texts with spaces stand in quotes, as in JSON; lines that begin with # are comments. Users are root, www-data (33) and dana (1000).
 * `sceneOf` writes the scene of an event.
 * @throws {SceneError} for a line that cannot be read
 */
export function playScene(lines: readonly string[], see: (event: SyscallEvent) => void): void {
  readScene(lines)(see)
}

/** Reads a scene that is played later, or several times: each call of the returned function replays it. @throws see `playScene` */
export function readScene(lines: readonly string[]): (see: (event: SyscallEvent) => void) => void {
  const read = wordsIn(lines)
  const bytes = capture(read)
  return see => {
    const state = new SyscallState({})
    const replay = new Replay(new MemoryCapture(bytes, state), state)
    for (const line of read) complete(line, state)
    while (replay.next()) see(replay.event)
  }
}

/** What captures do not hold of a thread or a descriptor at the start. */
function complete({ bare: [head, tid, num], values }: Words, state: SyscallState): void {
  if (head !== 'thread' && head !== 'fd') return
  const thread = state.tables.threads.get(Number(tid))
  const fd = thread && head === 'fd' ? thread.fds.get(Number(num)) : null
  if (fd) {
    fd.nameRaw = values.get('raw') ?? fd.nameRaw
    fd.dev = Number(values.get('dev') ?? fd.dev)
  } else if (thread && head === 'thread') thread.cloneTs = BigInt(values.get('cloneTs') ?? thread.cloneTs)
}

/** The events of a scene, each with the state at its time: for `RuleTester`. @throws see `playScene` */
export function scene(...texts: readonly string[]): SyscallEvent[] {
  const events: SyscallEvent[] = []
  playScene(
    texts.flatMap(text => text.split('\n')),
    event => void events.push(event.clone()),
  )
  return events
}

function wordsIn(lines: readonly string[]): Line[] {
  return lines
    .map(line => line.trim())
    .filter(line => line !== '' && !line.startsWith('#'))
    .map(text => ({ text, ...reading(text, () => wordsOf(text)) }))
}

/** A capture that is in memory as a whole. */
class MemoryCapture {
  readonly reader: CaptureReader
  readonly size: number
  readonly position: number

  constructor(bytes: Uint8Array, state: SyscallState) {
    this.reader = new CaptureReader(state)
    this.size = bytes.length
    this.position = bytes.length
    this.reader.push(bytes)
    this.reader.end()
    this.reader.readTables()
  }

  next(): boolean {
    return this.reader.next()
  }

  async fill(): Promise<boolean> {
    return false
  }

  close(): void {}
}

function capture(lines: readonly Line[]): Uint8Array {
  const pieces: Uint8Array[] = []
  const writer = new CaptureWriter(bytes => pieces.push(bytes.slice()))
  writer.machine({ cpus: 1, memoryBytes: 1n << 30n, maxPid: 32768n, hostname: 'stage', bootTime: 0n, flags: 0n })
  const of = (head: string) => lines.filter(({ bare }) => bare[0] === head)
  const users = of('user')
  writer.users(users.length === 0 ? USERS : users.map(userOf), users.length === 0 ? [ROOTS] : of('group').map(groupOf))
  const threads = of('thread')
  const isOwn = users.length > 0 || threads.some(({ bare }) => bare[1] === '1')
  const first = isOwn ? [] : wordsIn(['thread 1 comm=systemd'])
  writer.processes([...first, ...threads].map(line => reading(line.text, () => processOf(placed(line)))))
  for (const [tid, own] of Map.groupBy(of('fd'), ({ bare }) => Number(bare[1])))
    writer.fds(
      tid,
      own.map(line => reading(line.text, () => fdOf(line))),
    )
  let time = BigInt(of('time')[0]?.bare[1] ?? START)
  for (const line of lines) {
    if (TABLES.includes(line.bare[0]!)) continue
    for (const event of reading(line.text, () => eventsOf(line, time))) writer.write(event)
    time += STEP
  }
  writer.flush()
  return joined(pieces)
}

function joined(pieces: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(pieces.reduce((sum, { length }) => sum + length, 0))
  let at = 0
  for (const piece of pieces) {
    bytes.set(piece, at)
    at += piece.length
  }
  return bytes
}

function user(uid: number, name: string, home: string) {
  return { uid, gid: uid, name, home, shell: '/bin/sh' }
}

function userOf({ bare, values }: Words) {
  const [name = '', home = '', shell = ''] = ['name', 'home', 'shell'].map(key => values.get(key))
  return { uid: Number(bare[1]), gid: Number(values.get('gid') ?? bare[1]), name, home, shell }
}

function groupOf({ bare, values }: Words) {
  return { gid: Number(bare[1]), name: values.get('name') ?? '' }
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

function eventsOf({ bare, values }: Words, time: bigint): SyscallEvent[] {
  if (bare.length < 2 && bare[0] !== 'described') throw new TypeError('expected a thread and what it does')
  if (bare[0] === 'described') {
    const params = { plugin_id: '1', name: 'container', data: description(values) }
    return [eventOf('asyncevent>', 1, time, new Map(Object.entries(params)))]
  }
  const [tid, name, ...rest] = bare as [string, string, ...string[]]
  const thread = Number(whole('the thread at the beginning', tid))
  const event = (of: string, params: Record<string, string>) => {
    const numbers = Object.entries({ ...params, ...Object.fromEntries(values) }).map(
      ([key, value]) => [key, numeric(of, key, value)] as const,
    )
    return eventOf(of, thread, time, new Map(numbers))
  }
  switch (name) {
    case 'runs': {
      const [exe, ...args] = rest
      if (exe === undefined) throw new TypeError('runs needs a program')
      const comm = exe.slice(exe.lastIndexOf('/') + 1).slice(0, 15)
      const ids = { tid, pid: tid, vpgid: tid, pgid: tid }
      const paths = { exe, trusted_exepath: exe, filename: exe, comm }
      return [event('execve', { res: '0', args: args.join('|'), ...ids, ...paths })]
    }
    case 'opens':
      if (rest.length !== 2) throw new TypeError('opens needs a path and flags')
      return [event('openat', { fd: '3', dirfd: '-100', name: rest[0]!, flags: rest[1]! })]
    case 'connects': {
      const addr = rest[0]?.split('->')[1]
      if (addr === undefined) throw new TypeError('connects needs ADDRESS:PORT->ADDRESS:PORT')
      return [
        event('socket', { fd: '3', domain: 'AF_INET', type: '1', proto: '0' }),
        event('connect', { res: '0', fd: '3', tuple: rest[0]!, addr }),
      ]
    }
    default:
      return [event(name, {})]
  }
}

/** Replaces names of flags by their numbers; anything else is unchanged. */
export function numeric(event: string, param: string, value: string): string {
  if (!/^[A-Z][A-Z0-9_|]*$/.test(value)) return value
  for (const id of eventIdsOf(event.replace(/[>#].*/, ''))) {
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
