/**
 * Writes the indexes one after the other. Each keeps the words of a transaction in its own table in memory; alternating between two of
 * these and the rows would cost a sixth of an alert's total cost, in cache misses.
 */
import type { DatabaseSync, StatementSync } from 'node:sqlite'
import { ByteSink } from '@falc/engine'

/** Bytes that wait for their turn, of all alerts together. */
const MOST = 8 * 1024 * 1024

export class Indexing {
  /** What alerts that wait have in the indexes, one after another. */
  readonly words = new ByteSink()
  readonly pairs = new ByteSink()
  readonly #statements: readonly (readonly [ByteSink, StatementSync])[]
  /** Of each alert that waits. */
  #seqs: (number | bigint)[] = []
  readonly #ends = new Map<ByteSink, number[]>()

  constructor(db: DatabaseSync) {
    this.#statements = [
      [this.words, db.prepare('INSERT INTO words (rowid, text) VALUES (?, CAST(? AS TEXT))')],
      [this.pairs, db.prepare('INSERT INTO pairs (rowid, terms) VALUES (?, CAST(? AS TEXT))')],
    ]
    this.forget()
  }

  /** What was appended to `words` and `pairs` since the last call is this alert's. */
  add(seq: number | bigint): void {
    this.#seqs.push(seq)
    for (const [sink, ends] of this.#ends) ends.push(sink.length)
    if (this.words.length + this.pairs.length > MOST) this.write()
  }

  /** What was appended since the last `add` belongs to no alert. */
  drop(): void {
    for (const [sink, ends] of this.#ends) sink.length = ends.at(-1) ?? 0
  }

  /** What is added is in the indexes with the transaction that this belongs to. */
  write(): void {
    for (const [sink, statement] of this.#statements) {
      const ends = this.#ends.get(sink)!
      for (const [i, seq] of this.#seqs.entries()) statement.run(seq, sink.bytes.subarray(ends[i - 1] ?? 0, ends[i]))
    }
    this.forget()
  }

  forget(): void {
    this.#seqs = []
    for (const sink of [this.words, this.pairs]) {
      sink.clear()
      this.#ends.set(sink, [])
    }
  }
}
