import type { Failure } from '../model/answer.ts'
import { OutputError, outputError } from '../model/output.ts'
import type { Item } from '../model/transport.ts'
import type { DeadLetter, DeadLetters } from './dead-letters.ts'
import type { Device } from './device.ts'
import type { Files } from './files.ts'
import { openFolder } from './folder.ts'
import { type Entry, ItemCache, RECENT } from './item-cache.ts'
import type { Journal } from './journal.ts'
import type { FolderLock } from './lock.ts'
import { Pending } from './pending.ts'
import { type DiskStats, leastRoom, type Queue, type QueueBounds, type QueueUser, UNBOUNDED } from './queue.ts'
import { Reading } from './reading.ts'
import { Retries } from './retries.ts'
import { printStored } from './stored.ts'
import { Writer } from './writer.ts'

export interface DiskQueueOptions extends QueueBounds {
  /** Of this output alone. */
  readonly folder: string
  /** Milliseconds of alerts that a crash of the machine may cost; 0: none of those that are `saved`. */
  readonly sync?: number
  readonly files?: Files
  readonly device?: Device
  /** Milliseconds between two looks for dead letters to be delivered once more. Default 5000. */
  readonly retryEvery?: number
}

/** Bytes of files, unless configured. */
export const MAX_DISK = 1024 * 1024 * 1024

/** Bytes of alerts that may wait in memory for the disk. */
const UNWRITTEN = 32 * 1024 * 1024

/** Memory that an alert takes while it waits. */
const memoryOf = (text: string) => 1024 + 2 * text.length

/**
 * A queue whose alerts survive the process. They wait in memory until they are written, and go out once they are, mostly from
 * memory still. Those that wait for long are read again from the journal. While nothing can be written, they go out from memory.
 */
export class DiskQueue implements Queue {
  readonly #options: DiskQueueOptions
  readonly #capacity: number
  readonly #maxBytes: number
  readonly #dropsOldest: boolean
  #letters: DeadLetters | undefined
  readonly #cache = new ItemCache()
  /** In memory only: the first `writer.writing` of them may be written at this moment. */
  readonly #pending = new Pending()
  /** Given out and not done with. Their numbers; undefined: they are in memory only. */
  #taken: { readonly number: number | undefined; readonly entry: Entry }[] = []
  #user: QueueUser | undefined
  #journal: Journal | undefined
  #writer: Writer | undefined
  #lock: FolderLock | undefined
  #reading: Reading | undefined
  #retries: Retries | undefined
  readonly #opened = Promise.withResolvers<void>()
  #closed = false
  /** With less room than this, an alert is not even printed. */
  #least = 0

  constructor(options: DiskQueueOptions) {
    const { capacity = 0, maxBytes = MAX_DISK, drop = 'newest' } = options
    this.#options = options
    this.#capacity = capacity > 0 ? capacity : UNBOUNDED
    this.#maxBytes = maxBytes
    this.#dropsOldest = drop === 'oldest'
  }

  /** Before it is open, everything is in memory. */
  get durable(): boolean {
    return this.#journal !== undefined
  }

  get length(): number {
    return (this.#journal ? this.#journal.next - this.#cache.next : 0) + this.#pending.length
  }

  get bytes(): number {
    return (this.#journal?.bytes ?? 0) + this.#pending.bytes
  }

  get refuses(): 'queue_full' | 'queue_disk' | undefined {
    return this.#dropsOldest ? undefined : this.#fullCause(this.#least)
  }

  get crowded(): boolean {
    return this.#pending.bytes > RECENT / 2
  }

  get disk(): DiskStats {
    const { errors = 0, failing } = this.#writer ?? {}
    const bytes = this.#journal?.bytes ?? 0
    return { bytes, errors, unwritten: this.#pending.length, ...(failing !== undefined && { failing }) }
  }

  attach(user: QueueUser): void {
    this.#user = user
  }

  async open(): Promise<void> {
    const { folder, sync = 1000 } = this.#options
    try {
      const segmentBytes = Math.min(8 * 1024 * 1024, Math.max(4096, Math.floor(this.#maxBytes / 16)))
      const { lock, journal, letters } = await openFolder(this.#options, segmentBytes)
      this.#lock = lock
      this.#journal = journal
      this.#letters = letters
    } catch (error) {
      throw outputError(error, `queue on disk ${folder}`, 'misconfigured')
    }
    const [journal, letters, cache] = [this.#journal, this.#letters, this.#cache]
    cache.next = journal.position
    cache.startOfRecent = journal.next
    const log = (level: 'error' | 'notice', text: string) => this.#log(level, text)
    const writer = new Writer({
      ...{ journal, sync, letters, log, pending: this.#pending },
      position: () => this.#position,
      written: count => this.#written(count),
    })
    this.#writer = writer
    this.#reading = new Reading({ journal, cache, writer, log, item: alert => this.#user!.item(alert) })
    this.#begin()
    this.#opened.resolve()
  }

  #begin(): void {
    const { cut, next } = this.#journal!
    const found = next - this.#cache.next
    if (cut > 0) this.#log('notice', `${cut} bytes of an unfinished write were cut off`)
    if (found > 0) this.#log('notice', `${found} alerts of an earlier run are delivered`)
    if (found > 0) this.#user?.found(found)
    this.#writer!.work()
    this.#retries = new Retries({
      ...{ letters: this.#letters!, every: this.#options.retryEvery ?? 5000 },
      ...{ refused: () => this.refuses !== undefined, saved: () => this.saved() },
      queue: letter => this.#retry(letter),
      failed: reason => this.#closed || this.#log('error', `dead letters: ${reason}`),
    })
  }

  #retry({ alert }: DeadLetter): boolean {
    if (this.#fullCause(memoryOf(printStored(alert))) !== undefined) return false
    this.push(this.#user!.item(alert))
    this.#user!.found(1)
    return true
  }

  push(item: Item): void {
    const text = printStored(item.alert)
    const size = memoryOf(text)
    for (let cause = this.#fullCause(size); cause !== undefined; cause = this.#fullCause(size)) {
      if (this.#dropsOldest && this.#dropOldest(cause)) continue
      this.#least = leastRoom(size, this.#maxBytes)
      this.#lose(cause, 1)
      return
    }
    this.#pending.push({ item, text, size })
    this.#writer?.work()
  }

  take(count: number, maxBytes: number): Item[] | Promise<Item[]> {
    const items = this.#ready(count, maxBytes)
    return items.length > 0 || this.length === 0 ? items : this.#later(count, maxBytes)
  }

  done(count: number): void {
    this.#taken = this.#taken.slice(count)
    this.#writer!.done(this.#taken.every(({ number }) => number !== undefined))
  }

  bury({ alert }: Item, failure: Failure): boolean {
    const kept = this.#letters!.add(alert, failure)
    if (kept) this.#writer!.work()
    return kept
  }

  clear(): number {
    return this.drain().length
  }

  drain(): Item[] {
    const items: Item[] = []
    while (!this.#journal && this.#pending.length > 0) items.push(this.#unpend().item)
    return items
  }

  async saved(): Promise<void> {
    if (!this.#writer) throw new OutputError('closed', 'the queue on disk is not open')
    await this.#writer.saved()
  }

  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    this.#retries?.stop()
    if (!this.#writer) return
    // Items that the receiver may not have received are written after all.
    const unwritten = this.#taken.filter(({ number }) => number === undefined)
    await this.#writer.close(unwritten.map(({ entry }) => entry))
    this.#lose('queue_disk', this.#pending.length)
    this.#pending.clear()
    await this.#journal!.close()
    await this.#lock!.release()
  }

  /** The number of the first record that is not done with. */
  get #position(): number {
    return this.#taken.find(({ number }) => number !== undefined)?.number ?? this.#cache.next
  }

  /** Why an item of this size has no room. */
  #fullCause(size: number): 'queue_full' | 'queue_disk' | undefined {
    const count = this.length + this.#taken.length
    if (count === 0) return undefined
    if (count >= this.#capacity) return 'queue_full'
    if ((this.#journal?.bytes ?? 0) + this.#pending.bytesOnDisk + size / 2 > this.#maxBytes) return 'queue_full'
    return this.#pending.length > 0 && this.#pending.bytes + size > UNWRITTEN ? 'queue_disk' : undefined
  }

  /** @returns false: no alert can be dropped */
  #dropOldest(cause: 'queue_full' | 'queue_disk'): boolean {
    const journal = this.#journal
    const writing = this.#writer?.writing ?? 0
    const onDisk = journal ? journal.next - this.#cache.next : 0
    if (cause === 'queue_full' && journal?.segments && this.length + this.#taken.length < this.#capacity) {
      // Too many bytes: a whole file goes, unless it is the one that is being written.
      if (journal.segments === 1 && writing > 0) return false
      const next = Math.max(journal.dropOldest(), this.#cache.next)
      this.#lose(cause, next - this.#cache.next)
      this.#cache.next = next
      this.#writer!.work()
      return true
    }
    if (cause === 'queue_full' && onDisk > 0) {
      this.#cache.next++
      this.#writer!.work()
    } else if (writing > 0 || this.#pending.length === 0) return false
    else this.#unpend()
    this.#lose(cause, 1)
    return true
  }

  #unpend(): Entry {
    const entry = this.#pending.shift()!
    this.#writer?.left(1)
    return entry
  }

  #written(count: number): void {
    for (let i = 0; i < count; i++) this.#cache.put(this.#unpend(), this.#journal!.next - count + i)
  }

  /** The items that can be given out at once. */
  #ready(count: number, maxBytes: number): Item[] {
    const items: Item[] = []
    let bytes = 0
    while (items.length < count) {
      const entry = this.#first()
      if (!entry) break
      if (maxBytes < Number.POSITIVE_INFINITY) bytes += entry.item.body.length
      if (bytes > maxBytes && items.length > 0) break
      const written = this.#cache.next < (this.#journal?.next ?? 0)
      this.#taken.push({ number: written ? this.#cache.next++ : undefined, entry })
      if (!written) {
        this.#unpend()
        this.#writer!.unsettle()
      }
      items.push(entry.item)
    }
    return items
  }

  #first(): Entry | undefined {
    if (!this.#journal) return undefined
    if (this.#cache.next < this.#journal.next) return this.#cache.first(count => this.#lose('queue_damaged', count))
    return this.#writer!.failing !== undefined && this.#writer!.writing === 0 ? this.#pending.first : undefined
  }

  async #later(count: number, maxBytes: number): Promise<Item[]> {
    while (this.length > 0 && !this.#closed) {
      if (this.#reading?.wanted) await this.#reading.read()
      else await (this.#writer?.step ?? this.#opened.promise)
      const items = this.#ready(count, maxBytes)
      if (items.length > 0) return items
    }
    return []
  }

  #log(level: 'error' | 'notice', text: string): void {
    this.#user?.log(level, `queue on disk: ${text}`)
  }

  #lose(...[cause, count]: Parameters<QueueUser['lost']>): void {
    if (count > 0) this.#user?.lost(cause, count)
  }
}
