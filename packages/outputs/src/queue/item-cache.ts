import type { Item } from '../model/transport.ts'
import { Fifo } from './fifo.ts'

export interface Entry {
  readonly item: Item
  /** As it is stored. */
  readonly text: string
  /** Memory that it takes. */
  readonly size: number
}

interface Numbered {
  readonly number: number
  readonly entry: Entry
}

/** Memory for alerts that are on disk, too, so that a receiver that keeps up costs no reading. */
export const RECENT = 2 * 1024 * 1024

/** Alerts that are on disk, as far as they are in memory: the newest ones, and the next ones if those have been read. */
export class ItemCache {
  /** Number of the first record that was not given out. */
  next = 0
  /** From here on, all records are in memory. */
  startOfRecent = 0
  readonly #recent = new Fifo<Numbered>()
  #recentBytes = 0
  readonly #found = new Fifo<Numbered>()
  /** Up to here, records that are on disk have been found. */
  foundUpTo = 0

  /** An alert was written. */
  put(entry: Entry, number: number): void {
    this.#recent.push({ number, entry })
    this.#recentBytes += entry.size
    while (this.#recentBytes > RECENT) this.#forget()
  }

  /** A record was read. */
  found(entry: Entry, number: number): void {
    this.#found.push({ number, entry })
  }

  /**
   * The record `next`, or the first one after it that is there.
   * @param damaged is called with the number of missing items
   * @returns undefined when the disk has to be asked
   */
  first(damaged: (count: number) => void): Entry | undefined {
    while (this.#found.first && this.#found.first.number < this.next) this.#found.shift()
    const missing = (this.#found.first?.number ?? this.foundUpTo) - this.next
    if (missing > 0) {
      this.next += missing
      damaged(missing)
    }
    if (this.#found.first) return this.#found.first.entry
    while (this.#recent.first && this.#recent.first.number < this.next) this.#forget()
    return this.#recent.first?.number === this.next ? this.#recent.first.entry : undefined
  }

  #forget(): void {
    const { number, entry } = this.#recent.shift()!
    this.#recentBytes -= entry.size
    this.startOfRecent = number + 1
  }
}
