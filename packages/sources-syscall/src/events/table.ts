/**
 * The event table: every event a scap stream can hold. The rows are in the files of this folder, one family per file:
 *
 *   307 SYSCALL_OPENAT_2_X openat file creates_fd modifies_state converter_managed
 *       fd:fd dirfd:fd name:relpath@1 flags:flags32:hex=file_flags mode:uint32:oct …
 *
 * First line: id, Falco's name for it (without PPME_), name in rules, category, flags. `_E` is an enter event, `_X` an exit.
 * The category is followed by the event's classes unless they are just `syscall`.
 * Next lines: the parameters, each with name, type, format (unless it is the type's default), `=` the table of flag names or
 * variants, `@` the parameter that a path is relative to.
 */
import { FILE_EVENTS } from './file.ts'
import { IDENTITY_EVENTS } from './identity.ts'
import { IO_EVENTS } from './io.ts'
import { ITERATOR_EVENTS } from './iterator.ts'
import { MEMORY_EVENTS } from './memory.ts'
import { META_EVENTS } from './meta.ts'
import { NETWORK_EVENTS } from './network.ts'
import { DYN_TABLES, PARAM_SIZES, type ParamFormat, type ParamInfo, type ParamType } from './params.ts'
import { PROCESS_EVENTS } from './process.ts'
import { RETIRED_EVENTS } from './retired.ts'
import { SIGNAL_EVENTS } from './signal.ts'

/** Bits of EventInfo.flags (Falco's EF_*). */
export const EventFlag = {
  creates_fd: 1,
  destroys_fd: 2,
  uses_fd: 4,
  reads_from_fd: 8,
  writes_to_fd: 16,
  modifies_state: 32,
  /** Retired: dropped when read. */
  unused: 64,
  waits: 128,
  /** No thread is looked up for it. */
  skipparsereset: 256,
  /** No longer recorded. */
  old_version: 512,
  /** Parameter lengths are u32, not u16. */
  large_payload: 2048,
  /** Captures may hold older forms, which `conversion.ts` converts. */
  converter_managed: 4096,
} as const

/** Bits of EventInfo.classes (Falco's high EC_* bits). */
export const EventClass = {
  none: 0,
  wait: 64,
  scheduler: 128,
  internal: 256,
  syscall: 512,
  tracepoint: 1024,
  plugin: 2048,
  metaevent: 4096,
  iter: 8192,
} as const

export type EventCategory =
  | 'unknown'
  | 'other'
  | 'file'
  | 'net'
  | 'ipc'
  | 'memory'
  | 'process'
  | 'sleep'
  | 'system'
  | 'signal'
  | 'user'
  | 'time'
  | 'io_read'
  | 'io_write'
  | 'io_other'

export interface EventInfo {
  readonly id: number
  /** Falco's name without PPME_: a key of PPME. */
  readonly code: string
  /** evt.type, except for generic system calls and async events. */
  readonly name: string
  readonly enter: boolean
  readonly category: EventCategory
  readonly classes: number
  readonly flags: number
  readonly params: readonly ParamInfo[]
}

/** All events; the index is the id. */
export const EVENTS: readonly EventInfo[] = read([
  FILE_EVENTS,
  IO_EVENTS,
  NETWORK_EVENTS,
  PROCESS_EVENTS,
  IDENTITY_EVENTS,
  MEMORY_EVENTS,
  SIGNAL_EVENTS,
  META_EVENTS,
  ITERATOR_EVENTS,
  RETIRED_EVENTS,
])

/** EventInfo.flags by id, for hot loops. */
export const EVENT_FLAGS: Uint16Array = Uint16Array.from(EVENTS, event => event.flags)

/** Number of parameters by id, for hot loops. */
export const EVENT_NPARAMS: Uint8Array = Uint8Array.from(EVENTS, event => event.params.length)

/** Ids of an event name (`openat` → its enter and exit events of all versions); empty if there are none. */
export function eventIdsOf(name: string): readonly number[] {
  return idsByName.get(name) ?? []
}

const idsByName = new Map<string, number[]>()
for (const event of EVENTS) {
  const ids = idsByName.get(event.name)
  if (ids) ids.push(event.id)
  else idsByName.set(event.name, [event.id])
}

function read(families: readonly string[]): EventInfo[] {
  const events: EventInfo[] = []
  for (const rows of families) {
    let params: ParamInfo[] = []
    for (const line of rows.split('\n')) {
      if (line === '') continue
      if (line.startsWith(' ')) {
        for (const word of line.trim().split(' ')) params.push(readParam(word))
        continue
      }
      const [id, code, name, category, ...flags] = line.split(' ') as [string, string, string, string, ...string[]]
      const [kind, classes = 'syscall'] = category.split('/') as [EventCategory, string?]
      params = []
      events[Number(id)] = {
        id: Number(id),
        code,
        name,
        enter: code.endsWith('_E'),
        category: kind,
        classes: bits(EventClass, classes.split('+')),
        flags: bits(EventFlag, flags),
        params,
      }
    }
  }
  const missing = events.findIndex(event => !event)
  if (missing >= 0)
    throw new TypeError(`event table: event ${missing} has no row: an unused enter event belongs in retired.ts`)
  return events
}

function bits(names: Readonly<Record<string, number>>, words: readonly string[]): number {
  let sum = 0
  for (const word of words) {
    const bit = names[word]
    if (bit === undefined) throw new TypeError(`event table: no flag or class is called ${word}`)
    sum |= bit
  }
  return sum
}

function readParam(word: string): ParamInfo {
  const match = /^([^:]+):([a-z0-9]+)(?::([a-z]+))?(?:=(\w+))?(?:@(\d+))?$/.exec(word)
  if (!match || !(match[2]! in PARAM_SIZES)) throw new TypeError(`event table: cannot read parameter ${word}`)
  const type = match[2] as ParamType
  const table = match[4] ?? null
  return {
    name: match[1]!,
    type,
    format: (match[3] as ParamFormat | undefined) ?? usualFormat(type),
    flags: type === 'dyn' ? null : table,
    dirfd: match[5] === undefined ? -1 : Number(match[5]),
    variants: type === 'dyn' && table !== null ? (DYN_TABLES[table] ?? null) : null,
  }
}

function usualFormat(type: ParamType): ParamFormat {
  return PARAM_SIZES[type] === 0 && type !== 'fdlist' && type !== 'dyn' ? 'na' : 'dec'
}
