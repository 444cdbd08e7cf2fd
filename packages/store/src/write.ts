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
  /**
   * Milliseconds that an alert is kept, from its arrival on. Later alerts confirm the clock: after one that came a tenth of this time later
   * (or a day, if that is less), so much longer. A clock that jumps ahead therefore removes little at once.
   */
  readonly age?: number | undefined
  /** Bytes that the file may have. */
  readonly bytes?: number | undefined
}

const DAY_MS = 86_400_000

/** All alerts are too old at once: none has arrived for long, or the clock is wrong. In milliseconds since 1970. */
export interface Gap {
  /** When the last alert before it was stored. */
  readonly from: number
  readonly to: number
  /** Milliseconds that these alerts are kept after the first one that came later. */
  readonly grace: number
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
  readonly #upTo: StatementSync
  readonly #dropAll: readonly StatementSync[]
  readonly #unindex: readonly StatementSync[]
  readonly #counts: Counts
  #gap: Gap | undefined

  constructor(db: DatabaseSync) {
    this.#db = db
    this.#insert =
      db.prepare(`INSERT OR IGNORE INTO alerts (id, time, stored, priority, rule, source, host, namespace, body)
      VALUES (?, ?, ?, ?, ?, ?, ?, ?, jsonb(CAST(? AS TEXT)))`)
    this.#indexing = new Indexing(db)
    this.#reader = new Reader(this.#indexing.words, this.#indexing.pairs)
    // The newest row stays, so that no row ever gets the number of an earlier one.
    this.#oldest =
      db.prepare(`SELECT seq, time, priority, rule, source, coalesce(host, '') host, coalesce(namespace, '') namespace
      FROM alerts WHERE seq <= ? AND seq < (SELECT max(seq) FROM alerts) ORDER BY seq LIMIT ${STEP}`)
    this.#oldest.setReadBigInts(true)
    this.#upTo = db.prepare('SELECT seq, stored FROM alerts WHERE seq <= ? ORDER BY seq DESC LIMIT 1')
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
    const removed = this.#transaction(() => {
      const until = over ? Number.MAX_SAFE_INTEGER : age === undefined ? 0 : this.#expired(age, now)
      const rows = this.#oldest.all(until) as unknown as Oldest[]
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

  /** Why the last call of `prune` left alerts that are too old by the clock; undefined: it left none. */
  get gap(): Gap | undefined {
    return this.#gap
  }

  /** The number of the last alert that is not kept any longer; 0: there is none. */
  #expired(age: number, now: number): number {
    this.#gap = undefined
    const old = this.#before(now - age)
    if (!old) return 0
    const grace = Math.min(DAY_MS, age / 10)
    const { stored } = this.#before(now - grace)!
    const clock = Math.min(now, stored + grace)
    if (now - stored > age) this.#gap = { from: stored, to: now, grace }
    return this.#before(clock - age)?.seq ?? 0
  }

  /** The last alert that was stored before a time: found by halves, since times rise with numbers unless the clock was set back. */
  #before(time: number): Stored | undefined {
    const upTo = (seq: number) => this.#upTo.get(seq) as unknown as Stored | undefined
    let found: Stored | undefined
    let [low, high] = [1, upTo(Number.MAX_SAFE_INTEGER)?.seq ?? 0]
    while (low <= high) {
      const middle = Math.floor((low + high) / 2)
      const row = upTo(middle)
      if (row && row.stored >= time) high = row.seq - 1
      else {
        found = row ?? found
        low = middle + 1
      }
    }
    return found
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

interface Oldest extends Readonly<Record<'seq' | 'time' | 'priority', bigint>>, Omit<Counted, 'priority'> {}

type Stored = Readonly<Record<'seq' | 'stored', number>>
