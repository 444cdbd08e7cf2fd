import { type FSWatcher, lstatSync, watch } from 'node:fs'
import { basename, dirname } from 'node:path'
import type { Log } from './log.ts'
import { kindOf } from './read-file.ts'

/** Milliseconds without further changes before `changed` is called: editors and package managers write in several steps. */
const SETTLE = 200
/** Milliseconds after which it is called even while changes continue. */
const MAX_DELAY = 1000

/**
 * Calls `changed` after the given files and folders may have changed. Watches the folders of files instead of the files, since a replaced
 * file is another inode under the same name. Editors replace files, and so does a Kubernetes ConfigMap with its link `..data`. Other files
 * in such a folder are ignored. A missing file is reported when it, or the first missing folder of its path, appears.
 * @returns a function that stops watching
 */
export function watchFiles(paths: readonly string[], changed: () => void, log: Pick<Log, 'warning'>): () => void {
  /** The names that matter, by folder; all of them where the folder itself is given. */
  const folders = new Map<string, Set<string> | 'all'>()
  const name = (given: string) => {
    // A missing file appears with the first missing folder of its path.
    let path = given
    while (kindOf(dirname(path)) === undefined) path = dirname(path)
    const names = folders.get(dirname(path)) ?? new Set()
    if (names !== 'all') folders.set(dirname(path), names.add(basename(path)))
  }
  for (const path of paths) {
    if (kindOf(path) === 'folder') folders.set(path, 'all')
    else name(path)
    for (const link of linksIn(path)) name(link)
  }
  const watchers: FSWatcher[] = []
  let timer: NodeJS.Timeout | undefined
  let since = 0
  for (const [folder, names] of folders) {
    try {
      const watcher = watch(folder, (_, name) => {
        if (names !== 'all' && name !== null && !names.has(name) && !name.startsWith('..')) return
        const now = performance.now()
        if (timer === undefined) since = now
        clearTimeout(timer)
        timer = setTimeout(
          () => {
            timer = undefined
            changed()
          },
          Math.min(SETTLE, since + MAX_DELAY - now),
        )
      })
      watcher.on('error', error => log.warning(`watching ${folder}: ${error.message}`))
      watchers.push(watcher)
    } catch (error) {
      log.warning(`Could not watch ${folder}, so changes there need a SIGHUP: ${(error as Error).message}`)
    }
  }
  return () => {
    clearTimeout(timer)
    for (const watcher of watchers) watcher.close()
  }
}

/** Links on the way to a path: when one is replaced, it leads to another folder, and in the old one nothing happens. */
function linksIn(path: string): string[] {
  const links: string[] = []
  for (let at = path; at !== dirname(at); at = dirname(at)) if (isLink(at)) links.push(at)
  return links
}

function isLink(path: string): boolean {
  try {
    return lstatSync(path).isSymbolicLink()
  } catch {
    // It does not exist, or may not be seen.
    return false
  }
}
