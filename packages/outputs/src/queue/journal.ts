import type { FileHandle } from 'node:fs/promises'
import { join } from 'node:path'
import type { Device } from './device.ts'
import { FILES, type Files, MODE, OPEN, removeFile, syncFolder } from './files.ts'
import { Position } from './position.ts'
import { roomFor, segmentName, writeRecord } from './record.ts'
import { type RecordAt, readRecords, recover, type Segment } from './recover.ts'

export interface JournalOptions {
  readonly folder: string
  /** From this size on, another segment is begun. */
  readonly segmentBytes: number
  readonly files?: Files
  readonly device: Device
}

/** Bytes that are written at once, unless one record has more. */
const WRITE = 1024 * 1024

/** A journal without pending records is restarted when it is larger than this. */
const KEEP = 64 * 1024

/** Alerts in the files of a folder: appended at the end, read by number, deleted with whole files. See record.ts for their form. */
export class Journal {
  /** Number of the next record. */
  next: number
  /** Size of all segments. */
  bytes = 0
  /** Up to here, records were done with when the journal was opened. */
  readonly position: number
  /** Bytes that a crash had left at the end. */
  readonly cut: number
  readonly #options: JournalOptions
  readonly #files: Files
  readonly #device: Device
  readonly #segments: Segment[]
  readonly #position: Position
  /** The last segment, while it is written. */
  #tail: FileHandle | undefined
  #unsynced = false
  /** A file was made: its name must survive, too. */
  #made = false
  /** Files to be deleted. */
  readonly #garbage: string[] = []
  #buffer = Buffer.allocUnsafe(0)
  /** The position at which reading continues: record `number` is at `offset` of the segment that begins with `first`. */
  #cursor: { first: number; offset: number; number: number; handle: FileHandle } | undefined

  private constructor(
    options: JournalOptions,
    { segments, next, cut }: { segments: Segment[]; next: number; cut: number },
    position: Position,
  ) {
    this.#options = options
    this.#files = options.files ?? FILES
    this.#device = options.device
    this.#segments = segments
    this.#position = position
    this.position = Math.max(position.found, segments[0]?.first ?? 0)
    // Without the records before it, which a crash of the machine may have taken, the position still holds.
    this.next = Math.max(next, this.position)
    this.cut = cut
    this.bytes = segments.reduce((sum, { bytes }) => sum + bytes, 0)
  }

  /** @throws when the folder cannot be used */
  static async open(options: JournalOptions): Promise<Journal> {
    const { folder, files = FILES, device } = options
    const recovered = await device.call(() => recover(folder, files))
    const position = await device.call(() => Position.open(folder, files))
    return new Journal(options, recovered, position)
  }

  /**
   * Appends as many of the texts as one write takes.
   * @param written called with their number, at the same time as `next` grows by it
   * @throws when they are not written, or it is not known whether they are
   */
  async append(texts: Iterable<string>, written: (count: number) => void): Promise<void> {
    const tail = await this.#writable()
    const segment = this.#segments.at(-1)!
    let [count, end] = [0, 0]
    for (const text of texts) {
      if (end + roomFor(text) > this.#buffer.length) {
        if (count > 0) break
        this.#buffer = Buffer.allocUnsafe(Math.max(WRITE, roomFor(text)))
      }
      end = writeRecord(this.#buffer, end, this.next + count, text)
      count++
    }
    const data = this.#buffer.subarray(0, end)
    try {
      this.#unsynced = true
      await this.#device.call(() => writeAll(tail, data, segment.bytes))
    } catch (error) {
      // A call that may still be under way uses this buffer.
      this.#buffer = Buffer.allocUnsafe(0)
      await this.#mend(segment)
      throw error
    }
    if (this.#buffer.length > WRITE) this.#buffer = Buffer.allocUnsafe(0)
    segment.bytes += end
    this.bytes += end
    this.next += count
    written(count)
  }

  /** Syncs the records appended so far, so that they survive a crash of the machine. */
  async sync(): Promise<void> {
    if (this.#unsynced && this.#tail) await this.#call(this.#tail, tail => tail.sync())
    this.#unsynced = false
    if (this.#made) await this.#device.call(() => syncFolder(this.#options.folder, this.#files))
    this.#made = false
  }

  /**
   * Records from a number on, which is below `next`.
   * @returns records, and the number up to which there are no others
   */
  async read(from: number): Promise<{ records: RecordAt[]; upTo: number }> {
    for (;;) {
      const segment = this.#segmentOf(from)
      if (!segment || segment.first > from) return { records: [], upTo: segment?.first ?? this.next }
      // Both grow while the file is read.
      const [{ bytes }, end] = [segment, this.endOf(from)]
      const cursor = await this.#seek(segment, from)
      if (cursor.offset >= bytes) return { records: [], upTo: end }
      const chunk = await this.#call(cursor.handle, handle => readRecords(handle, cursor.offset, bytes))
      const records = chunk.records.filter(({ number }) => number >= from && number < end)
      cursor.offset = chunk.end
      cursor.number = Math.max(cursor.number, (chunk.records.at(-1)?.number ?? -1) + 1)
      if (chunk.end >= bytes) return { records, upTo: end }
      if (records.length > 0) return { records, upTo: cursor.number }
    }
  }

  /** The number after the last record of the segment that has this one. */
  endOf(number: number): number {
    const at = this.#segments.findLastIndex(({ first }) => first <= number)
    return this.#segments[at + 1]?.first ?? this.next
  }

  /** Gives up the oldest segment. @returns the number of the first record after it */
  dropOldest(): number {
    const oldest = this.#segments[0]
    if (!oldest) return this.next
    this.#remove(oldest)
    return this.#segments[0]?.first ?? this.next
  }

  /** Records below a number are done with. @param short room is: nothing is kept that can be given back */
  async release(position: number, short: boolean): Promise<void> {
    while (this.#segments.length > 1 && this.#segments[1]!.first <= position) this.dropOldest()
    const keep = short ? 0 : KEEP
    if (this.#segments.length === 1 && this.next <= position && this.bytes > keep) this.dropOldest()
    await this.#device.call(() => this.#position.save(position))
  }

  /** Deletes the files that are not needed any more. */
  async clean(): Promise<void> {
    for (let name = this.#garbage[0]; name !== undefined; name = this.#garbage[0]) {
      await this.#device.call(() => removeFile(this.#options.folder, name, this.#files))
      this.#garbage.shift()
    }
  }

  /** How many files it has. */
  get segments(): number {
    return this.#segments.length
  }

  get untidy(): boolean {
    return this.#garbage.length > 0
  }

  async close(): Promise<void> {
    for (const handle of [this.#tail, this.#cursor?.handle, this.#position]) {
      if (handle) await this.#device.call(() => handle.close()).catch(() => {})
    }
  }

  #remove(segment: Segment): void {
    this.#segments.splice(this.#segments.indexOf(segment), 1)
    this.bytes -= segment.bytes
    this.#garbage.push(segmentName(segment.first))
    if (this.#cursor?.first === segment.first) this.#leave()
    if (segment.first >= (this.#segments.at(-1)?.first ?? 0)) this.#finish()
  }

  #segmentOf(number: number): Segment | undefined {
    return this.#segments.findLast(({ first }) => first <= number) ?? this.#segments[0]
  }

  async #seek({ first }: Segment, from: number) {
    const known = this.#cursor
    if (known?.first === first && known.number <= from) return known
    this.#leave()
    const handle = await this.#device.call(() =>
      this.#files.open(join(this.#options.folder, segmentName(first)), OPEN.read),
    )
    this.#cursor = { first, offset: 0, number: first, handle }
    return this.#cursor
  }

  #leave(): void {
    const handle = this.#cursor?.handle
    this.#cursor = undefined
    if (handle) this.#device.call(() => handle.close()).catch(() => {})
  }

  /** The segment that takes the next record. */
  async #writable(): Promise<FileHandle> {
    const last = this.#segments.at(-1)
    if (this.#tail && last!.bytes < this.#options.segmentBytes) return this.#tail
    if (this.#tail && this.#unsynced) await this.sync()
    this.#finish()
    const name = segmentName(this.next)
    const { folder } = this.#options
    this.#tail = await this.#device.call(async () => {
      // All records of such a file are void: it was left by a call that failed.
      await removeFile(folder, name, this.#files)
      return this.#files.open(join(folder, name), OPEN.create, MODE)
    })
    if (last?.first === this.next) this.#segments.pop()
    this.#segments.push({ first: this.next, bytes: 0 })
    const waits = this.#garbage.indexOf(name)
    if (waits >= 0) this.#garbage.splice(waits, 1)
    this.#made = true
    return this.#tail
  }

  /** Nothing more is written to the last segment. */
  #finish(): void {
    const tail = this.#tail
    this.#tail = undefined
    if (tail) this.#device.call(() => tail.close()).catch(() => {})
  }

  /** Takes back what a write that failed has left. If that is not possible, another segment makes it void. */
  async #mend({ bytes }: Segment): Promise<void> {
    const tail = this.#tail
    if (!tail) return
    try {
      await this.#device.call(() => tail.truncate(bytes))
    } catch {
      this.#finish()
    }
  }

  #call<T>(handle: FileHandle, use: (handle: FileHandle) => Promise<T>): Promise<T> {
    return this.#device.call(() => use(handle))
  }
}

async function writeAll(handle: FileHandle, data: Uint8Array, position: number): Promise<void> {
  for (let at = 0; at < data.length; ) {
    const { bytesWritten } = await handle.write(data, at, data.length - at, position + at)
    if (bytesWritten === 0) throw Object.assign(new Error('EIO: nothing was written'), { code: 'EIO' })
    at += bytesWritten
  }
}
