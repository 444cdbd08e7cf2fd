import { open, readdir } from 'node:fs/promises'
import module from 'node:module'
import { fileURLToPath } from 'node:url'
import { setEnvironmentData } from 'node:worker_threads'

const FOLDER = new URL('.', import.meta.url)

/** Under which threads find what is kept. */
const KEY = 'falc: its own files'

/**
 * Keeps the files of the bundled command in memory: those that it has not loaded yet, and those that its threads load. Node reads them on
 * first use, or when it restarts a thread. By then an upgrade may have replaced them, or a flood of connections may hold all descriptors,
 * either of which would end a long-running command. Awaited before such a command says that it is ready. Does nothing where Node lacks
 * hooks for it (before 22.15), and where falc is not bundled. A file that cannot be read is left to its use.
 */
export async function keepOwnFiles(): Promise<void> {
  if (isKept || typeof module.registerHooks !== 'function') return
  const names = await readdir(FOLDER).catch(() => [])
  const { cache } = module.createRequire(import.meta.url)
  const own: Kept = new Map()
  const forThreads: Kept = new Map()
  // One by one: this process may not be allowed many descriptors.
  for (const name of names.filter(name => name.endsWith('.cjs'))) {
    const { href } = new URL(name, FOLDER)
    const path = fileURLToPath(href)
    const source = await read(path).catch(() => undefined)
    if (!source) continue
    const file = { href, source }
    forThreads.set(path, file)
    if (!cache[path]) own.set(path, file)
  }
  if (forThreads.size === 0) return
  isKept = true
  readFrom(own, FOLDER.href, module.registerHooks)
  setEnvironmentData(KEY, forThreads)
  process.execArgv.push(`--import=data:text/javascript,${encodeURIComponent(THREAD)}`)
}

let isKept = false

/** Into memory that threads share. */
async function read(path: string): Promise<Uint8Array> {
  const file = await open(path)
  try {
    const source = new Uint8Array(new SharedArrayBuffer((await file.stat()).size))
    await file.read(source)
    return source
  } finally {
    await file.close()
  }
}

/** By path. */
type Kept = Map<string, { readonly href: string; readonly source: Uint8Array }>

/** Has files loaded from memory. Its text runs in threads, too: it refers to nothing of this file. */
function readFrom(kept: Kept, folder: string, registerHooks: typeof module.registerHooks): void {
  const files = new Map([...kept.values()].map(file => [file.href, file]))
  registerHooks({
    resolve(specifier, context, next) {
      const isOwn = specifier.startsWith('./') && context.parentURL?.startsWith(folder)
      // A thread's program is named by its path, or its URL.
      const found = isOwn ? files.get(new URL(specifier, folder).href) : (files.get(specifier) ?? kept.get(specifier))
      return found ? { url: found.href, format: 'commonjs', shortCircuit: true } : next(specifier, context)
    },
    load(url, context, next) {
      const found = files.get(url)
      return found ? { format: 'commonjs', source: found.source, shortCircuit: true } : next(url, context)
    },
  })
}

/** The first code that a thread runs. */
const THREAD = `import { registerHooks } from 'node:module'
import { getEnvironmentData } from 'node:worker_threads'
(${readFrom})(getEnvironmentData(${JSON.stringify(KEY)}), ${JSON.stringify(FOLDER.href)}, registerHooks)`
