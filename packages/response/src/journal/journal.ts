import { closeSync, fdatasyncSync, ftruncateSync, mkdirSync, openSync, readFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { FolderLock } from '@falc/outputs'
import { type Entry, type JournalText, readJournalText, type Sealed, seal } from './format.ts'

const FILE = 'journal.jsonl'

/** What a responder did, in the order in which it did it. One process writes it. */
export class Journal {
  /** Entries of earlier runs; emptied by `forget`. */
  entries: readonly Sealed[]
  /** Called with each new entry, once it is on disk. */
  onEntry: (entry: Sealed) => void = () => {}
  readonly #fd: number
  readonly #lock: FolderLock
  #seq: number
  #sum: string
  /** Bytes of whole entries. */
  #size: number
  /** Why nothing can be written any more. */
  #broken: Error | undefined
  /** Entries that could not be written. */
  failures = 0

  private constructor(fd: number, lock: FolderLock, { entries, sum, whole }: JournalText) {
    this.#fd = fd
    this.#lock = lock
    this.entries = entries
    this.#seq = entries.length
    this.#sum = sum
    this.#size = whole
  }

  /**
   * Opens the journal of a folder, which is made if it is missing.
   * @throws {Error} when another process writes it, or when it is damaged: what was done is then not known for sure, and nothing may act on it
   */
  static async open(folder: string): Promise<Journal> {
    mkdirSync(folder, { recursive: true, mode: 0o700 })
    const lock = await FolderLock.take(folder)
    let fd: number | undefined
    try {
      const path = join(folder, FILE)
      fd = openSync(path, 'a+', 0o600)
      const read = readJournalText(readFileSync(path, 'utf8'))
      if (read.damage !== undefined) throw new Error(`${path}: ${read.damage}. Move it away to begin a new one`)
      ftruncateSync(fd, read.whole)
      return new Journal(fd, lock, read)
    } catch (error) {
      if (fd !== undefined) closeSync(fd)
      await lock.release()
      throw error
    }
  }

  /** Resolves to the entries of a folder's journal, also while a responder writes it. @throws {Error} when there is none */
  static read(folder: string): ReturnType<typeof readJournalText> {
    return readJournalText(readFileSync(join(folder, FILE), 'utf8'))
  }

  /** On disk when it returns. @throws {Error} when it cannot be written: nothing may be done then */
  append(entry: Entry): Sealed {
    const time = new Date()
    const { line, sum } = seal(entry, this.#seq + 1, time, this.#sum)
    this.#write(Buffer.from(line))
    this.#seq++
    this.#sum = sum
    const sealed = { ...entry, seq: this.#seq, time: time.toISOString() }
    this.onEntry(sealed)
    return sealed
  }

  /** What is not on disk as a whole is taken back: the next entry must not continue it, and nothing is done for it. */
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

  async close(): Promise<void> {
    closeSync(this.#fd)
    await this.#lock.release()
  }
}
