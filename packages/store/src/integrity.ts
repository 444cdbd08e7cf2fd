/** Checks the integrity of a file, and replaces a damaged one. */
import { closeSync, existsSync, openSync, readSync, renameSync } from 'node:fs'
import type { DatabaseSync } from 'node:sqlite'
import { isoTime } from '@falc/engine'
import { guarded, type StoreFault } from './error.ts'

/** The number of problems that are listed. */
const MAX_PROBLEMS = 20

/**
 * Reads the whole file: its structure, the index, and whether the counts are those of the alerts.
 * @returns what is wrong, one line each; none: the file is intact
 */
export function problemsIn(db: DatabaseSync): string[] {
  try {
    return guarded(() => {
      const rows = db.prepare(`PRAGMA integrity_check(${MAX_PROBLEMS})`).all() as { integrity_check: string }[]
      const structure = rows.map(row => row.integrity_check).filter(text => text !== 'ok')
      return structure.length > 0 ? structure : contents(db)
    })
  } catch (error) {
    return [(error as Error).message]
  }
}

function contents(db: DatabaseSync): string[] {
  const problems: string[] = []
  const number = (sql: string) => Number(Object.values(db.prepare(sql).get()!)[0])
  const alerts = number('SELECT count(*) FROM alerts')
  for (const index of ['words', 'pairs']) {
    const indexed = number(`SELECT count(*) FROM ${index}_docsize`)
    if (indexed !== alerts) problems.push(`the index of ${index} has ${indexed} alerts, the store ${alerts}`)
  }
  const differing = number(`SELECT count(*) FROM (
    SELECT rule, priority, source, host, namespace, sum(n) n FROM (
      SELECT rule, priority, source, host, namespace, n FROM counts WHERE unit = 86400
      UNION ALL SELECT rule, priority, source, coalesce(host, ''), coalesce(namespace, ''), -1 FROM alerts)
    GROUP BY 1, 2, 3, 4, 5 HAVING sum(n) <> 0)`)
  if (differing > 0) problems.push(`${differing} counts are not those of the alerts`)
  return problems
}

const MAGIC = 'SQLite format 3\0'

/** Whether a store cannot be used any more. A file of another sort at this path may be a slip of a configuration: it is left alone, unless it is named like a database. */
export function isDamaged(fault: StoreFault, path: string): boolean {
  return fault === 'damaged' || (fault === 'foreign' && path.endsWith('.db') && !begins(path, MAGIC))
}

function begins(path: string, text: string): boolean {
  const file = openSync(path, 'r')
  try {
    const start = Buffer.alloc(text.length)
    readSync(file, start)
    return start.toString('latin1') === text
  } finally {
    closeSync(file)
  }
}

/** Renames a file and what SQLite keeps beside it. @returns its new name */
export function moveAside(path: string, now = Date.now()): string {
  const mark = isoTime(BigInt(now) * 1_000_000n)
    .slice(0, 19)
    .replaceAll(':', '-')
  let target = `${path}.damaged-${mark}`
  for (let n = 2; existsSync(target); n++) target = `${path}.damaged-${mark}-${n}`
  for (const end of ['-wal', '-shm', '']) if (existsSync(path + end)) renameSync(path + end, target + end)
  return target
}
