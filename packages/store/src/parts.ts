/** Questions are answered in parts: whoever asks may do something else in between, or be content with what is known so far. */
import type { DatabaseSync } from 'node:sqlite'
import { guarded } from './error.ts'
import { type Query, type Rows, rowsOf, type Window } from './query/select.ts'

/** A question on its way to an answer. */
export interface Asked<T> {
  /** Looks at some more alerts, for some milliseconds. @returns whether there are more @throws {StoreError} */
  step(): boolean
  /** The answer, as far as alerts have been looked at. */
  readonly value: T
  /** Whether it is the whole answer. */
  readonly complete: boolean
  /** How many alerts have been looked at, of how many; undefined: it needs none. */
  readonly looked?: Looked | undefined
}

export interface Looked {
  readonly alerts: number
  readonly of: number
}

/** Asks to the end. @throws {StoreError} */
export function answered<T>(asked: Asked<T>): T {
  while (asked.step());
  return asked.value
}

/** An answer that needs no alerts to be looked at. */
export function known<T>(value: T): Asked<T> {
  return { step: () => false, value, complete: true }
}

/** Rows of the first part, and of one whose first alerts are large: nobody else is answered while a part lasts. */
const FIRST = 4096
/** Characters of a condition's SQL for which that many rows are right; a longer one has fewer, as each row costs more. */
const SHORT_SQL = 250
/** Characters that stand for the engine, which reads the alerts that SQL does not decide. */
const ENGINE = 2000
const FIRST_OF_LARGE = 16
/** Bytes of alerts that are not large, all together. An alert may have a megabyte. */
const USUAL_BYTES = 8 * 1024 * 1024
const LEAST = 8
const MOST = 1 << 20
/** Milliseconds between which a part is right, without what each part costs whatever its size, such as looking up words. */
const SHORT = 20
const LONG = 60

/** The rows of a question, the newest part first unless `oldest` is set. */
export class Parts {
  readonly #oldest: boolean
  readonly #all: number
  #left: Rows
  #size: number
  #last: { readonly size: number; readonly ms: number } | undefined
  /** Milliseconds that a part takes whatever its size, as the last two of different sizes show. */
  #fixed = 0

  constructor(db: DatabaseSync, query: Query, window: Window & { readonly oldest?: boolean | undefined } = {}) {
    this.#oldest = window.oldest ?? false
    this.#left = guarded(() => rowsOf(db, query, window))
    this.#all = countOf(this.#left)
    this.#size = window.part ?? guarded(() => firstSize(db, query, this.#left, this.#oldest))
  }

  /** Rows that have not been given out. */
  get left(): Rows {
    return this.#left
  }

  get isDone(): boolean {
    return countOf(this.#left) === 0
  }

  get looked(): Looked {
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

  /** Does something with the next part, and makes the one after it longer or shorter. @returns whether there are more @throws {StoreError} */
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

/** The length of a blob is read without the blob. */
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
