/** The alerts that a question is about, the newest first. */

import type { DatabaseSync, SQLInputValue } from 'node:sqlite'
import { type AlertData, parseAlert } from '@falc/engine'
import { guarded } from './error.ts'
import { type Query, select, type Window } from './query/select.ts'
import { idOf } from './row.ts'

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

/**
 * Alerts in the order of arrival, the newest first unless `oldest` is set. An open iteration keeps the store from reusing space: take what is needed, and end it.
 * @throws {StoreError}
 */
export function* search(
  db: DatabaseSync,
  query: Query,
  window: Window & { oldest?: boolean } = {},
): Generator<StoredAlert> {
  const { from, params, seq, sure } = select(db, query, window)
  const order = window.oldest ? 'ASC' : 'DESC'
  const statement = `SELECT ${seq} seq, json(body) body, ${sure.text} sure ${from} ORDER BY ${seq} ${order}`
  const rows = guarded(() => db.prepare(statement).iterate(...sure.params, ...params)) as unknown as Iterator<Found>
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

/** Alerts by their id, or by its beginning: as many as begin with it, at most ten. */
export function byId(db: DatabaseSync, id: string): StoredAlert[] {
  const [from, to] = rangeOf(id)
  return guarded(() => {
    const rows = db.prepare('SELECT seq, json(body) body FROM alerts WHERE id >= ? AND id <= ? LIMIT 10').all(from, to)
    return (rows as unknown as Found[]).map(({ seq, body }) => ({ seq, body, alert: parseAlert(body) }))
  })
}

function rangeOf(id: string): [SQLInputValue, SQLInputValue] {
  if (!/^[0-9a-f]{4,31}$/.test(id)) return [idOf(id), idOf(id)]
  return [Buffer.from(id.padEnd(32, '0'), 'hex'), Buffer.from(id.padEnd(32, 'f'), 'hex')]
}
