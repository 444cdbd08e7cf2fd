import { readdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { MAX_LENGTH } from '../workspace/workspace.ts'

/** The maximum number of files in a workspace search, and of nested folders. */
const MAX_FILES = 20_000
const MAX_DEPTH = 12
const SKIPPED: ReadonlySet<string> = new Set(['node_modules', '.git', 'dist', 'vendor', 'target'])

export function isYaml(name: string): boolean {
  return /\.ya?ml$/.test(name)
}

/** The YAML files below a folder, or directly in it, each with its text. What cannot be read is not there. */
export async function* yamlFiles(
  uri: string,
  deep: boolean,
): AsyncGenerator<{ readonly uri: string; readonly text: string }> {
  let left = MAX_FILES
  const open = [{ folder: pathOf(uri), depth: 0 }]
  for (let next = open.pop(); next?.folder !== undefined && left > 0; next = open.pop()) {
    const entries = await readdir(next.folder, { withFileTypes: true }).catch(() => [])
    for (const entry of entries) {
      const path = join(next.folder, entry.name)
      if (entry.isDirectory()) {
        if (deep && next.depth < MAX_DEPTH && !SKIPPED.has(entry.name))
          open.push({ folder: path, depth: next.depth + 1 })
      } else if (isYaml(entry.name) && left-- > 0) {
        const file = pathToFileURL(path).href
        const text = await textOf(file)
        if (text !== undefined) yield { uri: file, text }
      }
    }
  }
}

/** Without a byte order mark, as editors count columns. undefined: it is not a file, too large, or cannot be read. */
export async function textOf(uri: string): Promise<string | undefined> {
  const path = pathOf(uri)
  if (path === undefined) return undefined
  try {
    const stats = await stat(path)
    // A pipe or a device may never end: a repository can have links to any.
    if (!stats.isFile() || stats.size > MAX_LENGTH) return undefined
    return (await readFile(path, 'utf8')).replace(/^\ufeff/, '')
  } catch {
    return undefined
  }
}

/** undefined: it is not on a disk. */
export function pathOf(uri: string): string | undefined {
  try {
    return fileURLToPath(uri)
  } catch {
    return undefined
  }
}

/** An editor may write the same file's URI in other ways. */
export function canonical(uri: string): string {
  const path = pathOf(uri)
  return path === undefined ? uri : pathToFileURL(path).href
}
