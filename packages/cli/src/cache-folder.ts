import { mkdirSync, statSync } from 'node:fs'
import { join } from 'node:path'

/**
 * The cache folder: the one that systemd provides (CacheDirectory=), $XDG_CACHE_HOME/falc, or ~/.cache/falc. What lies there is executed,
 * so it must belong to this user and be writable by no one else; `sudo` may have left another user's HOME.
 * @returns the reason when there is no such folder
 */
export function cacheFolder(): { readonly folder: string } | { readonly reason: string } {
  const { CACHE_DIRECTORY, XDG_CACHE_HOME, HOME } = process.env
  const given = CACHE_DIRECTORY?.split(':')[0]
  if (given) return providedFolder(given)
  const base = XDG_CACHE_HOME || (HOME && join(HOME, '.cache'))
  if (!base) return { reason: 'neither CACHE_DIRECTORY nor XDG_CACHE_HOME nor HOME is set' }
  const folder = join(base, 'falc')
  const outer = XDG_CACHE_HOME || HOME!
  // Folders that do not exist yet are made below the outer one.
  if (ownership(outer) !== 'own') return { reason: notOwn(outer) }
  const foreign = [base, folder].find(path => ownership(path) === 'foreign')
  return foreign === undefined ? { folder } : { reason: notOwn(foreign) }
}

function providedFolder(folder: string): { folder: string } | { reason: string } {
  if (ownership(folder) === 'missing') {
    try {
      mkdirSync(folder, { recursive: true, mode: 0o700 })
    } catch (error) {
      return { reason: `CACHE_DIRECTORY: ${(error as Error).message}` }
    }
  }
  return ownership(folder) === 'own' ? { folder } : { reason: notOwn(folder) }
}

const notOwn = (path: string) => `${path} is not a folder of this user that no one else can write to`

function ownership(path: string): 'own' | 'foreign' | 'missing' {
  try {
    const stats = statSync(path, { throwIfNoEntry: false })
    if (stats === undefined) return 'missing'
    return stats.isDirectory() && stats.uid === process.getuid?.() && (stats.mode & 0o022) === 0 ? 'own' : 'foreign'
  } catch {
    return 'foreign'
  }
}
