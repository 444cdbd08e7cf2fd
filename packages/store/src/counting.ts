/** How many alerts there are: from the counts where they know it, else from the alerts. */
import type { DatabaseSync, SQLInputValue } from 'node:sqlite'
import { partsOf, UNITS } from './counts.ts'
import { guarded } from './error.ts'
import type { Grouping } from './grouping.ts'
import { type Query, select } from './query/select.ts'
import { inRange } from './row.ts'
import { search } from './search.ts'

/** A value and how many alerts have it; null: the alerts that lack it. */
export interface Count {
  readonly value: string | null
  readonly count: number
}

/** The alerts of one step of time. */
export interface Bar extends Count {
  /** When it begins, in nanoseconds since 1970. */
  readonly time: bigint
}

const NS = 1_000_000_000n
const MINUTE = 60n * NS

/** The most frequent values, the most frequent first. @param limit how many @throws {StoreError} */
export function top(db: DatabaseSync, by: Grouping, query: Query, limit: number): Count[] {
  const { since, until } = query
  const aligned = (since ?? 0n) % MINUTE === 0n && (until ?? 0n) % MINUTE === 0n
  const selection = by.sql === undefined ? undefined : select(db, query)
  if (by.dimension !== undefined && isUnfiltered(query) && aligned) {
    const { from, params } = counted(since, until)
    return grouped(db, by, `sum(n) count ${from}`, params, limit)
  }
  if (selection?.exact) return grouped(db, by, `count(*) count ${selection.from}`, selection.params, limit)
  const counts = new Map<string | null, number>()
  for (const { alert } of search(db, query))
    for (const value of by.valuesOf(alert)) counts.set(value, (counts.get(value) ?? 0) + 1)
  return ordered(counts, limit)
}

function ordered(counts: ReadonlyMap<string | null, number>, limit: number): Count[] {
  return [...counts]
    .map(([value, count]) => ({ value, count }))
    .sort((a, b) => b.count - a.count || ((a.value ?? '') < (b.value ?? '') ? -1 : 1))
    .slice(0, limit)
}

interface Group {
  readonly value: unknown
  readonly count: number
}

function grouped(
  db: DatabaseSync,
  by: Grouping,
  rest: string,
  params: readonly SQLInputValue[],
  limit: number,
): Count[] {
  const text = `SELECT ${by.sql} value, ${rest} GROUP BY 1 ORDER BY count DESC, 1 LIMIT ?`
  // One text may be several values: 5 and "5".
  const groups = guarded(() => db.prepare(text).all(...params, 2 * limit)) as unknown as Group[]
  const counts = new Map<string | null, number>()
  for (const group of groups) {
    const shown = by.printed(group.value)
    counts.set(shown, (counts.get(shown) ?? 0) + group.count)
  }
  return ordered(counts, limit)
}

const isUnfiltered = ({ condition, words }: Query) => condition === undefined && words === undefined

/** The counts of a range that begins and ends with a minute, or with nothing. */
function counted(since?: bigint, until?: bigint): { from: string; params: readonly SQLInputValue[] } {
  if (since === undefined && until === undefined) return { from: `FROM counts WHERE unit = ${UNITS[0]}`, params: [] }
  const seconds = (time: bigint | undefined, otherwise: number) => (time === undefined ? otherwise : Number(time / NS))
  const parts = partsOf(seconds(since, -FAR), seconds(until, FAR))
  const where = parts.map(() => '(unit = ? AND start >= ? AND start < ?)').join(' OR ')
  return {
    from: `FROM counts WHERE (${where || '0'})`,
    params: parts.flatMap(({ unit, from, to }) => [unit, from, to]),
  }
}

/** A whole number of days, in seconds, further from 1970 than any time. */
const FAR = 86_400 * 200_000

/**
 * The alerts of each step of time that has any, in order of time.
 * @param step nanoseconds; the first and the last step count as a whole
 * @throws {StoreError}
 */
export function histogram(db: DatabaseSync, by: Grouping | undefined, query: Query, step: bigint): Bar[] {
  const since = query.since === undefined ? undefined : floor(query.since, step)
  const until = query.until === undefined ? undefined : -floor(-query.until, step)
  const range = { ...query, since, until }
  const unit = UNITS.find(seconds => step % (BigInt(seconds) * NS) === 0n)
  const known = by === undefined || by.dimension !== undefined
  if (isUnfiltered(query) && known && unit !== undefined) {
    const bounds: [string, number][] = [['unit = ?', unit]]
    if (since !== undefined) bounds.push(['start >= ?', Number(since / NS)])
    if (until !== undefined) bounds.push(['start < ?', Number(until / NS)])
    const from = `FROM counts WHERE ${bounds.map(([text]) => text).join(' AND ')}`
    return bars(
      db,
      by,
      `start`,
      step / NS,
      NS,
      `sum(n) count ${from}`,
      bounds.map(([, value]) => value),
    )
  }
  const selection = by === undefined || by.sql !== undefined ? select(db, range) : undefined
  if (selection?.exact) return bars(db, by, 'time', step, 1n, `count(*) count ${selection.from}`, selection.params)
  return evaluated(db, by, range, step)
}

/** @param scale nanoseconds of a unit of `time` */
function bars(
  db: DatabaseSync,
  by: Grouping | undefined,
  time: string,
  step: bigint,
  scale: bigint,
  rest: string,
  params: readonly SQLInputValue[],
): Bar[] {
  // Division rounds towards zero; times before 1970 too go down.
  const start = `(${time} - ((${time} % ${step}) + ${step}) % ${step})`
  const statement = db.prepare(`SELECT ${start} time, ${by?.sql ?? 'NULL'} value, ${rest} GROUP BY 1, 2 ORDER BY 1`)
  statement.setReadBigInts(true)
  const rows = guarded(() => statement.all(...params)) as unknown as (Omit<Group, 'count'> & {
    time: bigint
    count: bigint
  })[]
  return rows.map(row => ({
    time: row.time * scale,
    value: by === undefined ? null : by.printed(row.value),
    count: Number(row.count),
  }))
}

function evaluated(db: DatabaseSync, by: Grouping | undefined, query: Query, step: bigint): Bar[] {
  const found = new Map<bigint, Map<string | null, number>>()
  for (const { alert } of search(db, query)) {
    const time = floor(inRange(alert.time), step)
    const counts = found.get(time) ?? new Map<string | null, number>()
    found.set(time, counts)
    for (const value of by?.valuesOf(alert) ?? [null]) counts.set(value, (counts.get(value) ?? 0) + 1)
  }
  return [...found]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .flatMap(([time, counts]) => [...counts].map(([value, count]) => ({ time, value, count })))
}

function floor(time: bigint, step: bigint): bigint {
  const rest = time % step
  return time - (rest < 0n ? rest + step : rest)
}
