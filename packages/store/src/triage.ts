/** The triage of alerts: state, assignee, notes. */
import type { DatabaseSync } from 'node:sqlite'
import { guarded } from './error.ts'
import { STATES, type State } from './state.ts'

export interface Triage {
  readonly state: State
  readonly reason: string | undefined
  readonly assignee: string | undefined
  /** Who changed it last. */
  readonly author: string
  /** When: milliseconds since 1970. */
  readonly changed: number
  /** How many notes there are. */
  readonly notes: number
}

export interface Note {
  readonly author: string
  /** Milliseconds since 1970. */
  readonly written: number
  readonly text: string
}

/** What is not given stays. */
export interface TriageChange {
  readonly author: string
  readonly state?: State | undefined
  readonly reason?: string | undefined
  /** null: unassigned. */
  readonly assignee?: string | null | undefined
  readonly note?: string | undefined
}

/** Notes that an alert can have; the oldest go. */
const MAX_NOTES = 100

/** Changes alerts, in one transaction. @param seqs their numbers @returns how many there are @throws {StoreError} none was changed */
export function changeTriage(
  db: DatabaseSync,
  seqs: readonly number[],
  { author, state, reason, assignee, note }: TriageChange,
  now = Date.now(),
): number {
  return guarded(() => {
    const row = db.prepare(`INSERT INTO triage SELECT seq, 0, NULL, NULL, ?, ?, 0 FROM alerts WHERE seq = ?
      ON CONFLICT DO UPDATE SET author = excluded.author, changed = excluded.changed`)
    // A reason belongs to its state.
    const stand = db.prepare('UPDATE triage SET state = ?, reason = ? WHERE seq = ?')
    const assign = db.prepare('UPDATE triage SET assignee = ? WHERE seq = ?')
    const count = db.prepare('UPDATE triage SET notes = notes + 1 WHERE seq = ? RETURNING notes')
    const write = db.prepare('INSERT INTO notes VALUES (?, ?, ?, ?, ?)')
    const forget = db.prepare('DELETE FROM notes WHERE seq = ? AND n <= ?')
    return transaction(db, () => {
      let changed = 0
      for (const seq of seqs) {
        if (row.run(author, now, seq).changes === 0) continue
        changed++
        if (state !== undefined) stand.run(STATES.indexOf(state), reason ?? null, seq)
        if (assignee !== undefined) assign.run(assignee, seq)
        if (note === undefined) continue
        const { notes } = count.get(seq) as { notes: number }
        write.run(seq, notes, author, now, note)
        forget.run(seq, notes - MAX_NOTES)
      }
      return changed
    })
  })
}

function transaction<T>(db: DatabaseSync, step: () => T): T {
  db.exec('BEGIN IMMEDIATE')
  try {
    const result = step()
    db.exec('COMMIT')
    return result
  } catch (error) {
    if (db.isTransaction) db.exec('ROLLBACK')
    throw error
  }
}

/** What is decided about an alert; undefined: nothing. @throws {StoreError} */
export function triageOf(db: DatabaseSync, seq: number): Triage | undefined {
  const row = guarded(() => db.prepare('SELECT * FROM triage WHERE seq = ?').get(seq)) as
    | (Record<'state' | 'changed' | 'notes', number> & { author: string } & Record<
          'reason' | 'assignee',
          string | null
        >)
    | undefined
  if (row === undefined) return undefined
  const { state, reason, assignee, author, changed, notes } = row
  return {
    ...{ state: STATES[state]!, reason: reason ?? undefined, assignee: assignee ?? undefined, author, changed },
    // The column counts those that are gone, too.
    notes: Math.min(notes, MAX_NOTES),
  }
}

/** The notes of an alert, the oldest first. @throws {StoreError} */
export function notesOf(db: DatabaseSync, seq: number): Note[] {
  const text = 'SELECT author, written, text FROM notes WHERE seq = ? ORDER BY n'
  return guarded(() => db.prepare(text).all(seq)) as unknown as Note[]
}
