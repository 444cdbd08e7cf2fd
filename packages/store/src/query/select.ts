/** Which alerts a question is about, as the clauses of a SELECT. */
import type { DatabaseSync, SQLInputValue } from 'node:sqlite'
import { inRange } from '../row.ts'
import { type Fragment, TRUE } from './fragment.ts'
import type { PlannedCondition } from './plan.ts'
import { matchWords } from './words.ts'

/** Everything that is not given does not restrict. */
export interface Query {
  readonly condition?: PlannedCondition | undefined
  /** See `matchWords`. */
  readonly words?: string | undefined
  /** Times of events in nanoseconds since 1970: from, and before. */
  readonly since?: bigint | undefined
  readonly until?: bigint | undefined
}

/** Rows by their number in the order of arrival; the ends are excluded. */
export interface Window {
  readonly after?: number | undefined
  readonly before?: number | undefined
}

export interface Selection {
  /** `FROM … WHERE …` */
  readonly from: string
  readonly params: readonly SQLInputValue[]
  /** The row's number. */
  readonly seq: string
  /** Whether the row satisfies the condition for sure: SQL, 1 or 0. */
  readonly sure: Fragment
  /** Whether SQL decides alone. */
  readonly exact: boolean
}

const NS = 1_000_000_000n
const HOUR = 3600n

export function select(db: DatabaseSync, query: Query, window: Window = {}): Selection {
  const { condition, words, since, until } = query
  const match = [
    ...(words === undefined ? [] : [matchWords(words)]).flatMap(text => (text === undefined ? [] : `text : (${text})`)),
    ...(condition?.match === undefined ? [] : [`terms : (${condition.match})`]),
  ].join(' AND ')
  const seq = match === '' ? 'alerts.seq' : 'search.rowid'
  const where: Fragment[] = []
  const add = (text: string, ...params: SQLInputValue[]) => where.push({ text, params })
  if (match !== '') add('search MATCH ?', match)
  const { first, last } = rowsBetween(db, since, until)
  const after = Math.max(window.after ?? 0, (first ?? 1) - 1)
  if (after > 0) add(`${seq} > ?`, after)
  const before = Math.min(window.before ?? Number.MAX_SAFE_INTEGER, (last ?? Number.MAX_SAFE_INTEGER - 1) + 1)
  if (before < Number.MAX_SAFE_INTEGER) add(`${seq} < ?`, before)
  if (since !== undefined) add('time >= ?', inRange(since))
  if (until !== undefined) add('time < ?', inRange(until))
  if (condition && condition.maybe.text !== '1') where.push(condition.maybe)
  const tables = match === '' ? 'alerts' : 'search CROSS JOIN alerts ON alerts.seq = search.rowid'
  const sure = condition?.sure ?? TRUE
  return {
    from: `FROM ${tables} WHERE ${where.map(({ text }) => text).join(' AND ') || '1'}`,
    params: where.flatMap(({ params }) => params),
    ...{ seq, sure, exact: condition === undefined || sure.text === condition.maybe.text },
  }
}

/** Alerts arrive in about the order of their times: the hours' counts know between which rows those of a time are. */
function rowsBetween(
  db: DatabaseSync,
  since?: bigint,
  until?: bigint,
): { first?: number | null; last?: number | null } {
  if (since === undefined && until === undefined) return {}
  const hour = (time: bigint) => (time / NS / HOUR) * HOUR
  const from = since === undefined ? -(2n ** 62n) : hour(inRange(since)) - HOUR
  const to = until === undefined ? 2n ** 62n : hour(inRange(until)) + HOUR
  const bounds = db
    .prepare('SELECT min(first) first, max(last) last FROM counts WHERE unit = 3600 AND start >= ? AND start <= ?')
    .get(from, to) as { first: number | null; last: number | null }
  // No alert at all: no row has the number 0.
  return bounds.first === null ? { first: 1, last: -1 } : bounds
}
