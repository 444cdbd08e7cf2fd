import { EVENT_HEADER, SyscallEvent } from '../event.ts'
import { uint16, uint32 } from '../events/integers.ts'
import { EVENT_FLAGS, EVENT_NPARAMS } from '../events/table.ts'
import { BLOCK_HEADER, BLOCK_TRAILER, Block, EARLY_BLOCKS, EVENT_BLOCK_LIMIT, isEvent, SECTION_MAGIC } from './block.ts'
import { CaptureCounts } from './capture-counts.ts'
import { CaptureError, type CaptureErrorCode } from './capture-error.ts'
import { Converter, HANDLING, Handling } from './convert.ts'
import { Cursor } from './cursor.ts'
import { EVENT_AT, EVENT_AT_WITH_FLAGS, passOver } from './pass-over.ts'
import type { Skips } from './skips.ts'
import { isTable, readTable } from './table-block.ts'
import { OLD_EVENT_HEADER, upgradeEvent } from './upgrade.ts'
import type { CaptureVisitor, MachineInfo } from './visitor.ts'
import { Window } from './window.ts'

/** Larger blocks are refused, because a block must fit in memory as a whole. */
const MAX_BLOCK = 64 << 20
/** Second names: see event.ts. */
const EVENT = Block.event2
const EVENT_FLAGS_BLOCK = Block.eventFlags2
const HEADER = BLOCK_HEADER
const TRAILER = BLOCK_TRAILER
const NPARAMS = EVENT_NPARAMS
const FATE = HANDLING
const PASS = Handling.pass
const EXIT = Handling.exit
const NO_SECTION = 'not a scap capture: it does not start with a section header'

/**
 * Reads a capture from chunks of bytes. Tables go to the visitor; events are read one by one:
 *
 *   reader.push(chunk)            // for each chunk, then reader.end()
 *   while (reader.next()) use(reader.event)
 *
 * `event` is one object, overwritten by the next call to `next` or `push`. Memory use: one buffer, the size of a chunk plus
 * the largest block. Does no I/O: see `file.ts`.
 */
export class CaptureReader {
  readonly event = new SyscallEvent()
  readonly counts = new CaptureCounts()
  /** Of the current section; null = it has none (as in plugins' captures). */
  machine: MachineInfo | null = null
  /** Which events are passed over once their header is read. null = none, as where a further section starts. May be set at any time. */
  skips: Skips | null = null
  readonly #visitor: CaptureVisitor
  readonly #started: boolean
  readonly #converter = new Converter()
  readonly #window = new Window()
  #ended = false
  #broken = false
  /** `start`: before the section header; `tables`: before the first event; `events`. */
  #phase: 'start' | 'tables' | 'events' = 'start'

  /** @param started whether process lists hold the start times of threads: only the sidecar's do */
  constructor(visitor: CaptureVisitor = {}, started = false) {
    this.#visitor = visitor
    this.#started = started
  }

  /** Bytes of the capture read so far. */
  get offset(): number {
    return this.#window.offset
  }

  /** Adds a copy of the bytes. */
  push(chunk: Uint8Array): void {
    this.space(chunk.length).set(chunk)
    this.filled(chunk.length)
  }

  /** Room for `size` more bytes: write to it, then call `filled`. Avoids the copy that `push` makes. */
  space(size: number): Uint8Array {
    return this.#window.space(size)
  }

  /** Call it after writing `count` bytes to the array that `space` returned. */
  filled(count: number): void {
    this.#window.filled(count)
  }

  /** Marks the end of the input. */
  end(): void {
    this.#ended = true
  }

  /**
   * Advances to the next event. Returns false if the bytes so far hold none: push more. After `end`, false means that the
   * capture has ended.
   * @throws {CaptureError} once, where the capture breaks off or is not a capture; later calls return false.
   */
  next(): boolean {
    if (this.#broken) return false
    const window = this.#window
    for (;;) {
      if (this.skips !== null && this.#phase === 'events') passOver(window, this.skips, this.counts)
      const at = window.at
      const available = window.limit - at
      if (available < HEADER) return this.#starve(available)
      const total = uint32(window.view, at + 4)
      if (total > available || total < HEADER + TRAILER || (total & 3) !== 0) {
        this.#checkLength(uint32(window.view, at), total)
        return this.#starve(available)
      }
      const block = uint32(window.view, at)
      let delivered: boolean
      if (block === EVENT || block === EVENT_FLAGS_BLOCK) {
        if (this.#phase !== 'events') this.#enterEvents()
        if (total - HEADER > EVENT_BLOCK_LIMIT) this.#fail('corrupt', `event block of ${total} bytes`)
        const start = block === EVENT ? at + EVENT_AT : at + EVENT_AT_WITH_FLAGS
        const limit = at + total - TRAILER
        delivered = this.#take(at, start, limit)
      } else {
        delivered = this.#readBlock(EARLY_BLOCKS.get(block) ?? block, at, total)
      }
      window.at = at + total
      if (delivered) return true
    }
  }

  /** Reads the tables up to the first event. Returns false if it needs more bytes. @throws {CaptureError} like `next` */
  readTables(): boolean {
    while (this.#phase !== 'events') {
      const available = this.#window.limit - this.#window.at
      if (this.#broken || available < BLOCK_HEADER) return !this.#broken && this.#starve(available)
      const block = uint32(this.#window.view, this.#window.at)
      const total = uint32(this.#window.view, this.#window.at + 4)
      this.#checkLength(block, total)
      if (total > available) return this.#starve(available)
      if (isEvent(EARLY_BLOCKS.get(block) ?? block)) {
        this.#enterEvents()
      } else {
        this.#readBlock(EARLY_BLOCKS.get(block) ?? block, this.#window.at, total)
        this.#window.at += total
      }
    }
    return true
  }

  /** Reads the event between `start` and `limit`, in a block that starts at `at`. Returns false if it is not delivered. */
  #take(at: number, start: number, limit: number): boolean {
    const event = this.event
    const view = this.#window.view
    if (!event.attach(this.#window.bytes, view, start, limit)) {
      if (limit - start < EVENT_HEADER || uint16(view, start + 20) < EVENT_FLAGS.length)
        this.#fail('corrupt', 'event whose lengths contradict each other')
      this.counts.newer++
      return false
    }
    event.cpu = uint16(view, at + HEADER)
    event.blockFlags = start - at === EVENT_AT ? 0 : uint32(view, at + EVENT_AT)
    const handling = FATE[event.type]!
    if (handling === PASS || (handling === EXIT && event.encodedParams === NPARAMS[event.type])) {
      event.num = ++this.counts.events
      return true
    }
    return this.#convert()
  }

  #convert(): boolean {
    const outcome = this.#converter.convert(this.event)
    this.counts.evicted = this.#converter.evicted
    if (outcome === 'error') this.#fail('conversion', this.#converter.reason)
    if (outcome === 'drop') {
      this.counts.merged++
      return false
    }
    this.event.num = ++this.counts.events
    return true
  }

  /** Reads any block other than the common event blocks. Returns true if it is an event to deliver. */
  #readBlock(block: number, at: number, total: number): boolean {
    if (block === Block.section) {
      this.#startSection(at, total)
      return false
    }
    if (this.#phase === 'start') this.#fail('not-a-capture', NO_SECTION)
    if (isEvent(block)) return this.#readEventBlock(block, at, total)
    if (isTable(block)) this.#readTableBlock(block, at, total)
    else this.counts.unknownBlocks++
    return false
  }

  #readTableBlock(block: number, at: number, total: number): void {
    if (this.#phase === 'events') this.#fail('unexpected-block', `table block 0x${block.toString(16)} after events`)
    const trailer = uint32(this.#window.view, at + total - BLOCK_TRAILER)
    if (trailer !== total) this.#fail('corrupt', `wrong block total length, header=${total}, trailer=${trailer}`)
    const cursor = new Cursor(
      this.#window.bytes,
      this.#window.view,
      at + BLOCK_HEADER,
      at + total - BLOCK_TRAILER,
      this.#window.offset,
    )
    // An exception from a table or its visitor ends reading.
    this.#broken = true
    this.machine = readTable(block, cursor, this.#visitor, this.#started) ?? this.machine
    this.#broken = false
  }

  #readEventBlock(block: number, at: number, total: number): boolean {
    if (this.#phase !== 'events') this.#enterEvents()
    const flags = block === Block.eventFlags1 || block === Block.eventFlags2Large
    const start = at + (flags ? EVENT_AT_WITH_FLAGS : EVENT_AT)
    const limit = at + total - BLOCK_TRAILER
    if (block === Block.event2Large || block === Block.eventFlags2Large) return this.#take(at, start, limit)
    if (total - BLOCK_HEADER > EVENT_BLOCK_LIMIT) this.#fail('corrupt', `event block of ${total} bytes`)
    if (limit - start >= OLD_EVENT_HEADER && uint16(this.#window.view, start + 20) >= EVENT_FLAGS.length) {
      this.counts.newer++
      return false
    }
    const upgraded = upgradeEvent(this.#window.view, this.#window.bytes, start, limit)
    const event = this.event
    if (!upgraded || !event.attach(upgraded, new DataView(upgraded.buffer), 0, upgraded.length))
      this.#fail('corrupt', 'cannot convert v1 event block to v2')
    event.cpu = uint16(this.#window.view, at + BLOCK_HEADER)
    event.blockFlags = flags ? uint32(this.#window.view, at + EVENT_AT) : 0
    return this.#convert()
  }

  #startSection(at: number, total: number): void {
    if (total < 28) this.#fail('corrupt', `section header of ${total} bytes`)
    const magic = uint32(this.#window.view, at + 8)
    if (magic !== SECTION_MAGIC) this.#fail('not-a-capture', `invalid magic number 0x${magic.toString(16)}`)
    const major = uint16(this.#window.view, at + 12)
    if (major > 1) this.#fail('version', `capture of version ${major}, this program reads version 1`)
    const index = this.counts.sections++
    if (index > 0) this.skips = null
    this.machine = null
    this.#converter.clear()
    this.#phase = 'tables'
    this.#visitor.onSection?.(index)
  }

  #enterEvents(): void {
    if (this.#phase === 'start') this.#fail('not-a-capture', NO_SECTION)
    this.#phase = 'events'
    this.#visitor.onTablesEnd?.()
  }

  /** Rejects a length that no block can have. */
  #checkLength(block: number, total: number): void {
    if (this.#phase === 'start' && block !== Block.section) this.#fail('not-a-capture', NO_SECTION)
    if (total < BLOCK_HEADER + BLOCK_TRAILER || (total & 3) !== 0) this.#fail('corrupt', `block of ${total} bytes`)
    if (total > MAX_BLOCK) this.#fail('too-large', `block of ${total} bytes, more than the ${MAX_BLOCK} supported`)
  }

  /** Called when the buffer holds no further complete block. */
  #starve(available: number): false {
    if (!this.#ended) return false
    if (available > 0) this.#fail('truncated', `the capture ends inside a block, ${available} bytes after its start`)
    if (this.#phase === 'start') this.#fail('not-a-capture', 'not a scap capture: it is empty')
    if (this.#phase === 'tables') this.#fail('no-events', 'no events in file')
    return false
  }

  #fail(code: CaptureErrorCode, message: string): never {
    this.#broken = true
    throw new CaptureError(code, message, this.#window.offset)
  }
}
