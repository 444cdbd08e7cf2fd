import { statSync } from 'node:fs'
import { join } from 'node:path'

/**
 * Where falc keeps what it can make again: below the folder that systemd gave (CacheDirectory=), $XDG_CACHE_HOME, or the
 * home's .cache. undefined when that is not this user's own: what lies there is run, and `sudo` may have left somebody
 * else's HOME in place.
 */
export function cacheFolder(): string | undefined {
  const { CACHE_DIRECTORY, XDG_CACHE_HOME, HOME } = process.env
  const given = CACHE_DIRECTORY?.split(':')[0]
  if (given) return isOwn(given) ? given : undefined
  const base = XDG_CACHE_HOME || (HOME && join(HOME, '.cache'))
  if (!base) return undefined
  const folder = join(base, 'falc')
  // What is not there will be made, below what is.
  const found = [XDG_CACHE_HOME || HOME!, base, folder].map(isOwn)
  return found[0] === true && !found.includes(false) ? folder : undefined
}

/** undefined = it is not there. What cannot be looked at is not ours. */
function isOwn(path: string): boolean | undefined {
  try {
    const stats = statSync(path, { throwIfNoEntry: false })
    if (stats === undefined) return undefined
    return stats.isDirectory() && stats.uid === process.getuid?.() && (stats.mode & 0o022) === 0
  } catch {
    return false
  }
}
