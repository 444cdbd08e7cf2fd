/** A store of alerts in one file. All methods are synchronous; use `StoreThread` in a program that must not block. */
import { closeSync, openSync, rmSync } from 'node:fs'
import type { AlertData } from '@falc/engine'
import { type Batch, batchOf } from './batch.ts'
import { type Connection, openToRead, openToWrite } from './connection.ts'
import { type Count, count, type Group, groups, top } from './counting.ts'
import { guarded, StoreError, storeError } from './error.ts'
import type { Grouping } from './grouping.ts'
import { type Bar, histogram } from './histogram.ts'
import { problemsIn } from './integrity.ts'
import { finish, type RunningQuery } from './parts.ts'
import type { Query, Window } from './query/select.ts'
import { byId, type Direction, type Page, page, type StoredAlert, search } from './search.ts'
import { addSilence, endSilence, type NewSilence, type Silence, silencesOf } from './silences.ts'
import { changeTriage, type Note, notesOf, type Triage, type TriageChange, triageOf } from './triage.ts'
import { type Gap, type Retention, Writer } from './write.ts'

const MINUTE = 60_000_000_000n
const DAY = 1440n * MINUTE

/** Reads a store, while other processes and threads write and read it. */
export class StoreReader {
  readonly #connection: Connection
  readonly #namespaces: readonly string[] | undefined

  /** @throws {StoreError} when there is no store at the path, or it cannot be read */
  static async open(path: string): Promise<StoreReader> {
    return new StoreReader(await openToRead(path))
  }

  protected constructor(connection: Connection, namespaces?: readonly string[]) {
    this.#connection = connection
    this.#namespaces = namespaces
  }

  /** The same store for someone who may see alerts about these namespaces only: nothing that it answers is about others. */
  within(namespaces: readonly string[] | undefined): StoreReader {
    return namespaces === undefined ? this : new StoreReader(this.#connection, namespaces)
  }

  /** What may be seen of a question's alerts. */
  #seen<Q extends Query>(query: Q): Q {
    const own = this.#namespaces
    if (own === undefined) return query
    return { ...query, namespaces: query.namespaces?.filter(name => own.includes(name)) ?? own }
  }

  protected get db(): Connection['db'] {
    return this.#connection.db
  }

  /** Whether the path is still this store's: a damaged one is moved aside. */
  get isInPlace(): boolean {
    return this.#connection.isInPlace()
  }

  /** Alerts in the order of arrival, the newest first unless `oldest` is set. @throws {StoreError} */
  search(query: Query, window: Direction = {}): Generator<StoredAlert> {
    return search(this.db, this.#seen(query), window)
  }

  /** The first alerts of a search, and where the others are. */
  startPage(query: Query, window: Direction, limit: number): RunningQuery<Page> {
    return page(this.db, this.#seen(query), window, limit)
  }

  /** The alerts whose id is this one, or begins with it (4 digits or more); at most ten. @throws {StoreError} */
  get(id: string): StoredAlert[] {
    return byId(this.db, id, this.#namespaces)
  }

  /** The alert of a number; the next one, if it is gone. @throws {StoreError} */
  at(seq: number): StoredAlert | undefined {
    for (const found of this.search({}, { after: seq - 1, oldest: true, part: 64 })) return found
    return undefined
  }

  /** How many alerts there are. @throws {StoreError} */
  count(query: Query = {}): number {
    return finish(this.startCount(query))
  }

  startCount(query: Query, window: Window = {}): RunningQuery<number> {
    return count(this.db, this.#seen(query), window)
  }

  /** The most frequent values. @throws {StoreError} */
  top(by: Grouping, query: Query = {}, limit = 20): Count[] {
    return finish(this.startTop(by, query, limit))
  }

  startTop(by: Grouping, query: Query, limit: number, window: Window = {}): RunningQuery<Count[]> {
    return top(this.db, by, this.#seen(query), limit, window)
  }

  /** The most frequent combinations of values. */
  startGroups(by: readonly Grouping[], query: Query, limit: number, window: Window = {}): RunningQuery<Group[]> {
    return groups(this.db, by, this.#seen(query), limit, window)
  }

  /** The alerts of each step of time. @param step nanoseconds @throws {StoreError} */
  histogram(by: Grouping | undefined, query: Query, step: bigint): Bar[] {
    return finish(this.startHistogram(by, query, step))
  }

  startHistogram(by: Grouping | undefined, query: Query, step: bigint, window: Window = {}): RunningQuery<Bar[]> {
    return histogram(this.db, by, this.#seen(query), step, window)
  }

  /** What people have decided about an alert that was found. @throws {StoreError} */
  triage(seq: number): Triage | undefined {
    return triageOf(this.db, seq)
  }

  /** What people have written about an alert that was found, the oldest first. @throws {StoreError} */
  notes(seq: number): Note[] {
    return notesOf(this.db, seq)
  }

  /** The newest first. Of someone who may see some namespaces: theirs. @throws {StoreError} */
  silences(): Silence[] {
    const own = this.#namespaces
    return silencesOf(this.db).filter(
      ({ namespaces }) => own === undefined || namespaces?.every(name => own.includes(name)),
    )
  }

  /** The times of the earliest and the latest event, to the minute, in nanoseconds since 1970; undefined: there is none. @throws {StoreError} */
  span(): { readonly from: bigint; readonly to: bigint } | undefined {
    const bars = this.histogram(undefined, {}, DAY)
    const [first, last] = [bars[0], bars.at(-1)]
    if (!first || !last) return undefined
    const within = (time: bigint) => this.histogram(undefined, { since: time, until: time + DAY }, MINUTE)
    // Its alerts may have been removed since: then the day is what is known.
    const from = within(first.time)[0]?.time ?? first.time
    const to = within(last.time).at(-1)?.time ?? last.time + DAY - MINUTE
    return { from, to: to + MINUTE }
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
    createNew(path)
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

/** Makes an empty file, which no one else has made and no link leads to. @throws {StoreError} */
function createNew(path: string): void {
  try {
    closeSync(openSync(path, 'wx', 0o644))
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') throw new StoreError('unusable', `${path} exists`)
    throw storeError(error)
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
    return this.#writer.insert(batchOf(alerts))
  }

  /** As `insert`. @throws {StoreError} */
  insertBatch(batch: Batch): number {
    return this.#writer.insert(batch)
  }

  /** Changes what people have decided about alerts. @param seqs numbers of alerts @returns how many there are @throws {StoreError} none was changed */
  change(seqs: readonly number[], change: TriageChange): number {
    return changeTriage(this.db, seqs, change)
  }

  /** @returns its number @throws {StoreError} */
  silence(silence: NewSilence): number {
    return addSilence(this.db, silence)
  }

  /** Ends a silence now. @throws {StoreError} */
  endSilence(id: number): void {
    endSilence(this.db, id)
  }

  /** Removes some alerts that are not kept any longer: call it again until it returns 0. @returns how many @throws {StoreError} */
  prune(retention: Retention, now?: number): number {
    return this.#writer.prune(retention, now)
  }

  /** Why the last call of `prune` left alerts that are too old by the clock; undefined: it left none. */
  get gap(): Gap | undefined {
    return this.#writer.gap
  }

  /** Bytes of the file that are in use. */
  get bytes(): number {
    return this.#writer.bytes
  }
}
