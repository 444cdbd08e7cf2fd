import {
  closeSync,
  fdatasyncSync,
  fsyncSync,
  ftruncateSync,
  linkSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'
import { FolderLock } from '@falc/outputs'
import { KNOWN } from './carry.ts'
import { type Entry, type JournalText, readJournalText, type Sealed, seal } from './format.ts'
import { type Begun, beginNext, resealed } from './rotate.ts'

const FILE = 'journal.jsonl'
/** Its next one, before it takes its place. */
const NEXT = 'journal.next'
/** Files that are full, by the number of their last entry. */
const FULL = /^journal-\d{12}\.jsonl$/

export interface JournalOptions {
  /** Bytes of full files, and of the present one beyond what it has from them. Default 256 MiB. */
  readonly bytes?: number
  /** Milliseconds after which a full file is removed. Default 90 days. */
  readonly age?: number
  /** Milliseconds that what is over counts for limits, if that is longer than 30 days. */
  readonly known?: number
  /** Why a file could not be begun. */
  readonly note?: (text: string) => void
}

/** A file is full with this part of the bytes or of the age of all of them. */
const PARTS = 8
/** Bytes of a file, whatever may be kept: it is read as one text, and those of Node have half a gibibyte at most. */
const MAX_FILE = 256 << 20
/** Milliseconds until a new file is tried again, after it could not be begun. */
const AGAIN = 60_000

/** A responder's actions, in order. One process writes it. */
export class Journal {
  /** Entries of earlier runs; emptied by `forget`. */
  entries: readonly Sealed[]
  /** Called with each new entry, once it is on disk. */
  onEntry: (entry: Sealed) => void = () => {}
  readonly #folder: string
  readonly #lock: FolderLock
  readonly #bytes: number
  readonly #age: number
  readonly #known: number
  readonly #note: (text: string) => void
  #fd: number
  #seq: number
  #sum: string
  /** Bytes of whole entries. */
  #size: number
  /** Bytes with which the file is full. */
  #full: number
  /** When the file was begun, and when a new one is tried at the earliest, in milliseconds since 1970. */
  #begun: number
  #again = 0
  /** Why nothing can be written any more. */
  #broken: Error | undefined
  /** Entries that have come since a new file was begun. */
  #since: Sealed[] | undefined
  /** Resolves when no file is being begun. */
  turned: Promise<void> = Promise.resolve()
  /** Entries that could not be written, and files that could not be begun. */
  failures = 0

  private constructor(folder: string, fd: number, lock: FolderLock, read: JournalText, options: JournalOptions) {
    const { bytes = 256 << 20, age = 90 * 86_400_000, known = 0, note = () => {} } = options
    this.#folder = folder
    this.#fd = fd
    this.#lock = lock
    this.#bytes = bytes
    this.#age = age
    this.#known = Math.max(known, KNOWN)
    this.#note = note
    this.entries = read.entries
    // Beside full files, a file is empty when a damaged one was moved away: numbers are not given twice.
    this.#seq = Math.max(lastOf(read.entries), Number(fullIn(folder).at(-1)?.slice(8, 20) ?? 0))
    this.#sum = read.sum
    this.#size = read.whole
    this.#full = Math.min(bytes / PARTS, MAX_FILE)
    const first = read.entries.findLast(({ kind }) => kind === 'note') ?? read.entries[0]
    this.#begun = first ? Date.parse(first.time) : Date.now()
  }

  /**
   * Opens the journal of a folder, which is made if it is missing.
   * @throws {Error} when another process writes it, or when it is damaged: what was done is then not known for sure, and nothing may act on it
   */
  static async open(folder: string, options: JournalOptions = {}): Promise<Journal> {
    mkdirSync(folder, { recursive: true, mode: 0o700 })
    const lock = await FolderLock.take(folder)
    let fd: number | undefined
    try {
      const path = join(folder, FILE)
      fd = openSync(path, 'a+', 0o600)
      const read = readJournalText(readFileSync(path, 'utf8'))
      if (read.damage !== undefined) throw new Error(`${path}: ${read.damage}. Move it away to begin a new one`)
      ftruncateSync(fd, read.whole)
      return new Journal(folder, fd, lock, read, options)
    } catch (error) {
      if (fd !== undefined) closeSync(fd)
      await lock.release()
      throw error
    }
  }

  /**
   * The entries of a folder's journal, also while a responder writes it: all that is still to be known. With `all`, those of full files, too.
   * @throws {Error} when there is none
   */
  static read(folder: string, { all = false } = {}): ReturnType<typeof readJournalText> {
    const now = readJournalText(readFileSync(join(folder, FILE), 'utf8'))
    if (!all) return now
    const entries = new Map<number, Sealed>()
    let damage: string | undefined
    const texts = [
      ...fullIn(folder).map(name => [name, readJournalText(readFileSync(join(folder, name), 'utf8'))] as const),
    ]
    for (const [name, read] of [...texts, [FILE, now] as const]) {
      if (read.damage !== undefined) damage ??= `${name}: ${read.damage}`
      // The first is the one with all of its text.
      for (const entry of read.entries) if (!entries.has(entry.seq)) entries.set(entry.seq, entry)
    }
    const inOrder = [...entries.values()].sort((a, b) => a.seq - b.seq)
    return { ...now, entries: inOrder, ...(damage !== undefined && { damage }) }
  }

  /** On disk when it returns. @throws {Error} when it cannot be written: nothing may be done then */
  append(entry: Entry): Sealed {
    this.#turn()
    const time = new Date()
    const { line, sum } = seal(entry, this.#seq + 1, time, this.#sum)
    this.#write(Buffer.from(line))
    this.#seq++
    this.#sum = sum
    const sealed = { ...entry, seq: this.#seq, time: time.toISOString() }
    this.#since?.push(sealed)
    this.onEntry(sealed)
    return sealed
  }

  /** A partially written entry is removed: the next one must not continue it, and its calls are not made. */
  #write(bytes: Buffer): void {
    try {
      if (this.#broken) throw this.#broken
      for (let written = 0; written < bytes.length; ) written += writeSync(this.#fd, bytes, written)
      fdatasyncSync(this.#fd)
      this.#size += bytes.length
    } catch (error) {
      this.failures++
      this.#takeBack()
      throw error
    }
  }

  #takeBack(): void {
    try {
      ftruncateSync(this.#fd, this.#size)
    } catch (error) {
      this.#broken ??= new Error(`part of an entry cannot be taken back: ${(error as Error).message}`)
    }
  }

  /** A full file makes room for a new one, while it is written on. If there is none, it is written on for good. */
  #turn(): void {
    const now = Date.now()
    if (this.#since || this.#broken || now < this.#again) return
    if (this.#size < this.#full && now - this.#begun < this.#age / PARTS) return
    this.#since = []
    this.turned = this.#begin(now).catch(error => {
      this.failures++
      this.#again = now + AGAIN
      this.#since = undefined
      this.#note(`a new file could not be begun, so ${FILE} grows: ${(error as Error).message}`)
    })
  }

  async #begin(now: number): Promise<void> {
    const next = join(this.#folder, NEXT)
    const begun = await beginNext(this.#fd, this.#size, next, now - this.#known)
    try {
      this.#replace(begun, next, now)
    } catch (error) {
      if (this.#fd !== begun.fd) closeSync(begun.fd)
      throw error
    }
    this.#durable()
    this.#remove(now)
  }

  /**
   * The new file has all that is still to be known before it takes the old one's place, which is one act: whenever the process ends, the
   * folder has one or the other.
   */
  #replace({ fd, sum, bytes }: Begun, next: string, now: number): void {
    const path = join(this.#folder, FILE)
    const name = `journal-${String(this.#seq).padStart(12, '0')}.jsonl`
    const since = resealed(this.#since!, sum)
    const text = `continues ${name}, whose last checksum is ${this.#sum}`
    const note = seal({ kind: 'note', text }, this.#seq + 1, new Date(now), since.sum)
    const last = Buffer.from(since.text + note.line)
    for (let written = 0; written < last.length; ) written += writeSync(fd, last, written)
    fsyncSync(fd)
    // A process that ended here has left another name of this very file.
    const { ino } = statSync(path)
    for (const full of fullIn(this.#folder).map(one => join(this.#folder, one)))
      if (statSync(full).ino === ino) rmSync(full)
    linkSync(path, join(this.#folder, name))
    renameSync(next, path)
    closeSync(this.#fd)
    this.#fd = fd
    this.#seq++
    this.#sum = note.sum
    this.#size = bytes + last.length
    this.#full = this.#size + Math.min(this.#bytes / PARTS, MAX_FILE)
    this.#begun = now
    this.#since = undefined
  }

  /** Names are on disk when their folder is. */
  #durable(): void {
    const folder = openSync(this.#folder, 'r')
    try {
      fsyncSync(folder)
    } finally {
      closeSync(folder)
    }
  }

  /** The oldest files go. */
  #remove(now: number): void {
    let bytes = this.#bytes / PARTS
    for (const name of fullIn(this.#folder).reverse()) {
      const { size, mtimeMs } = statSync(join(this.#folder, name))
      bytes += size
      if (bytes > this.#bytes || now - mtimeMs > this.#age) rmSync(join(this.#folder, name), { force: true })
    }
  }

  async close(): Promise<void> {
    await this.turned
    closeSync(this.#fd)
    await this.#lock.release()
  }
}

const lastOf = (entries: readonly Sealed[]) => entries.reduce((last, { seq }) => Math.max(last, seq), 0)

const fullIn = (folder: string) =>
  readdirSync(folder)
    .filter(name => FULL.test(name))
    .sort()
