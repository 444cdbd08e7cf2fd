/** Counts of alerts per interval of time. */
import type { DatabaseSync, SQLInputValue } from 'node:sqlite'
import { type Count, isCounted, MAX_GROUPS, ofNamespaces } from './counting.ts'
import { UNITS } from './counts.ts'
import { guarded } from './error.ts'
import type { Grouping } from './grouping.ts'
import { known, Parts, type RunningQuery } from './parts.ts'
import { type Query, type Rows, select, type Window } from './query/select.ts'
import { inRange } from './row.ts'
import { search } from './search.ts'

/** The alerts of one interval. */
export interface Bar extends Count {
  /** When it begins, in nanoseconds since 1970. */
  readonly time: bigint
}

const NS = 1_000_000_000n

/**
 * The alerts of each interval that has any, in order of time.
 * @param step nanoseconds of an interval; the first and the last are counted completely
 * @throws {StoreError}
 */
export function histogram(
  db: DatabaseSync,
  by: Grouping | undefined,
  query: Query,
  step: bigint,
  window: Window,
): RunningQuery<Bar[]> {
  const since = query.since === undefined ? undefined : floor(query.since, step)
  const until = query.until === undefined ? undefined : -floor(-query.until, step)
  const range = { ...query, since, until }
  const unit = UNITS.find(seconds => step % (BigInt(seconds) * NS) === 0n)
  const bars = new Bars(by)
  if (isCounted(query) && (by === undefined || by.dimension !== undefined) && unit !== undefined) {
    const only = ofNamespaces(query)
    const where = [
      'unit = ?',
      ...(since === undefined ? [] : ['start >= ?']),
      ...(until === undefined ? [] : ['start < ?']),
    ]
    const params = [unit, ...[since, until].flatMap(time => (time === undefined ? [] : [Number(time / NS)]))]
    const rest = `sum(n) count FROM counts WHERE ${where.join(' AND ')} ${only.text}`
    guarded(() => bars.addRows(db, 'start', step / NS, NS, rest, [...params, ...only.params]))
    return known(bars.ordered(), !bars.isCut)
  }
  const selection = by === undefined || by.sql !== undefined ? select(range) : undefined
  const parts = new Parts(db, range, window)
  const work = selection?.exact
    ? (rows: Rows) => bars.addRows(db, 'time', step, 1n, `count(*) count ${selection.from}`, selection.bind(rows))
    : (rows: Rows) => bars.addAlerts(db, range, step, rows)
  return {
    step: () => parts.step(work),
    get value() {
      return bars.ordered()
    },
    get complete() {
      return parts.isDone && !bars.isCut
    },
    get looked() {
      return parts.looked
    },
  }
}

/** Adds up bars. */
class Bars {
  readonly #by: Grouping | undefined
  readonly #bars = new Map<string, { time: bigint; value: string | null; count: number }>()
  isCut = false

  constructor(by: Grouping | undefined) {
    this.#by = by
  }

  /** @param scale nanoseconds of a unit of `time` */
  addRows(
    db: DatabaseSync,
    time: string,
    step: bigint,
    scale: bigint,
    rest: string,
    params: readonly SQLInputValue[],
  ): void {
    // Division rounds towards zero; times before 1970 too go down.
    const start = `(${time} - ((${time} % ${step}) + ${step}) % ${step})`
    const statement = db.prepare(`SELECT ${start} time, ${this.#by?.sql ?? 'NULL'} value, ${rest} GROUP BY 1, 2`)
    statement.setReadBigInts(true)
    const rows = statement.all(...params) as unknown as { time: bigint; value: unknown; count: bigint }[]
    for (const row of rows) {
      const value = typeof row.value === 'bigint' ? Number(row.value) : row.value
      this.#add(row.time * scale, this.#by?.printed(value) ?? null, Number(row.count))
    }
  }

  addAlerts(db: DatabaseSync, query: Query, step: bigint, rows: Rows): void {
    for (const { alert } of search(db, query, { ...rows, part: rows.before - rows.after }))
      for (const value of this.#by?.valuesOf(alert) ?? [null]) this.#add(floor(inRange(alert.time), step), value, 1)
  }

  #add(time: bigint, value: string | null, count: number): void {
    const key = `${time} ${value === null ? '' : `"${value}`}`
    const bar = this.#bars.get(key)
    if (bar) bar.count += count
    else if (this.#bars.size < MAX_GROUPS) this.#bars.set(key, { time, value, count })
    else this.isCut = true
  }

  ordered(): Bar[] {
    return [...this.#bars.values()].sort((a, b) =>
      a.time === b.time ? ((a.value ?? '') < (b.value ?? '') ? -1 : 1) : a.time < b.time ? -1 : 1,
    )
  }
}

function floor(time: bigint, step: bigint): bigint {
  const rest = time % step
  return time - (rest < 0n ? rest + step : rest)
}
