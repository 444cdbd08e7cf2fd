import { type FSWatcher, statSync, watch } from 'node:fs'
import { basename, dirname } from 'node:path'
import type { Log } from '../log.ts'

/** Milliseconds of silence after a change before it is acted on: editors and package managers write in several steps. */
const SETTLE = 200
/** Milliseconds after which it is acted on though there is no silence. */
const PATIENCE = 1000

/**
 * Calls `changed` after something in the given files and folders may have changed. Folders are watched, not files:
 * a file that is replaced (by an editor, by a Kubernetes ConfigMap: `..data`) is another inode under the same name. What else is
 * written in the folder of a file, a log for instance, is nobody's concern.
 * @returns how to stop
 */
export function watchFiles(paths: readonly string[], changed: () => void, log: Log): () => void {
  /** By folder the names that matter; all, where the folder itself is given. */
  const folders = new Map<string, Set<string> | 'all'>()
  for (const path of paths) {
    if (isFolder(path)) folders.set(path, 'all')
    else {
      const names = folders.get(dirname(path)) ?? new Set()
      if (names !== 'all') folders.set(dirname(path), names.add(basename(path)))
    }
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
          Math.min(SETTLE, since + PATIENCE - now),
        )
      })
      watcher.on('error', error => log.warning(`watching ${folder}: ${error.message}`))
      watchers.push(watcher)
    } catch (error) {
      log.warning(`Could not watch ${folder}: ${(error as Error).message}`)
    }
  }
  return () => {
    clearTimeout(timer)
    for (const watcher of watchers) watcher.close()
  }
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false
}
