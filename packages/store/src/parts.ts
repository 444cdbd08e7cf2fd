/** Queries run in parts, so that a caller can do other work in between, or stop early with the result so far. */
import type { DatabaseSync } from 'node:sqlite'
import { guarded } from './error.ts'
import { type Query, type Rows, rowsOf, type Window } from './query/select.ts'

/** A query that has not finished. */
export interface RunningQuery<T> {
  /** Reads some more alerts, for some milliseconds. @returns whether there are more @throws {StoreError} */
  step(): boolean
  /** The result over the alerts read so far. */
  readonly value: T
  /** Whether `value` covers all alerts. */
  readonly complete: boolean
  /** undefined: the query reads no alerts, only counts. */
  readonly looked?: ScanProgress | undefined
}

/** How many alerts have been read, of how many. */
export interface ScanProgress {
  readonly alerts: number
  readonly of: number
}

/** Runs a query to its end. @throws {StoreError} */
export function finish<T>(query: RunningQuery<T>): T {
  while (query.step());
  return query.value
}

/** A query whose result is computed from that of another one. */
export function derived<A, B>(query: RunningQuery<A>, of: (value: A) => B): RunningQuery<B> {
  return {
    step: () => query.step(),
    get value() {
      return of(query.value)
    },
    get complete() {
      return query.complete
    },
    get looked() {
      return query.looked
    },
  }
}

/** A query whose result is known without reading alerts. */
export function known<T>(value: T, complete: boolean): RunningQuery<T> {
  return { step: () => false, value, complete }
}

/** Rows of the first part, and of a first part with large alerts. No other query is answered during a part. */
const FIRST = 4096
/** Characters of a condition's SQL for which `FIRST` rows are right. Longer SQL costs more per row, so its part has fewer rows. */
const SHORT_SQL = 250
/** The cost of the engine, which evaluates the alerts that SQL does not decide, in characters of SQL. */
const ENGINE = 2000
const FIRST_OF_LARGE = 16
/** If the first alerts have more bytes together, they are large. One alert may have a megabyte. */
const USUAL_BYTES = 8 * 1024 * 1024
const LEAST = 8
const MOST = 1 << 20
/** The milliseconds that a part should take, without the costs that do not depend on its size, such as looking up words. */
const SHORT = 20
const LONG = 60

/** Divides the rows of a query into parts, the newest first unless `oldest` is set. */
export class Parts {
  readonly #oldest: boolean
  readonly #all: number
  #left: Rows
  #size: number
  #last: { readonly size: number; readonly ms: number } | undefined
  /** Milliseconds of a part that do not depend on its size, estimated from the last two parts of different sizes. */
  #fixed = 0

  constructor(db: DatabaseSync, query: Query, window: Window & { readonly oldest?: boolean | undefined } = {}) {
    this.#oldest = window.oldest ?? false
    this.#left = guarded(() => rowsOf(db, query, window))
    this.#all = countOf(this.#left)
    this.#size = window.part ?? guarded(() => firstSize(db, query, this.#left, this.#oldest))
  }

  /** Rows that no part has had yet. */
  get left(): Rows {
    return this.#left
  }

  get isDone(): boolean {
    return countOf(this.#left) === 0
  }

  get looked(): ScanProgress {
    return { alerts: this.#all - countOf(this.#left), of: this.#all }
  }

  /** undefined: there are none left. */
  next(): Rows | undefined {
    if (this.isDone) return undefined
    const { after, before } = this.#left
    const oldest = this.#oldest
    const end = oldest ? Math.min(before, after + this.#size + 1) : Math.max(after, before - this.#size - 1)
    this.#left = oldest ? { after: end - 1, before } : { after, before: end + 1 }
    return oldest ? { after, before: end } : { after: end, before }
  }

  /** Runs `work` on the next part, and adapts the size of the one after it. @returns whether there are more @throws {StoreError} */
  step(work: (rows: Rows) => void): boolean {
    const rows = this.next()
    if (rows === undefined) return false
    const start = performance.now()
    guarded(() => work(rows))
    this.#took(performance.now() - start)
    return !this.isDone
  }

  /** The next part may be longer. */
  grow(times = 2): void {
    this.#size = Math.min(MOST, this.#size * times)
  }

  #took(ms: number): void {
    const last = this.#last
    if (last && last.size !== this.#size) {
      const perRow = Math.max(0, (ms - last.ms) / (this.#size - last.size))
      this.#fixed = Math.max(0, ms - perRow * this.#size)
    }
    this.#last = { size: this.#size, ms }
    const own = ms - this.#fixed
    if (own < SHORT) this.grow(own < SHORT / 8 ? 8 : 2)
    else if (own > Math.max(LONG, this.#fixed)) this.#size = Math.max(LEAST, Math.floor((this.#size * LONG) / own))
  }
}

/** Estimates the size of the first part. SQLite reads the length of a blob without the blob. */
function firstSize(db: DatabaseSync, { condition }: Query, { after, before }: Rows, oldest: boolean): number {
  const lengths = `SELECT length(body) bytes FROM alerts WHERE seq > ? AND seq < ? ORDER BY seq ${oldest ? '' : 'DESC'} LIMIT ${FIRST}`
  const { sum } = db.prepare(`SELECT total(bytes) sum FROM (${lengths})`).get(after, before) as { sum: number }
  if (sum > USUAL_BYTES) return FIRST_OF_LARGE
  if (!condition) return FIRST
  const [sure, maybe] = [condition.sure.text, condition.maybe.text]
  const cost = sure === maybe ? sure.length : sure.length + maybe.length + ENGINE
  return Math.max(LEAST, Math.min(FIRST, Math.floor((FIRST * SHORT_SQL) / cost)))
}

const countOf = ({ after, before }: Rows) => Math.max(0, before - after - 1)
