/** Opens SQLite files as this package uses them. */
import { statSync } from 'node:fs'
import type { DatabaseSync } from 'node:sqlite'
import { guarded, StoreError } from './error.ts'
import { check, migrate, VERSION } from './schema.ts'

/** Milliseconds to wait for another process that is writing. */
const BUSY_MS = 5000

export interface Connection {
  readonly db: DatabaseSync
  /** Whether the path is still this file's. */
  isInPlace(): boolean
}

/**
 * Opens a store to write, and creates it where there is none. Every commit is on disk when it returns.
 * @throws {StoreError}
 */
export async function openToWrite(path: string): Promise<Connection> {
  const connection = await open(path, false)
  return guarded(() => {
    const { db } = connection
    db.exec(`PRAGMA page_size = 16384; PRAGMA auto_vacuum = incremental; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;
      PRAGMA cache_size = -65536; PRAGMA journal_size_limit = 67108864; PRAGMA wal_autocheckpoint = 2000`)
    migrate(db)
    return connection
  })
}

/** Opens a store to read, while others write. @throws {StoreError} also when there is none */
export async function openToRead(path: string): Promise<Connection> {
  if (!guarded(() => statSync(path, { throwIfNoEntry: false })))
    throw new StoreError('unusable', 'there is no such file')
  let connection = await open(path, true)
  const version = guarded(() => check(connection.db))
  if (version === 0) throw new StoreError('foreign', 'it is not a store of alerts')
  if (version < VERSION) {
    // An earlier version's: it is brought up to date.
    connection.db.close()
    const writing = await openToWrite(path)
    writing.db.close()
    connection = await open(path, true)
  }
  return guarded(() => {
    connection.db.exec('PRAGMA cache_size = -65536')
    return connection
  })
}

/** Of the files that SQLite opens. */
const SUFFIXES = ['', '-wal', '-shm', '-journal']

/** SQLite waits for the other end of a pipe. @throws {StoreError} */
function checkPlain(path: string): void {
  const found = statSync(path, { throwIfNoEntry: false })
  if (found && !found.isFile()) throw new StoreError('unusable', `${path} is not a plain file`)
}

async function open(path: string, readOnly: boolean): Promise<Connection> {
  const { DatabaseSync } = await sqlite()
  return guarded(() => {
    for (const suffix of SUFFIXES) checkPlain(path + suffix)
    const db = new DatabaseSync(path, { readOnly })
    db.exec(`PRAGMA busy_timeout = ${BUSY_MS}`)
    const { ino, dev } = statSync(path)
    return {
      db,
      isInPlace() {
        const now = statSync(path, { throwIfNoEntry: false })
        return now?.ino === ino && now.dev === dev
      },
    }
  })
}

/** Node 22.12 has SQLite behind a flag only, and 22.13 and later ones of that line print a warning. */
async function sqlite(): Promise<typeof import('node:sqlite')> {
  try {
    return await import('node:sqlite')
  } catch {
    throw new StoreError(
      'missing',
      `Node.js ${process.versions.node} has no node:sqlite; 22.13 is the first that has it`,
    )
  }
}
