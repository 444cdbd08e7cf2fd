import { int64, uint16, uint32 } from './events/integers.ts'
import { objectsStart, RESOLVED_EVENTS } from './events/resolved.ts'
import { EVENT_FLAGS, EVENT_NPARAMS, EVENTS, EventFlag } from './events/table.ts'
import { internText } from './events/text.ts'
import type { EventTables } from './model/event-tables.ts'
import type { Fd } from './model/fd.ts'
import type { Thread } from './model/thread.ts'
import { ThreadSnapshot } from './model/thread-snapshot.ts'

/** Bytes of the header in front of the parameter lengths: u64 time, u64 tid, u32 len, u16 type, u32 nparams. */
export const EVENT_HEADER = 26

/** What is imported or exported is a variable to V8, not a constant: hence second names for what hot functions use. */
const HEADER = EVENT_HEADER
const FLAGS = EVENT_FLAGS
const NPARAMS = EVENT_NPARAMS
const LARGE_PAYLOAD = EventFlag.large_payload

/** No known event type has more parameters. */
const MAX_PARAMS = 32
const TWO_32 = 4294967296
/** "(NULL)" and its NUL. */
const NULL_TEXT = [0x28, 0x4e, 0x55, 0x4c, 0x4c, 0x29, 0]
const NO_BYTES = new Uint8Array(0)
/** By event type: 1 = it may end with the path that the kernel resolved. */
const RESOLVED: Uint8Array = Uint8Array.from(EVENTS, ({ code }) => (RESOLVED_EVENTS.includes(code) ? 1 : 0))

/**
 * One event: a view over the bytes of a scap event, in a capture's buffer or in the ring. A stream reuses one object for
 * all its events: to keep an event, `clone` it. `attach` reads and checks the header and the lengths; parameters are decoded
 * on access.
 *
 * Parameters are numbered from 0, as in the event table. A parameter may be absent, because the recorder left it empty
 * (length 0) or the event is older than the table; `has(i)` checks for it. Number accessors return `missing` (default 0) if the
 * parameter does not have exactly the size they read. An absent text is '', absent bytes are empty.
 */
export class SyscallEvent {
  /** PPME_* id: index into the event table. */
  type = 0
  /** Thread id from the header; -1 = no thread. */
  tid = 0
  cpu = 0
  /** evt.num, from 1. */
  num = 0
  /** Number of parameters, not counting those unknown to the table. */
  nparams = 0
  /** Number of parameters, including those unknown to the table. */
  encodedParams = 0
  bytes: Uint8Array = NO_BYTES
  view: DataView = new DataView(NO_BYTES.buffer)
  /** Offset of the event header in `bytes`, and the end of the event. */
  start = 0
  end = 0
  /** SCAP_DF_* of the block: bit 0 = updates the state only, rules do not see it. */
  blockFlags = 0
  /** Set by the state engine before rules see the event; null = none. */
  thread: Thread | null = null
  fd: Fd | null = null
  /** The descriptor that the event has given a name. */
  renamed: Fd | null = null
  /**
   * Of an open that failed and has been tried before in the same way: keeps what rules know of it, as a descriptor would. Fields
   * do not read it.
   */
  tried: Fd | null = null
  /** For an event that only `ReplayOptions.excludes` evaluates: a null `fd` does not mean that there is none. */
  fdUnknown = false
  /** libsinsp's lastevent_fd: the descriptor number that the event refers to; -1 = none. */
  fdNum = -1
  /** Set once by the owner of the stream. If null, fields that need the tables are absent. */
  tables: EventTables | null = null

  /** Parameter i lies in bytes[offsets[i], offsets[i + 1]). */
  readonly #offsets = new Int32Array(MAX_PARAMS + 1)
  /** Incremented for each event, to detect cached texts of an earlier one. No #name: see Fd. */
  private serial = 1
  readonly #textSerials = new Int32Array(MAX_PARAMS)
  readonly #texts: string[] = new Array(MAX_PARAMS).fill('')

  /**
   * Points this object at the event whose header starts at `start` and whose bytes end before `limit`. `view` must cover
   * `bytes` from its first byte. Returns false if the event's lengths are inconsistent or exceed the limit, or if its type is
   * unknown; do not use the object then.
   */
  attach(bytes: Uint8Array, view: DataView, start: number, limit: number): boolean {
    if (limit - start < HEADER) return false
    const len = uint32(view, start + 16)
    const type = uint16(view, start + 20)
    const nparams = uint32(view, start + 22)
    const end = start + len
    if (end > limit || type >= EVENTS.length) return false
    const known = NPARAMS[type]!
    const count = nparams === known ? known : Math.min(nparams, known)
    const offsets = this.#offsets
    let at: number
    if ((FLAGS[type]! & LARGE_PAYLOAD) === 0) {
      let lens = start + HEADER
      at = lens + nparams * 2
      if (at > end) return false
      offsets[0] = at
      for (let i = 1; i <= count; i++, lens += 2) offsets[i] = at += uint16(view, lens)
      for (let i = count; i < nparams; i++, lens += 2) at += uint16(view, lens)
    } else {
      let lens = start + HEADER
      at = lens + nparams * 4
      if (at > end) return false
      offsets[0] = at
      for (let i = 1; i <= count; i++, lens += 4) offsets[i] = at += uint32(view, lens)
      for (let i = count; i < nparams; i++, lens += 4) at += uint32(view, lens)
    }
    if (at > end) return false
    this.type = type
    this.tid = int64(view, start + 8)
    this.nparams = count
    this.encodedParams = nparams
    this.bytes = bytes
    this.view = view
    this.start = start
    this.end = end
    this.serial = (this.serial + 1) | 0
    this.thread = null
    this.fd = null
    this.renamed = null
    this.tried = null
    this.fdNum = -1
    return true
  }

  /** The path that the kernel resolved, of events that may end with one (RESOLVED_EVENTS). '' = it was the path passed, or is not recorded. */
  get resolved(): string {
    if (RESOLVED[this.type] === 0 || this.nparams < NPARAMS[this.type]!) return ''
    const start = this.#offsets[this.nparams]!
    const last = objectsStart(this.type, this.view, start, this.end) - 1
    if (last <= start) return ''
    return internText(this.bytes, this.view, start, this.bytes[last] === 0 ? last : this.bytes.indexOf(0, start))
  }

  /** What follows the last parameter: of dup and the like, live, an inet socket's ends (a tuple) and protocol, of connect the protocol. */
  get tail(): Uint8Array {
    const start = this.encodedParams === NPARAMS[this.type] ? this.#offsets[this.nparams]! : this.end
    return start === this.end ? NO_BYTES : this.bytes.subarray(start, this.end)
  }

  /** The file's path below the host's root, if a mount hides it: see RESOLVED_EVENTS. '' = none was recorded. */
  get hostPath(): string {
    const start = this.#offsets[this.nparams]!
    const last = objectsStart(this.type, this.view, start, this.end) - 1
    if (this.bytes[last] !== 1 || RESOLVED[this.type] === 0 || this.nparams < NPARAMS[this.type]!) return ''
    const from = this.bytes.indexOf(0, start) + 1
    return from === 0 || from > last ? '' : internText(this.bytes, this.view, from, last)
  }

  /**
   * A copy that the next event does not overwrite. It has its own bytes and its own copies of the descriptor, the thread and
   * the thread's ancestors, so a later exec, exit or close does not change its fields. Everything else is read live: container
   * metadata, user names, other processes that arguments refer to, and leaders of sessions and process groups that are not
   * ancestors.
   */
  clone(): SyscallEvent {
    const copy = this.cloneBytes()
    copy.num = this.num
    copy.fdNum = this.fdNum
    copy.fd = this.fd === null ? null : this.fd.copy(this.fd.num)
    if (this.renamed === this.fd) copy.renamed = copy.fd
    copy.thread = this.thread === null ? null : new ThreadSnapshot(this.thread.table).take(this.thread)
    copy.tables = this.tables
    return copy
  }

  /** A copy of the recorded data only, without number, thread, descriptor or tables: all that a recording needs. */
  cloneBytes(): SyscallEvent {
    const copy = new SyscallEvent()
    const bytes = this.bytes.slice(this.start, this.end)
    copy.attach(bytes, new DataView(bytes.buffer), 0, bytes.length)
    copy.cpu = this.cpu
    copy.blockFlags = this.blockFlags
    return copy
  }

  /** Nanoseconds since 1970. */
  get time(): bigint {
    return this.view.getBigUint64(this.start, true)
  }

  /** Nanoseconds since 1970 as a double, accurate to 256 ns: for comparing and subtracting without a bigint. */
  get timeNumber(): number {
    return uint32(this.view, this.start + 4) * TWO_32 + uint32(this.view, this.start)
  }

  /** True if the parameter is present and not empty. The text "(NULL)", which recorders wrote for a null pointer, is empty. */
  has(i: number): boolean {
    const length = this.paramLength(i)
    return length !== 0 && (length !== NULL_TEXT.length || !this.#isNullText(i))
  }

  /** Encoded length in bytes; 0 if absent. */
  paramLength(i: number): number {
    return i < this.nparams ? this.#offsets[i + 1]! - this.#offsets[i]! : 0
  }

  /** Offset of parameter `i` in `bytes`. */
  paramOffset(i: number): number {
    return this.#offsets[i]!
  }

  /** Return value of the call: the first parameter of every exit event; -1 if absent. */
  get result(): number {
    return this.int64Number(0, -1)
  }

  int8(i: number, missing = 0): number {
    return this.paramLength(i) === 1 ? this.view.getInt8(this.#offsets[i]!) : missing
  }

  uint8(i: number, missing = 0): number {
    return this.paramLength(i) === 1 ? this.bytes[this.#offsets[i]!]! : missing
  }

  int16(i: number, missing = 0): number {
    return this.paramLength(i) === 2 ? this.view.getInt16(this.#offsets[i]!, true) : missing
  }

  uint16(i: number, missing = 0): number {
    return this.paramLength(i) === 2 ? uint16(this.view, this.#offsets[i]!) : missing
  }

  int32(i: number, missing = 0): number {
    return this.paramLength(i) === 4 ? this.view.getInt32(this.#offsets[i]!, true) : missing
  }

  uint32(i: number, missing = 0): number {
    return this.paramLength(i) === 4 ? uint32(this.view, this.#offsets[i]!) : missing
  }

  int64(i: number, missing = 0n): bigint {
    return this.paramLength(i) === 8 ? this.view.getBigInt64(this.#offsets[i]!, true) : missing
  }

  uint64(i: number, missing = 0n): bigint {
    return this.paramLength(i) === 8 ? this.view.getBigUint64(this.#offsets[i]!, true) : missing
  }

  /** A signed 64-bit number as a double: for descriptors, pids, results, which always fit. */
  int64Number(i: number, missing = 0): number {
    if (this.paramLength(i) !== 8) return missing
    return int64(this.view, this.#offsets[i]!)
  }

  /** An unsigned 64-bit number as a double; digits beyond 2^53 are lost. */
  uint64Number(i: number, missing = 0): number {
    if (this.paramLength(i) !== 8) return missing
    const at = this.#offsets[i]!
    return uint32(this.view, at + 4) * TWO_32 + uint32(this.view, at)
  }

  /** A string or path up to its first NUL, decoded as UTF-8 with U+FFFD for malformed bytes; '' if absent (see `has`). */
  text(i: number): string {
    if (i >= this.nparams) return ''
    if (this.#textSerials[i] === this.serial) return this.#texts[i]!
    const start = this.#offsets[i]!
    const limit = this.#offsets[i + 1]!
    const bytes = this.bytes
    let end = limit
    if (end > start && bytes[end - 1] === 0) end--
    let text = internText(bytes, this.view, start, end)
    if (limit - start === NULL_TEXT.length && this.#isNullText(i)) text = ''
    this.#textSerials[i] = this.serial
    return (this.#texts[i] = text)
  }

  /** The parameter's bytes as a view into the buffer: copy them to keep them. */
  blob(i: number): Uint8Array {
    return i < this.nparams ? this.bytes.subarray(this.#offsets[i]!, this.#offsets[i + 1]!) : NO_BYTES
  }

  /** A sequence of NUL-terminated strings (arguments, environment, cgroups). */
  textList(i: number): string[] {
    const list: string[] = []
    if (i >= this.nparams) return list
    const bytes = this.bytes
    const limit = this.#offsets[i + 1]!
    let start = this.#offsets[i]!
    while (start < limit) {
      let end = start
      while (end < limit && bytes[end] !== 0) end++
      list.push(internText(bytes, this.view, start, end))
      start = end + 1
    }
    return list
  }

  /** The caller has checked the parameter's length. */
  #isNullText(i: number): boolean {
    const { type } = EVENTS[this.type]!.params[i]!
    if (type !== 'string' && type !== 'path' && type !== 'relpath') return false
    const at = this.#offsets[i]!
    for (let n = 0; n < NULL_TEXT.length; n++) if (this.bytes[at + n] !== NULL_TEXT[n]) return false
    return true
  }
}
