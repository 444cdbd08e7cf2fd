/** Counts alerts: from the table of counts where that suffices, else by reading the alerts. */
import type { DatabaseSync, SQLInputValue } from 'node:sqlite'
import { partsOf, UNITS } from './counts.ts'
import { guarded } from './error.ts'
import type { Grouping } from './grouping.ts'
import { derived, known, Parts, type RunningQuery } from './parts.ts'
import { type Query, type Rows, select, type Window } from './query/select.ts'
import { search } from './search.ts'

/** A value and how many alerts have it; null: the alerts that lack it. */
export interface Count {
  readonly value: string | null
  readonly count: number
}

/** Alerts that are equal in what they are grouped by. */
export interface Group {
  /** In the order of the groupings. */
  readonly values: readonly (string | null)[]
  readonly count: number
  /** How many of them are open. */
  readonly open: number
  /** Numbers of the first and the last that arrived. */
  readonly first: number
  readonly last: number
}

const NS = 1_000_000_000n
const MINUTE = 60n * NS

/** Different values that are kept apart. */
export const MAX_GROUPS = 100_000

/** How many alerts there are. */
export function count(db: DatabaseSync, query: Query, window: Window): RunningQuery<number> {
  return derived(groups(db, [], query, 1, window), ([all]) => all?.count ?? 0)
}

/** The most frequent values, the most frequent first. @param limit how many @throws {StoreError} */
export function top(
  db: DatabaseSync,
  by: Grouping,
  query: Query,
  limit: number,
  window: Window,
): RunningQuery<Count[]> {
  const countOf = ({ values, count }: Group) => ({ value: values[0]!, count })
  return derived(groups(db, [by], query, limit, window), found => found.map(countOf))
}

/** The most frequent combinations of values, the most frequent first. @param limit how many */
export function groups(
  db: DatabaseSync,
  by: readonly Grouping[],
  query: Query,
  limit: number,
  window: Window,
): RunningQuery<Group[]> {
  const tally = new Tally(by)
  const counted = countsOf(by, query)
  if (counted) {
    guarded(() => {
      tally.addRows(db, `sum(n) count, min(first) first, max(last) last, 0 seen ${counted.from}`, counted.params)
      const seen = select({ ...query, states: ['acknowledged', 'closed', 'false_positive'] })
      const all = { after: 0, before: Number.MAX_SAFE_INTEGER }
      tally.addRows(db, `0 count, ${OUTSIDE}, count(*) seen ${seen.from}`, seen.bind(all))
    })
    return known(tally.ordered(limit), !tally.isCut)
  }
  const selection = by.every(({ sql }) => sql !== undefined) ? select(query) : undefined
  const parts = new Parts(db, query, window)
  const work = selection?.exact
    ? (rows: Rows) =>
        tally.addRows(db, `count(*) count, ${ends(selection.seq)} ${selection.from}`, selection.bind(rows))
    : (rows: Rows) => tally.addAlerts(db, query, rows)
  return {
    step: () => parts.step(work),
    get value() {
      return tally.ordered(limit)
    },
    get complete() {
      return parts.isDone && !tally.isCut
    },
    get looked() {
      return parts.looked
    },
  }
}

const OUTSIDE = `${Number.MAX_SAFE_INTEGER} first, 0 last`
const SEEN = 'EXISTS (SELECT 1 FROM triage WHERE triage.seq = alerts.seq AND state <> 0)'
const ends = (seq: string) => `min(${seq}) first, max(${seq}) last, sum(${SEEN}) seen`

/** Adds up groups. */
class Tally {
  readonly #by: readonly Grouping[]
  readonly #groups = new Map<string, { -readonly [K in keyof Group]: Group[K] }>()
  /** Whether there were more groups than are kept apart. */
  isCut = false

  constructor(by: readonly Grouping[]) {
    this.#by = by
  }

  /** @param rest of a SELECT that gives count, first, last and seen of each group */
  addRows(db: DatabaseSync, rest: string, params: readonly SQLInputValue[]): void {
    const columns = this.#by.map(({ sql }, i) => `${sql} v${i}, `).join('')
    const end = this.#by.length === 0 ? '' : ` GROUP BY ${this.#by.map((_, i) => i + 1).join(', ')}`
    for (const row of db.prepare(`SELECT ${columns}${rest}${end}`).iterate(...params)) {
      const { count, first, last, seen } = row as Record<string, number>
      // One text may be several values: 5 and "5".
      const values = this.#by.map((by, i) => by.printed(row[`v${i}`]))
      if (first !== null) this.#add(values, count!, count! - seen!, first!, last!)
    }
  }

  addAlerts(db: DatabaseSync, query: Query, rows: Rows): void {
    const seen = db.prepare('SELECT 1 FROM triage WHERE seq = ? AND state <> 0')
    for (const { alert, seq } of search(db, query, { ...rows, part: rows.before - rows.after })) {
      const open = seen.get(seq) === undefined ? 1 : 0
      for (const values of combined(this.#by.map(by => by.valuesOf(alert)))) this.#add(values, 1, open, seq, seq)
    }
  }

  #add(values: readonly (string | null)[], count: number, open: number, first: number, last: number): void {
    const key = JSON.stringify(values)
    const group = this.#groups.get(key)
    if (group) {
      group.count += count
      group.open += open
      group.first = Math.min(group.first, first)
      group.last = Math.max(group.last, last)
    } else if (this.#groups.size < MAX_GROUPS) this.#groups.set(key, { values, count, open, first, last })
    else this.isCut = true
  }

  ordered(limit: number): Group[] {
    return [...this.#groups]
      .filter(([, { count }]) => count > 0)
      .sort(([a, { count: m }], [b, { count: n }]) => n - m || (a < b ? -1 : 1))
      .slice(0, limit)
      .map(([, group]) => group)
  }
}

/** Every way to take one of each list. */
function combined(lists: readonly (readonly (string | null)[])[]): (string | null)[][] {
  return lists.reduce<(string | null)[][]>(
    (all, list) => all.flatMap(values => list.map(value => [...values, value])),
    [[]],
  )
}

/** Whether the counts know which alerts a question is about. */
export function isCounted({ condition, words, states, assignee }: Query): boolean {
  return condition === undefined && words === undefined && states === undefined && assignee === undefined
}

interface Counted {
  readonly from: string
  readonly params: readonly SQLInputValue[]
}

/** The counts of a range that begins and ends with a minute, or with nothing; undefined: they do not know. */
function countsOf(by: readonly Grouping[], query: Query): Counted | undefined {
  const { since, until } = query
  const aligned = (since ?? 0n) % MINUTE === 0n && (until ?? 0n) % MINUTE === 0n
  if (!isCounted(query) || !aligned || !by.every(({ dimension }) => dimension !== undefined)) return undefined
  const only = ofNamespaces(query)
  if (since === undefined && until === undefined)
    return { from: `FROM counts WHERE unit = ${UNITS[0]} ${only.text}`, params: only.params }
  const seconds = (time: bigint | undefined, otherwise: number) => (time === undefined ? otherwise : Number(time / NS))
  const parts = partsOf(seconds(since, -FAR), seconds(until, FAR))
  const where = parts.map(() => '(unit = ? AND start >= ? AND start < ?)').join(' OR ')
  return {
    from: `FROM counts WHERE (${where || '0'}) ${only.text}`,
    params: [...parts.flatMap(({ unit, from, to }) => [unit, from, to]), ...only.params],
  }
}

export function ofNamespaces({ namespaces }: Query): { text: string; params: readonly string[] } {
  if (!namespaces) return { text: '', params: [] }
  return { text: `AND namespace IN (${namespaces.map(() => '?').join(', ')})`, params: namespaces }
}

/** A whole number of days, in seconds, further from 1970 than any time. */
const FAR = 86_400 * 200_000
