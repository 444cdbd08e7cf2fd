import { readdir, readFile } from 'node:fs/promises'
import module from 'node:module'
import { fileURLToPath } from 'node:url'

const FOLDER = new URL('.', import.meta.url)

/**
 * Keeps the files of the bundled command that are not loaded yet in memory. They are loaded by the first use, which may be after an upgrade has replaced them,
 * or while a flood of connections holds all descriptors: a command that goes on for long would end there. Awaited before such a command says
 * that it is ready. Does nothing where Node lacks hooks for it (before 22.15), and where falc is not bundled. A file that cannot be read is left
 * to its use.
 */
export async function keepOwnFiles(): Promise<void> {
  if (kept.size > 0 || typeof module.registerHooks !== 'function') return
  const names = await readdir(FOLDER).catch(() => [])
  const { cache } = module.createRequire(import.meta.url)
  // One by one: this process may not be allowed many descriptors.
  for (const name of names.filter(name => name.endsWith('.cjs'))) {
    const url = new URL(name, FOLDER)
    if (cache[fileURLToPath(url)]) continue
    const source = await readFile(url).catch(() => undefined)
    if (source) kept.set(url.href, source)
  }
  if (kept.size === 0) return
  module.registerHooks({
    resolve(specifier, context, next) {
      const url = specifier.startsWith('./') ? new URL(specifier, FOLDER).href : ''
      const own = context.parentURL?.startsWith(FOLDER.href) && kept.has(url)
      return own ? { url, format: 'commonjs', shortCircuit: true } : next(specifier, context)
    },
    load(url, context, next) {
      const source = kept.get(url)
      return source ? { format: 'commonjs', source, shortCircuit: true } : next(url, context)
    },
  })
}

const kept = new Map<string, Uint8Array>()
