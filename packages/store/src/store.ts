/** A store of alerts in one file. Everything here is synchronous: a program that must not wait uses `StoreThread`. */
import { existsSync, rmSync } from 'node:fs'
import type { AlertData } from '@falc/engine'
import { type Connection, openToRead, openToWrite } from './connection.ts'
import { type Bar, type Count, histogram, top } from './counting.ts'
import { guarded, StoreError } from './error.ts'
import type { Grouping } from './grouping.ts'
import { problemsIn } from './integrity.ts'
import { type Query, select, type Window } from './query/select.ts'
import { type Printed, printedOf } from './row.ts'
import { byId, type StoredAlert, search } from './search.ts'
import { type Retention, Writer } from './write.ts'

/** Reads a store, while other processes and threads write and read it. */
export class StoreReader {
  readonly #connection: Connection

  /** @throws {StoreError} when there is no store at the path, or it cannot be read */
  static async open(path: string): Promise<StoreReader> {
    return new StoreReader(await openToRead(path))
  }

  protected constructor(connection: Connection) {
    this.#connection = connection
  }

  protected get db(): Connection['db'] {
    return this.#connection.db
  }

  /** Whether the path is still this store's: a damaged one is moved aside. */
  get isInPlace(): boolean {
    return this.#connection.isInPlace()
  }

  /** Alerts in the order of arrival, the newest first unless `oldest` is set. End the iteration as soon as possible: it keeps the store from reusing space. @throws {StoreError} */
  search(query: Query, window: Window & { readonly oldest?: boolean } = {}): Generator<StoredAlert> {
    return search(this.db, query, window)
  }

  /** The alerts whose id is this one, or begins with it (4 digits or more); at most ten. @throws {StoreError} */
  get(id: string): StoredAlert[] {
    return byId(this.db, id)
  }

  /** How many alerts there are. @throws {StoreError} */
  count(query: Query = {}): number {
    const { from, params, exact } = select(this.db, query)
    if (!exact) return [...this.search(query)].length
    return guarded(() => Number((this.db.prepare(`SELECT count(*) n ${from}`).get(...params) as { n: number }).n))
  }

  /** The most frequent values. @throws {StoreError} */
  top(by: Grouping, query: Query = {}, limit = 20): Count[] {
    return top(this.db, by, query, limit)
  }

  /** The alerts of each step of time. @param step nanoseconds @throws {StoreError} */
  histogram(by: Grouping | undefined, query: Query, step: bigint): Bar[] {
    return histogram(this.db, by, query, step)
  }

  /** The number of the alert that arrived last; 0: there is none. @throws {StoreError} */
  get last(): number {
    return guarded(() =>
      Number((this.db.prepare('SELECT max(seq) last FROM alerts').get() as { last: number | null }).last),
    )
  }

  /** What is wrong with the file, one line each. Reads all of it. */
  problems(): string[] {
    return problemsIn(this.db)
  }

  /**
   * Copies the store as it is now to another file, while it is in use.
   * @throws {StoreError} when the file exists, or cannot be written
   */
  backup(path: string): void {
    if (existsSync(path)) throw new StoreError('unusable', `${path} exists`)
    try {
      guarded(() => this.db.prepare('VACUUM INTO ?').run(path))
    } catch (error) {
      rmSync(path, { force: true })
      throw error
    }
  }

  close(): void {
    if (this.db.isOpen) this.db.close()
  }
}

/** Writes a store, too. */
export class Store extends StoreReader {
  readonly #writer: Writer

  /** Creates the file where there is none. @throws {StoreError} */
  static override async open(path: string): Promise<Store> {
    const connection = await openToWrite(path)
    return new Store(connection)
  }

  private constructor(connection: Connection) {
    super(connection)
    this.#writer = guarded(() => new Writer(connection.db))
  }

  /** Adds alerts, in one transaction; those that are already there are left alone. They are on disk when it returns. @returns how many were new @throws {StoreError} none was added */
  insert(alerts: readonly AlertData[]): number {
    return this.#writer.insert(alerts.map(printedOf))
  }

  /** As `insert`, of alerts that `printedOf` has printed. @throws {StoreError} */
  insertPrinted(alerts: readonly Printed[]): number {
    return this.#writer.insert(alerts)
  }

  /** Removes some alerts that are not kept any longer: call it again until it returns 0. @returns how many @throws {StoreError} */
  prune(retention: Retention, now?: number): number {
    return this.#writer.prune(retention, now)
  }

  /** Bytes of the file that are in use. */
  get bytes(): number {
    return this.#writer.bytes
  }
}
