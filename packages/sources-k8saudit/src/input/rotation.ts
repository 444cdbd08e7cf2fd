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

/** A log and the files that it was renamed to, the oldest first: `audit.log.1`, `audit-2026-01-02T15-04-05.log`. */
export async function generationsOf(path: string): Promise<{ files: LogFile[]; compressed: LogFile[] }> {
  const [dir, base, ending] = [dirname(path), basename(path), extname(path)]
  const stem = base.slice(0, base.length - ending.length)
  const belongs = (name: string) =>
    name.startsWith(`${base}.`) || name.startsWith(`${base}-`) || (name.startsWith(`${stem}-`) && name.includes(ending))
  const names = (await readdir(dir)).filter(name => name === base || belongs(name))
  const found = await Promise.all(names.map(name => describe(join(dir, name))))
  const files = found.filter(file => file !== undefined)
  files.sort((a, b) => order(a.changed, b.changed) || byName(a.path, b.path, path))
  const compressed = files.filter(file => /\.(gz|zst|xz|bz2)$/.test(file.path))
  return { files: files.filter(file => !compressed.includes(file)), compressed }
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
