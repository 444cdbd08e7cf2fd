import { type FSWatcher, statSync, watch } from 'node:fs'
import { dirname } from 'node:path'
import type { Log } from '../log.ts'

/** Milliseconds of silence after a change before it is acted on: editors and package managers write in several steps. */
const SETTLE = 200

/**
 * Calls `changed` after something in the given files and folders may have changed. Folders are watched, not files:
 * a file that is replaced (by an editor, by a Kubernetes ConfigMap) is another inode under the same name.
 * @returns how to stop
 */
export function watchFiles(paths: readonly string[], changed: () => void, log: Log): () => void {
  const folders = new Set(paths.map(path => (isFolder(path) ? path : dirname(path))))
  const watchers: FSWatcher[] = []
  let timer: NodeJS.Timeout | undefined
  for (const folder of folders) {
    try {
      const watcher = watch(folder, () => {
        clearTimeout(timer)
        timer = setTimeout(changed, SETTLE)
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
