/**
 * Writes the indexes, one after the other: each keeps the words of a transaction in a table of its own in memory, and going to and fro
 * between two of these and the rows costs a sixth of all that an alert costs, in misses of the cache.
 */
import type { DatabaseSync, StatementSync } from 'node:sqlite'

/** Characters that wait for their turn, of all alerts together. */
const MOST = 8 * 1024 * 1024

export class Indexing {
  readonly #words: StatementSync
  readonly #pairs: StatementSync
  #waiting: (readonly [seq: number | bigint, words: string, terms: string])[] = []
  #length = 0

  constructor(db: DatabaseSync) {
    this.#words = db.prepare('INSERT INTO words (rowid, text) VALUES (?, ?)')
    this.#pairs = db.prepare('INSERT INTO pairs (rowid, terms) VALUES (?, ?)')
  }

  add(seq: number | bigint, words: string, terms: string): void {
    this.#waiting.push([seq, words, terms])
    this.#length += words.length + terms.length
    if (this.#length > MOST) this.write()
  }

  /** What is added is in the indexes with the transaction that this belongs to. */
  write(): void {
    for (const [seq, words] of this.#waiting) this.#words.run(seq, words)
    for (const [seq, , terms] of this.#waiting) this.#pairs.run(seq, terms)
    this.forget()
  }

  forget(): void {
    this.#waiting = []
    this.#length = 0
  }
}
