/** Adds and removes alerts, with their index and counts, in one transaction. */
import type { DatabaseSync, StatementSync } from 'node:sqlite'
import type { Batch } from './batch.ts'
import { type Counted, Counts } from './counts.ts'
import { guarded } from './error.ts'
import { Indexing } from './indexing.ts'
import { Reader } from './read.ts'
import { pragma } from './schema.ts'

/** What a store keeps. */
export interface Retention {
  /** Milliseconds that an alert is kept, from its arrival on. */
  readonly age?: number | undefined
  /** Bytes that the file may have. */
  readonly bytes?: number | undefined
}

/** Alerts that one transaction removes: few enough for others to write in between. */
const STEP = 500

/** Pages that are given back to the file system at a time. */
const FREED_PAGES = 512

export class Writer {
  readonly #db: DatabaseSync
  readonly #insert: StatementSync
  readonly #indexing: Indexing
  readonly #reader: Reader
  readonly #oldest: StatementSync
  readonly #dropAll: readonly StatementSync[]
  readonly #unindex: readonly StatementSync[]
  readonly #counts: Counts

  constructor(db: DatabaseSync) {
    this.#db = db
    this.#insert =
      db.prepare(`INSERT OR IGNORE INTO alerts (id, time, stored, priority, rule, source, host, namespace, body)
      VALUES (?, ?, ?, ?, ?, ?, ?, ?, jsonb(CAST(? AS TEXT)))`)
    this.#indexing = new Indexing(db)
    this.#reader = new Reader(this.#indexing.words, this.#indexing.pairs)
    // The newest row stays, so that no row ever gets the number of an earlier one.
    this.#oldest = db.prepare(`SELECT seq, time, stored, priority, rule, source, coalesce(host, '') host,
      coalesce(namespace, '') namespace FROM alerts WHERE seq < (SELECT max(seq) FROM alerts) ORDER BY seq LIMIT ${STEP}`)
    this.#oldest.setReadBigInts(true)
    this.#dropAll = ['alerts', 'triage', 'notes'].map(table => db.prepare(`DELETE FROM ${table} WHERE seq <= ?`))
    this.#unindex = ['words', 'pairs'].map(index => db.prepare(`DELETE FROM ${index} WHERE rowid = ?`))
    this.#counts = new Counts(db)
  }

  /**
   * Adds alerts; those that are already there are left alone.
   * @returns how many were new
   * @throws {StoreError} none was added
   */
  insert(batch: Batch, now = Date.now()): number {
    return this.#transaction(() => {
      const added = this.#addAll(batch, now)
      this.#counts.add()
      return added
    })
  }

  #addAll(batch: Batch, now: number): number {
    const indexing = this.#indexing
    let added = 0
    for (const { id, kind, time, body } of this.#reader.read(batch)) {
      const { priority, rule, source, hostname, namespace } = kind
      const names = [priority, rule, source, hostname ?? null, namespace || null] as const
      const { changes, lastInsertRowid } = this.#insert.run(id, time, now, ...names, body)
      if (changes === 0) {
        indexing.drop()
        continue
      }
      indexing.add(lastInsertRowid)
      this.#counts.count(kind, time, Number(lastInsertRowid))
      added++
    }
    indexing.write()
    return added
  }

  /**
   * Removes some of the alerts that are not kept any longer, the oldest first.
   * @returns how many: 0 when there are none left
   * @throws {StoreError}
   */
  prune({ age, bytes }: Retention, now = Date.now()): number {
    const over = bytes !== undefined && this.bytes > bytes
    const since = age === undefined ? 0 : now - age
    const removed = this.#transaction(() => {
      const rows = (this.#oldest.all() as unknown as Oldest[]).filter(row => over || Number(row.stored) < since)
      const last = rows.at(-1)
      if (last === undefined) return 0
      const kinds = new Map<string, Counted>()
      for (const row of rows) {
        for (const index of this.#unindex) index.run(row.seq)
        const { rule, source, host, namespace } = row
        const kind = { rule, priority: Number(row.priority), source, host, namespace }
        const key = JSON.stringify(kind)
        if (!kinds.has(key)) kinds.set(key, kind)
        this.#counts.count(kinds.get(key)!, row.time, Number(row.seq))
      }
      this.#counts.remove()
      for (const table of this.#dropAll) table.run(last.seq)
      return rows.length
    })
    if (removed > 0) guarded(() => this.#db.exec(`PRAGMA incremental_vacuum(${FREED_PAGES})`))
    return removed
  }

  /** Bytes of the file that are in use. */
  get bytes(): number {
    const pages = pragma(this.#db, 'page_count') - pragma(this.#db, 'freelist_count')
    return pages * pragma(this.#db, 'page_size')
  }

  #transaction<T>(step: () => T): T {
    return guarded(() => {
      this.#db.exec('BEGIN IMMEDIATE')
      try {
        const result = step()
        this.#db.exec('COMMIT')
        return result
      } catch (error) {
        this.#counts.forget()
        this.#indexing.forget()
        // After some errors SQLite has already rolled back.
        if (this.#db.isTransaction) this.#db.exec('ROLLBACK')
        throw error
      }
    })
  }
}

interface Oldest extends Readonly<Record<'seq' | 'time' | 'stored' | 'priority', bigint>>, Omit<Counted, 'priority'> {}
