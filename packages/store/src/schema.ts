/**
 * The tables, as migrations from one version to the next; `PRAGMA user_version` counts those that a file has had. Released migrations never
 * change.
 *
 * alerts   one row per alert, in the order of arrival; `body` is its JSON (JSONB)
 * words    FTS5 over rule and message; keeps no contents
 * pairs    FTS5 over pairs of a name and a value (see term.ts); knows only which alerts have them, not where
 * triage   the triage of alerts; an alert without a row is open and unassigned
 * notes    notes on alerts
 * silences conditions whose alerts are marked
 * counts   alerts per minute, hour and day, by the dimensions of `counts.ts`, and the rows between which they are
 */
import type { DatabaseSync } from 'node:sqlite'
import { StoreError } from './error.ts'
import { quoted, TOKENIZER, termsOf, wordsOf } from './term.ts'

/** The application ID of this package's SQLite files: `falc` in ASCII. */
const APPLICATION = 0x66616c63

const STEPS: readonly (string | ((db: DatabaseSync) => void))[] = [
  `CREATE TABLE alerts (
     seq INTEGER PRIMARY KEY,
     id BLOB NOT NULL UNIQUE,
     time INTEGER NOT NULL,
     stored INTEGER NOT NULL,
     priority INTEGER NOT NULL,
     rule TEXT NOT NULL,
     source TEXT NOT NULL,
     host TEXT,
     namespace TEXT,
     body BLOB NOT NULL
   ) STRICT;
   CREATE VIRTUAL TABLE search USING fts5(text, terms, content='', contentless_delete=1, tokenize='unicode61');
   CREATE TABLE counts (
     unit INTEGER NOT NULL,
     start INTEGER NOT NULL,
     rule TEXT NOT NULL,
     priority INTEGER NOT NULL,
     source TEXT NOT NULL,
     host TEXT NOT NULL,
     namespace TEXT NOT NULL,
     n INTEGER NOT NULL,
     first INTEGER NOT NULL,
     last INTEGER NOT NULL,
     PRIMARY KEY (unit, start, rule, priority, source, host, namespace)
   ) WITHOUT ROWID, STRICT;`,
  `CREATE TABLE triage (
     seq INTEGER PRIMARY KEY,
     state INTEGER NOT NULL,
     reason TEXT,
     assignee TEXT,
     author TEXT NOT NULL,
     changed INTEGER NOT NULL,
     notes INTEGER NOT NULL
   ) STRICT;
   CREATE INDEX triage_assignee ON triage (assignee) WHERE assignee IS NOT NULL;
   CREATE TABLE notes (
     seq INTEGER NOT NULL,
     n INTEGER NOT NULL,
     author TEXT NOT NULL,
     written INTEGER NOT NULL,
     text TEXT NOT NULL,
     PRIMARY KEY (seq, n)
   ) WITHOUT ROWID, STRICT;
   CREATE TABLE silences (
     id INTEGER PRIMARY KEY AUTOINCREMENT,
     condition TEXT NOT NULL,
     since INTEGER NOT NULL,
     until INTEGER NOT NULL,
     author TEXT NOT NULL,
     reason TEXT NOT NULL,
     created INTEGER NOT NULL,
     namespaces TEXT
   ) STRICT;`,
  // The index is made by the last step.
  'DROP TABLE search;',
  '',
  db => {
    // Times rise: an index that begins with them grows at its end, where one of IDs alone changes a page for each alert.
    db.exec(`ALTER TABLE alerts RENAME TO earlier;
      CREATE TABLE alerts (
        seq INTEGER PRIMARY KEY,
        id BLOB NOT NULL,
        time INTEGER NOT NULL,
        stored INTEGER NOT NULL,
        priority INTEGER NOT NULL,
        rule TEXT NOT NULL,
        source TEXT NOT NULL,
        host TEXT,
        namespace TEXT,
        body BLOB NOT NULL,
        UNIQUE (time, id)
      ) STRICT;
      INSERT INTO alerts SELECT * FROM earlier;
      DROP TABLE earlier;
      DROP TABLE IF EXISTS words;
      DROP TABLE IF EXISTS pairs;
      CREATE VIRTUAL TABLE words USING fts5(text, content='', contentless_delete=1, tokenize='unicode61');
      CREATE VIRTUAL TABLE pairs USING fts5(terms, content='', contentless_delete=1, tokenize=${quoted(TOKENIZER)}, detail=none);`)
    // A batch is one part of an index. Parts are merged seldom: alerts come all the time, searches now and then.
    for (const index of ['words', 'pairs'])
      db.exec(
        `INSERT INTO ${index} (${index}, rank) VALUES ('hashsize', 16777216), ('automerge', 64), ('crisismerge', 256)`,
      )
    const words = db.prepare('INSERT INTO words (rowid, text) VALUES (?, ?)')
    const pairs = db.prepare('INSERT INTO pairs (rowid, terms) VALUES (?, ?)')
    for (const { seq, text } of db.prepare('SELECT seq, json(body) text FROM alerts').iterate()) {
      const body = JSON.parse(text as string)
      words.run(seq!, wordsOf(body))
      pairs.run(seq!, termsOf(body, text as string))
    }
  },
]

export const VERSION = STEPS.length

/**
 * Brings a file to this version.
 * @throws {StoreError} when it is another program's, or of a later version
 */
export function migrate(db: DatabaseSync): void {
  const version = check(db)
  if (version === VERSION) return
  db.exec('BEGIN IMMEDIATE')
  try {
    // Another process may have been faster.
    for (const step of STEPS.slice(check(db))) {
      if (typeof step === 'string') db.exec(step)
      else step(db)
    }
    db.exec(`PRAGMA application_id = ${APPLICATION}; PRAGMA user_version = ${VERSION}; COMMIT`)
  } catch (error) {
    db.exec('ROLLBACK')
    throw error
  }
}

/** @returns the version of a file, 0 for an empty one @throws {StoreError} when this program cannot read it */
export function check(db: DatabaseSync): number {
  const version = pragma(db, 'user_version')
  const application = pragma(db, 'application_id')
  const empty = pragma(db, 'schema_version') === 0
  if (!empty && application !== APPLICATION)
    throw new StoreError('foreign', 'it is an SQLite file, but no store of alerts')
  if (version > VERSION)
    throw new StoreError(
      'newer',
      `it was written by a later version of falc (format ${version}; this one knows ${VERSION})`,
    )
  return version
}

/** The value of a setting that is one number. */
export function pragma(db: DatabaseSync, name: string): number {
  return Number(Object.values(db.prepare(`PRAGMA ${name}`).get() ?? {})[0])
}
