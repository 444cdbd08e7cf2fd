/** Events and initial tables from lines. */
import { nearest } from '@falc/engine'
import { emptyProcess } from '../capture/processes.ts'
import type { FdEntry, ProcessEntry } from '../capture/visitor.ts'
import { SyscallEvent } from '../event.ts'
import { PARAM_SIZES, type ParamInfo } from '../events/params.ts'
import { OBJECT_EVENTS, OBJECTS_FOLLOW, RESOLVED_EVENTS, STARTED_OPENS } from '../events/resolved.ts'
import { EVENTS, EventFlag, type EventInfo, eventIdsOf } from '../events/table.ts'

const encoder = new TextEncoder()

/** `key=value` words, values bare or as a JSON string; other words are `bare`. */
export interface Words {
  readonly bare: readonly string[]
  readonly values: ReadonlyMap<string, string>
}

export function wordsOf(line: string): Words {
  const bare: string[] = []
  const values = new Map<string, string>()
  for (const [, key, quoted, plain] of line.matchAll(/(?:(\w+)=)?(?:("(?:[^"\\]|\\.)*")|(\S+))/g)) {
    const value = quoted === undefined ? plain! : (JSON.parse(quoted) as string)
    if (key === undefined) bare.push(value)
    else values.set(key, value)
  }
  return { bare, values }
}

/** What a call acted on, by its first path and by its second; of an open, the first is the directory that it starts from. */
export const OBJECT_KEYS: readonly string[] = ['object', 'object2']

function objectKeysOf({ code }: EventInfo): readonly string[] {
  if (OBJECT_EVENTS.includes(code)) return OBJECT_KEYS
  return STARTED_OPENS.includes(code) ? OBJECT_KEYS.slice(0, 1) : []
}

function objectsTail(keys: readonly string[], values: ReadonlyMap<string, string>): number[] {
  if (!keys.some(key => values.has(key))) return []
  const paths = encoder.encode(keys.map(key => `${values.get(key) ?? ''}\0`).join(''))
  return [...paths, paths.length & 255, paths.length >> 8, OBJECTS_FOLLOW]
}

/** The event NAME (its newest exit, or `NAME>` for its enter event) of thread `tid`; parameters not named are empty. */
export function eventOf(name: string, tid: number, time: bigint, values: ReadonlyMap<string, string>): SyscallEvent {
  const info = infoOf(name)
  for (const key of values.keys()) {
    if ((key === 'resolved' || key === 'host') && RESOLVED_EVENTS.includes(info.code)) continue
    if (objectKeysOf(info).includes(key)) continue
    if (!info.params.some(param => param.name === key))
      throw new TypeError(
        unknownName(
          `${name} has no parameter ${key}`,
          key,
          info.params.map(param => param.name),
        ),
      )
  }
  const params = info.params.map(param => {
    const value = values.get(param.name)
    return value === undefined ? new Uint8Array(0) : encode(param, value)
  })
  const wide = (info.flags & EventFlag.large_payload) !== 0
  // Live events end in the path that the kernel found, which is not a parameter.
  const host = values.get('host')
  const resolved = values.get('resolved') ?? (host === undefined ? undefined : '')
  const paths = (resolved === undefined ? '' : `${resolved}\0`) + (host === undefined ? '' : `${host}\x01`)
  const tail = Uint8Array.of(...encoder.encode(paths), ...objectsTail(objectKeysOf(info), values))
  const size = 26 + params.length * (wide ? 4 : 2) + params.reduce((sum, param) => sum + param.length, tail.length)

  const bytes = new Uint8Array(size)
  const view = new DataView(bytes.buffer)
  view.setBigUint64(0, time, true)
  view.setBigInt64(8, BigInt(tid), true)
  view.setUint32(16, size, true)
  view.setUint16(20, info.id, true)
  view.setUint32(22, params.length, true)
  let at = 26 + params.length * (wide ? 4 : 2)
  params.forEach((param, i) => {
    if (wide) view.setUint32(26 + i * 4, param.length, true)
    else view.setUint16(26 + i * 2, param.length, true)
    bytes.set(param, at)
    at += param.length
  })
  bytes.set(tail, at)
  const event = new SyscallEvent()
  if (!event.attach(bytes, view, 0, size)) throw new TypeError(`${name}: not an event`)
  return event
}

/** @param name as in a scene; `NAME#ID` is a certain version of the event */
export function infoOf(name: string): EventInfo {
  const version = EVENTS[Number(/#(\d+)$/.exec(name)?.[1] ?? -1)]
  if (version !== undefined) return version
  const enter = name.endsWith('>')
  const plain = enter ? name.slice(0, -1) : name
  const infos = eventIdsOf(plain).map(id => EVENTS[id]!)
  const found = enter
    ? infos.findLast(info => info.enter)
    : (infos.findLast(info => !info.enter && (info.flags & EventFlag.old_version) === 0) ??
      infos.findLast(info => (info.flags & EventFlag.old_version) === 0))
  if (found === undefined) throw new TypeError(unknownName(`there is no event ${name}`, plain, ACTS))
  return found
}

/** The bytes of a parameter; `0x…` gives those of one without a fixed size as they are. */
export function encode(param: ParamInfo, value: string): Uint8Array {
  const size = PARAM_SIZES[param.type]
  if (!size && /^0x([\da-f]{2})*$/.test(value)) return Uint8Array.from(value.slice(2).match(/../g) ?? [], hex)
  if (size) return little(whole(param.name, value), size)
  switch (param.type) {
    case 'sockaddr':
      return value.startsWith('/') ? Uint8Array.of(1, ...encoder.encode(`${value}\0`)) : endpoints(value)
    case 'socktuple': {
      if (!value.includes('->/')) return endpoints(...(value.split('->') as [string, string]))
      const path = encoder.encode(`${value.slice(value.indexOf('/'))}\0`)
      return Uint8Array.of(1, ...little(BigInt(`0x${value.split('->')[0]}`), 8), ...little(1n, 8), ...path)
    }
    case 'bytes':
    case 'strings':
      // Arguments, environment, cgroups: strings with "|" between.
      return value === ''
        ? new Uint8Array(0)
        : encoder.encode(
            value
              .split('|')
              .map(text => `${text}\0`)
              .join(''),
          )
    case 'fdlist': {
      // Descriptors with "|" between; none has events.
      const nums = value.split('|')
      return Uint8Array.from([
        ...little(BigInt(nums.length), 2),
        ...nums.flatMap(num => [...little(BigInt(num), 8), 0, 0]),
      ])
    }
    default:
      return encoder.encode(`${value}\0`)
  }
}

/** `1.2.3.4:80` or `[2001:db8:0:0:0:0:0:1]:80`, one or two of them. */
function endpoints(...texts: string[]): Uint8Array {
  const ends = texts.map(text => {
    const at = text.lastIndexOf(':')
    return { ip: ipBytes(text.slice(0, at)), port: little(BigInt(text.slice(at + 1)), 2) }
  })
  return Uint8Array.of(ends[0]!.ip.length === 4 ? 2 : 10, ...ends.flatMap(({ ip, port }) => [...ip, ...port]))
}

export function ipBytes(text: string): Uint8Array {
  if (!text.startsWith('[')) return Uint8Array.from(text.split('.'), Number)
  const groups = text
    .slice(1, -1)
    .split(':')
    .map(group => Number.parseInt(group, 16))
  return Uint8Array.from(groups.flatMap(group => [group >> 8, group & 0xff]))
}

/** What a line may say that a thread does: events, and the words that stand for some. */
const ACTS = ['runs', 'opens', 'connects', ...EVENTS.flatMap(info => info?.name ?? [])]

function unknownName(problem: string, name: string, names: readonly string[]): string {
  const guess = nearest(name, names)
  if (guess !== undefined) return `${problem}: did you mean ${guess}?`
  return names === ACTS ? `${problem} (falc list --events)` : `${problem}: it has ${names.join(', ')}`
}

/** @throws {TypeError} with the name */
export function whole(name: string, value: string): bigint {
  if (!/^(-?\d+|0x[\da-f]+)$/i.test(value)) throw new TypeError(`${name} is a number, not ${value}`)
  return BigInt(value)
}

function hex(pair: string): number {
  return Number.parseInt(pair, 16)
}

function little(value: bigint, size: number): Uint8Array {
  return Uint8Array.from({ length: size }, (_, i) => Number((BigInt.asUintN(64, value) >> BigInt(8 * i)) & 0xffn))
}

/** The keys of a `thread` line that are not numbers. */
const LISTS = ['args', 'env', 'cgroups']
const TEXTS = ['comm', 'exe', 'exepath', 'cwd', 'root']

/**
 * A line `thread TID key=value…` of the initial tables: the keys are those of ProcessEntry. A process of its own, child of thread 1,
 * unless told otherwise.
 * @throws {TypeError} for a key that does not exist
 */
export function processOf({ bare, values }: Words): ProcessEntry {
  const tid = Number(whole('the ID after thread', bare[1] ?? ''))
  const pid = Number(values.get('pid') ?? tid)
  const comm = values.get('comm') ?? `t${tid}`
  const entry: Record<string, unknown> = {
    ...emptyProcess(tid, pid, tid === 1 ? 0 : 1),
    ...{ sid: 1, vpgid: pid, pgid: pid, vtid: tid, vpid: pid, fdlimit: 1024, flags: tid === pid ? 0 : 0x2001 },
    ...{ comm, exe: comm, exepath: `/bin/${comm}`, cwd: '/', root: '/' },
  }
  for (const [key, value] of values) {
    if (!Object.hasOwn(entry, key)) throw new TypeError(unknownName(`a thread has no ${key}`, key, Object.keys(entry)))
    entry[key] = LISTS.includes(key) ? listOf(value) : TEXTS.includes(key) ? value : valueLike(key, entry[key], value)
  }
  return entry as unknown as ProcessEntry
}

/** Texts with "|" between, or a JSON list of them. */
function listOf(value: string): string[] {
  return value.startsWith('["') ? JSON.parse(value) : value.split('|')
}

function valueLike(key: string, example: unknown, value: string): unknown {
  if (typeof example === 'boolean') return value === 'true' || value === 'yes'
  const number = whole(key, value)
  return typeof example === 'bigint' ? number : Number(number)
}

/** A line `fd TID NUMBER KIND key=value…`. KIND is a number of FdKind. */
export function fdOf({ bare, values }: Words): FdEntry {
  const from = values.get('from')?.split(/:(?=\d+$)/)
  const to = values.get('to')?.split(/:(?=\d+$)/)
  return {
    fd: Number(whole('the descriptor after the thread', bare[2] ?? '')),
    ino: BigInt(values.get('ino') ?? 0),
    type: Number(whole('the kind of a descriptor', bare[3] ?? '')),
    name: values.get('name') ?? '',
    openFlags: Number(values.get('flags') ?? 0),
    dev: Number(values.get('dev') ?? 0),
    sip: from ? ipBytes(from[0]!) : null,
    dip: to ? ipBytes(to[0]!) : null,
    sport: Number(from?.[1] ?? 0),
    dport: Number(to?.[1] ?? 0),
    l4proto: Number(values.get('l4') ?? 0),
    unixSource: 0n,
    unixPeer: 0n,
  }
}
