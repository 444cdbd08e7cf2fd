/** Searches alerts, the newest first. */

import type { DatabaseSync } from 'node:sqlite'
import { type AlertData, parseAlert } from '@falc/engine'
import { guarded } from './error.ts'
import { Parts, type RunningQuery } from './parts.ts'
import { type Query, type Rows, select, type Window } from './query/select.ts'
import { idOf } from './row.ts'
import { term, termsFrom } from './term.ts'

export interface StoredAlert {
  /** Its number in the order of arrival: alerts that arrive later have greater ones. */
  readonly seq: number
  readonly alert: AlertData
  /** Its JSON: Falco's, with `id`. */
  readonly body: string
}

interface Found {
  readonly seq: number
  readonly body: string
  readonly sure: number
}

export interface Direction extends Window {
  readonly oldest?: boolean | undefined
}

/** Finds the alerts of a part. */
function finder(db: DatabaseSync, query: Query, oldest = false): (rows: Rows) => Generator<StoredAlert> {
  const { from, bind, seq, sure } = select(query)
  const order = oldest ? 'ASC' : 'DESC'
  const text = `SELECT ${seq} seq, json(body) body, ${sure.text} sure ${from} ORDER BY ${seq} ${order}`
  return function* (part) {
    // A new statement each time: another query may run while this one is half read.
    const rows = guarded(() => db.prepare(text).iterate(...sure.params, ...bind(part))) as unknown as Iterator<Found>
    try {
      for (;;) {
        const { done, value } = guarded(() => rows.next())
        if (done) return
        const alert = parseAlert(value.body)
        if (value.sure !== 1 && !query.condition!.test(alert)) continue
        yield { seq: value.seq, alert, body: value.body }
      }
    } finally {
      rows.return?.()
    }
  }
}

/**
 * Alerts in the order of arrival, the newest first unless `oldest` is set. An open iteration keeps the store from reusing space: take what is needed, and end it.
 * @throws {StoreError}
 */
export function* search(db: DatabaseSync, query: Query, window: Direction = {}): Generator<StoredAlert> {
  const parts = new Parts(db, query, window)
  const find = finder(db, query, window.oldest)
  for (let part = parts.next(); part; part = parts.next()) {
    yield* find(part)
    parts.grow()
  }
}

/** Alerts, and where to look for more: `before`, or `after` with `oldest`; undefined: there are none. */
export interface Page {
  readonly alerts: readonly StoredAlert[]
  readonly next: number | undefined
}

/** Bytes of alerts that a page has; one alert more than that. */
const MAX_BYTES = 16 * 1024 * 1024

/** The first alerts of a search, as many as `limit` says, or fewer large ones. */
export function page(db: DatabaseSync, query: Query, window: Direction, limit: number): RunningQuery<Page> {
  const parts = new Parts(db, query, window)
  const find = finder(db, query, window.oldest)
  const alerts: StoredAlert[] = []
  let bytes = 0
  const isFull = () => alerts.length >= limit || bytes >= MAX_BYTES
  const take = (rows: Rows) => {
    for (const found of find(rows)) {
      alerts.push(found)
      bytes += found.body.length
      if (isFull()) return
    }
  }
  return {
    step: () => !isFull() && parts.step(take) && !isFull(),
    get value() {
      const { after, before } = parts.left
      const end = window.oldest ? after : before
      return { alerts, next: isFull() ? alerts.at(-1)!.seq : parts.isDone ? undefined : end }
    },
    get complete() {
      return isFull() || parts.isDone
    },
  }
}

/** Alerts by their id, or by its beginning: as many as begin with it, at most ten. */
export function byId(db: DatabaseSync, id: string, namespaces?: readonly string[]): StoredAlert[] {
  const [match, from, to] = rangeOf(id)
  const only = namespaces ? `AND ifnull(namespace, '') IN (${namespaces.map(() => '?').join(', ')})` : ''
  return guarded(() => {
    const text = `SELECT seq, json(body) body FROM pairs CROSS JOIN alerts ON seq = pairs.rowid
      WHERE pairs MATCH ? AND id >= ? AND id <= ? ${only} LIMIT 10`
    const rows = db.prepare(text).all(match, from, to, ...(namespaces ?? []))
    return (rows as unknown as Found[]).map(({ seq, body }) => ({ seq, body, alert: parseAlert(body) }))
  })
}

/** What the index is asked, and between which values of the column it is. */
function rangeOf(id: string): [string, Buffer, Buffer] {
  if (!/^[0-9a-f]{4,31}$/.test(id)) return [term('alert.id', id), idOf(id), idOf(id)]
  return [termsFrom('alert.id', id), Buffer.from(id.padEnd(32, '0'), 'hex'), Buffer.from(id.padEnd(32, 'f'), 'hex')]
}
