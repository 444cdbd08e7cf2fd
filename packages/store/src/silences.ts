/** Silences: conditions whose alerts are hidden for a time. The alerts stay in the store; the reader marks them. */
import type { DatabaseSync } from 'node:sqlite'
import type { AlertData, Source } from '@falc/engine'
import { guarded, StoreError } from './error.ts'
import { exactly } from './query/fragment.ts'
import { allOf, type PlannedCondition, planCondition } from './query/plan.ts'
import { inRange, namespaceOf } from './row.ts'

export interface NewSilence {
  readonly condition: string
  /** Alerts of events from this time on, and before that one: nanoseconds since 1970. */
  readonly since: bigint
  readonly until: bigint
  readonly author: string
  readonly reason: string
  /** Only alerts about these; undefined: all. */
  readonly namespaces?: readonly string[] | undefined
}

export interface Silence extends NewSilence {
  readonly id: number
  /** Milliseconds since 1970. */
  readonly created: number
}

/** Each look at an alert evaluates all of them. */
const MAX_SILENCES = 500

const NS = 1_000_000n

/** Which alerts a silence covers. @throws {ConditionError} */
export function planSilence(
  { condition, namespaces, ...given }: NewSilence,
  source: Source<AlertData>,
): PlannedCondition {
  const [since, until] = [inRange(given.since), inRange(given.until)]
  const isThen = (alert: AlertData) => inRange(alert.time) >= since && inRange(alert.time) < until
  const then = { ...exactly('time >= ? AND time < ?', [since, until]), test: isThen }
  const plans = [then]
  if (namespaces) {
    const own = `ifnull(namespace, '') IN (${namespaces.map(() => '?').join(', ')})`
    plans.push({ ...exactly(own, namespaces), test: alert => namespaces.includes(namespaceOf(alert)) })
  }
  // What costs most comes last.
  return allOf([...plans, planCondition(condition, source)])
}

/** All silences, the newest first. @throws {StoreError} */
export function silencesOf(db: DatabaseSync): Silence[] {
  return guarded(() => {
    const statement = db.prepare('SELECT * FROM silences ORDER BY id DESC')
    statement.setReadBigInts(true)
    const rows = statement.all() as unknown as (Record<'id' | 'since' | 'until' | 'created', bigint> &
      Record<'condition' | 'author' | 'reason', string> & { namespaces: string | null })[]
    return rows.map(({ id, created, namespaces, ...rest }) => ({
      ...{ ...rest, id: Number(id), created: Number(created) },
      namespaces: namespaces === null ? undefined : JSON.parse(namespaces),
    }))
  })
}

/**
 * Adds a silence; of more than 500, those that ended first are forgotten.
 * @returns its number
 * @throws {StoreError} also when there are too many that have not ended
 */
export function addSilence(db: DatabaseSync, silence: NewSilence, now = Date.now()): number {
  const { condition, since, until, author, reason, namespaces } = silence
  return guarded(() => {
    const { n } = db.prepare('SELECT count(*) n FROM silences').get() as { n: number }
    if (n >= MAX_SILENCES) {
      const ended = 'SELECT id FROM silences WHERE until < ? ORDER BY until LIMIT 1'
      const { changes } = db.prepare(`DELETE FROM silences WHERE id IN (${ended})`).run(BigInt(now) * NS)
      if (changes === 0) throw new StoreError('unusable', `there are ${MAX_SILENCES} silences`)
    }
    const { lastInsertRowid } = db
      .prepare(
        'INSERT INTO silences (condition, since, until, author, reason, created, namespaces) VALUES (?, ?, ?, ?, ?, ?, ?)',
      )
      .run(
        condition,
        inRange(since),
        inRange(until),
        author,
        reason,
        now,
        namespaces === undefined ? null : JSON.stringify(namespaces),
      )
    return Number(lastInsertRowid)
  })
}

/** Ends a silence now. @throws {StoreError} */
export function endSilence(db: DatabaseSync, id: number, now = Date.now()): void {
  const end = BigInt(now) * NS
  guarded(() => db.prepare('UPDATE silences SET until = max(since, min(until, ?)) WHERE id = ?').run(end, id))
}
