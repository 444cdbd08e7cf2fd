import { readdir, stat } from 'node:fs/promises'
import { basename, dirname, extname, join } from 'node:path'

/** The identity of a file, independent of its name: device and inode. */
export interface FileId {
  readonly dev: bigint
  readonly ino: bigint
}

export interface LogFile extends FileId {
  readonly path: string
  readonly size: bigint
  /** Last change, in nanoseconds since 1970. */
  readonly changed: bigint
}

export const sameFile = (a: FileId, b: FileId): boolean => a.ino === b.ino && a.dev === b.dev

/**
 * A log and the files that it was renamed to, the oldest first: `audit.log.1`, `audit-2026-01-02T15-04-05.log`.
 * @param isOther tells what has such a name and is no part of the log, by its path
 */
export async function generationsOf(
  path: string,
  isOther: (path: string) => boolean = () => false,
): Promise<{ files: LogFile[]; compressed: LogFile[] }> {
  const [dir, base, ending] = [dirname(path), basename(path), extname(path)]
  const stem = base.slice(0, base.length - ending.length)
  // With a time, in digits: `audit-policy.log` is another log.
  const isTimed = (name: string) =>
    name.startsWith(`${stem}-`) && /^\d/.test(name.slice(stem.length + 1)) && name.includes(ending)
  const belongs = (name: string) => name.startsWith(`${base}.`) || name.startsWith(`${base}-`) || isTimed(name)
  const others = (await namesIn(dir)).filter(name => belongs(name)).map(name => join(dir, name))
  // The log's own path is the one that was given: `./audit.log` is not what `join` makes of it.
  const found = await Promise.all([path, ...others.filter(other => !isOther(other))].map(describe))
  const files = found.filter(file => file !== undefined)
  files.sort((a, b) => order(a.changed, b.changed) || byName(a.path, b.path, path))
  const compressed = files.filter(file => /\.(gz|zst|xz|bz2)$/.test(file.path))
  return { files: files.filter(file => !compressed.includes(file)), compressed }
}

/** None: the folder is not there, as its log. */
async function namesIn(dir: string): Promise<string[]> {
  try {
    return await readdir(dir)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
    return []
  }
}

/** Clocks of file systems are coarse: files changed at the same time are ordered by name. */
function byName(a: string, b: string, log: string): number {
  if (a === log || b === log) return Number(a === log) - Number(b === log)
  const [m, n] = [a, b].map(name => /\.(\d{1,9})$/.exec(name)?.[1])
  return m !== undefined && n !== undefined ? Number(n) - Number(m) : a < b ? -1 : 1
}

const order = (a: bigint, b: bigint): number => (a < b ? -1 : a > b ? 1 : 0)

/** undefined: it is not there (any more), or not a file. */
export async function describe(path: string): Promise<LogFile | undefined> {
  try {
    const stats = await stat(path, { bigint: true })
    if (!stats.isFile()) return undefined
    return { path, dev: stats.dev, ino: stats.ino, size: stats.size, changed: stats.mtimeNs }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
    return undefined
  }
}
