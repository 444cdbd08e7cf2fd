/** The alerts that a query selects, as the clauses of a SELECT. */
import type { DatabaseSync, SQLInputValue } from 'node:sqlite'
import { inRange } from '../row.ts'
import { STATES, type State } from '../state.ts'
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
  /** Only alerts about these namespaces; those about none have the name ''. */
  readonly namespaces?: readonly string[] | undefined
  /** Only alerts in one of these triage states. */
  readonly states?: readonly State[] | undefined
  /** Only alerts that are assigned to someone. */
  readonly assignee?: string | undefined
}

/** Rows by their number in the order of arrival; the ends are excluded. */
export interface Window {
  readonly after?: number | undefined
  readonly before?: number | undefined
  /** Rows that are looked at at a time; more, once they turn out to be fast. */
  readonly part?: number | undefined
}

/** A part of the rows, its ends excluded. */
export type Rows = Readonly<Record<'after' | 'before', number>>

export interface Selection {
  /** `FROM … WHERE …` */
  readonly from: string
  /** Values for `from`. */
  bind(rows: Rows): SQLInputValue[]
  /** The row's number. */
  readonly seq: string
  /** Whether the row satisfies the condition for sure: SQL, 1 or 0. */
  readonly sure: Fragment
  /** Whether SQL decides alone. */
  readonly exact: boolean
}

export function select(query: Query): Selection {
  const { condition, words, since, until, namespaces, states, assignee } = query
  const text = words === undefined ? undefined : matchWords(words)
  const index = condition?.match !== undefined ? 'pairs' : text !== undefined ? 'words' : undefined
  const seq = index === undefined ? 'alerts.seq' : `${index}.rowid`
  const where: string[] = []
  const values: (SQLInputValue | keyof Rows | undefined)[] = []
  const bounds: (keyof Rows | undefined)[] = []
  const add = (text: string, ...params: readonly SQLInputValue[]) => {
    where.push(text)
    values.push(...params)
    bounds.push(...params.map(() => undefined))
  }
  /** @param inside of what the rows are a part: a sub-query that is still open, with its values */
  const within = (column: string, inside = '', ...params: readonly SQLInputValue[]) => {
    where.push(`${inside}${column} > ? AND ${column} < ?${inside && ')'}`)
    values.push(...params, undefined, undefined)
    bounds.push(...params.map(() => undefined), 'after', 'before')
  }
  if (condition?.match !== undefined) {
    add('pairs MATCH ?', condition.match)
    if (text !== undefined) {
      within('words.rowid', `${seq} IN (SELECT rowid FROM words WHERE words MATCH ? AND `, text)
    }
  } else if (text !== undefined) add('words MATCH ?', text)
  within(seq)
  // The plus keeps SQLite from the index of times: rows are in the order of arrival.
  if (since !== undefined) add('+time >= ?', inRange(since))
  if (until !== undefined) add('+time < ?', inRange(until))
  if (namespaces) add(`ifnull(namespace, '') IN (${marks(namespaces)})`, ...namespaces)
  if (states) {
    const others = STATES.filter(state => !states.includes(state)).map(state => STATES.indexOf(state))
    // Alerts without triage are open, and most are.
    const open = states.includes('open')
    const numbers = open ? others : states.map(state => STATES.indexOf(state))
    within('triage.seq', `${seq} ${open ? 'NOT ' : ''}IN (SELECT seq FROM triage WHERE state IN (${numbers}) AND `)
  }
  if (assignee !== undefined) {
    add(`${seq} IN (SELECT seq FROM triage WHERE assignee = ?)`, assignee)
  }
  if (condition && condition.maybe.text !== '1') add(condition.maybe.text, ...condition.maybe.params)
  const tables = index === undefined ? 'alerts' : `${index} CROSS JOIN alerts ON alerts.seq = ${seq}`
  const sure = condition?.sure ?? TRUE
  return {
    from: `FROM ${tables} WHERE ${where.join(' AND ')}`,
    bind: rows => values.map((value, i) => (bounds[i] === undefined ? value! : rows[bounds[i]])),
    ...{ seq, sure, exact: condition === undefined || sure.text === condition.maybe.text },
  }
}

const marks = (values: readonly unknown[]) => values.map(() => '?').join(', ')

const NS = 1_000_000_000n
const HOUR = 3600n

/** Between which rows the alerts of a time are, the ends excluded. Alerts arrive in about the order of their times: the hours' counts know it. */
export function rowsOf(db: DatabaseSync, { since, until }: Query, { after = 0, before }: Window): Rows {
  const { first, last } = since === undefined && until === undefined ? ends(db) : endsBetween(db, since, until)
  return {
    after: Math.max(after, (first ?? 1) - 1),
    before: Math.min(before ?? Number.MAX_SAFE_INTEGER, (last ?? 0) + 1),
  }
}

type Ends = Readonly<Record<'first' | 'last', number | null>>

function ends(db: DatabaseSync): Ends {
  // Apart, each is a look-up.
  return db.prepare('SELECT (SELECT min(seq) FROM alerts) first, (SELECT max(seq) FROM alerts) last').get() as Ends
}

function endsBetween(db: DatabaseSync, since?: bigint, until?: bigint): Ends {
  const hour = (time: bigint) => (time / NS / HOUR) * HOUR
  const from = since === undefined ? -(2n ** 62n) : hour(inRange(since)) - HOUR
  const to = until === undefined ? 2n ** 62n : hour(inRange(until)) + HOUR
  return db
    .prepare('SELECT min(first) first, max(last) last FROM counts WHERE unit = 3600 AND start >= ? AND start <= ?')
    .get(from, to) as Ends
}
