import type { AlertData } from '@falc/engine'
import type { Item } from '../model/transport.ts'
import type { ItemCache } from './item-cache.ts'
import type { Journal } from './journal.ts'
import { parseStored } from './stored.ts'
import type { Writer } from './writer.ts'

/** Attempts to read a part of the journal before it is given up. */
const ATTEMPTS = 3

export interface ReadingParts {
  readonly journal: Journal
  readonly cache: ItemCache
  readonly writer: Writer
  readonly item: (alert: AlertData) => Item
  readonly log: (level: 'error' | 'notice', text: string) => void
}

/** Alerts that have waited for so long that memory has forgotten them. */
export class Reading {
  readonly #parts: ReadingParts
  #failures = 0

  constructor(parts: ReadingParts) {
    this.#parts = parts
  }

  /** Whether the next alert has to be read. */
  get wanted(): boolean {
    const { journal, cache } = this.#parts
    return cache.next < Math.min(journal.next, cache.startOfRecent)
  }

  /** Puts what comes next in the journal on the cache, or waits until another attempt may help. */
  async read(): Promise<void> {
    const { journal, cache, writer, log } = this.#parts
    const from = cache.next
    try {
      const { records, upTo } = await journal.read(from)
      if (this.#failures > 0) log('notice', 'it can be read again')
      this.#failures = 0
      for (const { number, text } of records) this.#found(number, text)
      cache.foundUpTo = upTo
    } catch (error) {
      this.#failures++
      const { code, message } = error as NodeJS.ErrnoException
      if (this.#failures === 1) log('error', `it cannot be read: ${message}`)
      if (code !== 'ENOENT' && (code !== 'EIO' || this.#failures < ATTEMPTS)) return writer.pause()
      this.#failures = 0
      cache.foundUpTo = journal.endOf(from)
    }
  }

  /** A record that is not an alert stays off the cache, which counts what is missing. */
  #found(number: number, text: string): void {
    try {
      this.#parts.cache.found({ item: this.#parts.item(parseStored(text)), text: '', size: 0 }, number)
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error
    }
  }
}
