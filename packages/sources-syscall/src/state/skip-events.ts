import { HANDLING, Handling } from '../capture/convert.ts'
import { Skip, type Skips } from '../capture/skips.ts'
import type { Window } from '../capture/window.ts'
import { EVENT_HEADER } from '../event.ts'
import { PPME } from '../events/ids.ts'
import { int64, uint8, uint16, uint32 } from '../events/integers.ts'
import { positions } from '../events/positions.ts'
import { EVENTS, EventClass, EventFlag } from '../events/table.ts'
import { SOCKET_NUMBERS } from '../model/socket-numbers.ts'
import type { Thread } from '../model/thread.ts'
import { changeDescriptor, changesDescriptors } from './copies.ts'
import { isFailedOpen } from './failed-open.ts'
import { LOOKUP_CREATE, LOOKUP_NONE, LOOKUPS } from './lookup.ts'
import { isMessage, Messages } from './messages.ts'
import type { Part } from './parts.ts'
import { type ExcludesByObjects, PlainOpens, type PlainOpensKeep } from './plain-opens.ts'
import { PART_OF } from './state.ts'
import type { Tables } from './tables.ts'
import { isUnconnected } from './transfers.ts'
import { isUnchanging, mayBeUnchanging } from './unchanging.ts'

const ALL_TYPES = 1 << 16
const CLOSE = positions(['res', 'fd'], 'SYSCALL_CLOSE_X')
const FCNTL = positions(['res', 'fd', 'cmd', 'arg'], 'SYSCALL_FCNTL_X')
/** Second names: see event.ts. */
const LOOKUP = LOOKUPS
const STRANGER = Skip.unlessStranger
const CONNECTS = Skip.unlessConnects
const CLOSES = Skip.closes
const OPENS = Skip.opens
const MESSAGES = Skip.messages
const JUDGED = Skip.judged
/** Lengths of two parameters of eight bytes. */
const TWO_OF_8 = 0x0008_0008
const OPENAT = PPME.SYSCALL_OPENAT_2_X

/** What must be read and kept. */
export interface Keep {
  /** Event types that rules see. */
  readonly wanted: ReadonlySet<number>
  /** Parts of the state that must stay complete. */
  readonly parts: ReadonlySet<Part>
  /** Of `wanted`, the types whose events of the class FAILED_OPENS rules do not see. Default: none. */
  readonly failedOpens?: ReadonlySet<number>
  /** What rules see of the classes FILE_READS and DIRECTORY_READS. Default: all. */
  readonly plainOpens?: PlainOpensKeep
}

/** Decides which events of a stream can be passed over, from what is to be kept and from the state so far. */
export class SkipEvents implements Skips {
  readonly actions: Uint8Array
  readonly awaiting: ReadonlySet<number>
  readonly living: Int32Array
  readonly sockets: Uint8Array = SOCKET_NUMBERS
  /** Whether the environments of programs are kept. */
  readonly environments: boolean
  /** Whether the order of descriptors is kept. */
  readonly order: boolean
  readonly #tables: Tables
  readonly #strangers: boolean
  readonly #failedOpens: ReadonlySet<number>
  readonly #plainOpens: PlainOpens
  readonly #wanted: ReadonlySet<number>
  readonly #messages: Messages
  readonly #excludes: ExcludesByObjects
  /** By event type: 1 = its events change a part that is kept. */
  readonly #changing: Uint8Array

  /** @param excludes Default: nothing is excluded */
  constructor(tables: Tables, keep: Keep, excludes: ExcludesByObjects = () => false) {
    this.#tables = tables
    this.#wanted = keep.wanted
    this.#messages = new Messages(keep.wanted, excludes)
    this.#excludes = excludes
    this.#changing = Uint8Array.from(PART_OF, part => (part !== null && keep.parts.has(part) ? 1 : 0))
    this.awaiting = tables.awaiting
    this.living = tables.threads.living.ids
    this.#strangers = keep.parts.has('strangers')
    this.environments = keep.parts.has('environments')
    this.order = keep.parts.has('order')
    this.#failedOpens = keep.failedOpens ?? new Set()
    this.#plainOpens = new PlainOpens(tables, keep.plainOpens ?? {}, excludes)
    this.actions = new Uint8Array(ALL_TYPES)
    for (const { id } of EVENTS) this.actions[id] = actionOf(id, keep)
  }

  begin(): void {
    if (this.#tables.unsettled) this.#tables.settle()
  }

  matters(action: number, window: Window, start: number, limit: number): boolean {
    const { view } = window
    const tid = int64(view, start + 8)
    const { threads, awaiting } = this.#tables
    if (awaiting.size > 0 && awaiting.has(tid)) return true
    if (action === Skip.skip) return false
    const thread = threads.get(tid)
    if (action === OPENS) return this.#mattersOfOpen(window, start, limit, thread)
    // Without a thread there are no descriptors.
    if (thread === null)
      return this.#strangers || (action >= MESSAGES && this.#matchesStrangers(action, uint16(view, start + 20)))
    threads.living.note(tid)
    if (action === MESSAGES) return this.#messages.matters(window, start, limit, thread)
    if (action === JUDGED) return this.#mattersOfJudged(view, start, limit, thread)
    if (action === STRANGER) return false
    if (action === CLOSES) return closes(view, start, limit, thread)
    if (action === CONNECTS) {
      const at = parameterAt(view, start, limit, LOOKUP[uint16(view, start + 20)]! >> 2, 8)
      return at < 0 || isUnconnected(thread.fds.get(int64(view, at)))
    }
    return this.#duplicates(view, start, limit, thread)
  }

  #mattersOfOpen(window: Window, start: number, limit: number, thread: Thread | null): boolean {
    const { view } = window
    const type = uint16(view, start + 20)
    if (isFailedOpen(view, start, limit)) return !this.#failedOpens.has(type) || (thread === null && this.#strangers)
    return type !== OPENAT || thread === null || !this.#plainOpens.apply(window, start, limit, thread)
  }

  /** Whether an event whose thread is not known must be read. */
  #matchesStrangers(action: number, type: number): boolean {
    return this.#wanted.has(type) || (action === JUDGED && this.#changing[type] === 1)
  }

  #mattersOfJudged(view: DataView, start: number, limit: number, thread: Thread): boolean {
    const type = uint16(view, start + 20)
    if (this.#changing[type] === 1 && !isUnchanging(this.#tables, view, start, limit, thread)) return true
    if (!this.#wanted.has(type)) return false
    const place = LOOKUP[type]! >> 2
    if (place === 0) return !this.#excludes(type, thread, null)
    const at = parameterAt(view, start, limit, place, 8)
    return at < 0 || !this.#excludes(type, thread, thread.fds.get(int64(view, at)))
  }

  /** fcntl: does what state/files.ts does, from the bytes. Returns true if that cannot be done here. */
  #duplicates(view: DataView, start: number, limit: number, thread: Thread): boolean {
    const command = parameterAt(view, start, limit, FCNTL.cmd, 1)
    if (command < 0) return true
    if (!changesDescriptors(uint8(view, command))) return false
    const result = parameterAt(view, start, limit, FCNTL.res, 8)
    const fd = parameterAt(view, start, limit, FCNTL.fd, 8)
    const argument = parameterAt(view, start, limit, FCNTL.arg, 8)
    if (result < 0 || fd < 0 || argument < 0) return true
    const num = int64(view, fd)
    const made = int64(view, result)
    const unknown = thread.fds.get(num) === null
    if (made >= 0 && !unknown)
      changeDescriptor(this.#tables, thread, num, uint8(view, command), made, uint32(view, argument))
    // Its end may describe a socket that no event has made known.
    return made >= 0 && unknown
  }
}

/** close: as `SkipEvents.#duplicates`. */
function closes(view: DataView, start: number, limit: number, thread: Thread): boolean {
  const usual = uint32(view, start + 22) === 2 && uint32(view, start + EVENT_HEADER) === TWO_OF_8
  const first = start + EVENT_HEADER + 4
  const result = usual && first + 16 <= limit ? first : parameterAt(view, start, limit, CLOSE.res, 8)
  const at = usual && first + 16 <= limit ? first + 8 : parameterAt(view, start, limit, CLOSE.fd, 8)
  if (result < 0 || at < 0) return true
  if (view.getInt32(result + 4, true) >= 0) thread.fds.delete(int64(view, at))
  return false
}

/** What becomes of events of a type in their current form: a `Skip`. */
export function actionOf(type: number, { wanted, parts, failedOpens, plainOpens }: Keep): number {
  const handling = HANDLING[type]
  if (handling === Handling.drop) return Skip.drop
  // Older forms, and enter events that complete them, are read in any case.
  if (handling === Handling.convert) return Skip.take
  if (isMessage(type) && parts.has('descriptors')) return Skip.messages
  if (wanted.has(type)) {
    const plain = type === OPENAT && (plainOpens?.fileReads ?? plainOpens?.directoryReads) !== undefined
    if (plain || failedOpens?.has(type)) return Skip.opens
  }
  const { flags, classes } = EVENTS[type]!
  if ((flags & EventFlag.large_payload) !== 0 || (classes & EventClass.metaevent) !== 0) return Skip.take
  const part = PART_OF[type]!
  if (wanted.has(type)) {
    const changes = part !== null && parts.has(part)
    return (LOOKUPS[type]! & 3) !== LOOKUP_NONE && (!changes || mayBeUnchanging(type)) ? Skip.judged : Skip.take
  }
  if (part === null || !parts.has(part)) {
    return parts.has('strangers') && (LOOKUPS[type]! & 3) === LOOKUP_CREATE ? Skip.unlessStranger : Skip.skip
  }
  if (part === 'connections') return Skip.unlessConnects
  if (type === PPME.SYSCALL_CLOSE_X) return Skip.closes
  if (type === PPME.SYSCALL_FCNTL_X) return Skip.duplicates
  return mayBeUnchanging(type) ? Skip.judged : Skip.take
}

/** Offset of parameter `index` of an event with 16-bit lengths; -1 if it has not exactly `size` bytes. */
function parameterAt(view: DataView, start: number, limit: number, index: number, size: number): number {
  const count = uint32(view, start + 22)
  let lengths = start + EVENT_HEADER
  let at = lengths + count * 2
  if (index >= count || at > limit) return -1
  for (let i = 0; i < index; i++, lengths += 2) at += uint16(view, lengths)
  return uint16(view, lengths) === size && at + size <= limit ? at : -1
}
