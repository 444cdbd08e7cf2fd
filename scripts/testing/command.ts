/**
 * The falc command for tests that start it: bundled from the sources at hand, as it is shipped. Loading three hundred source
 * files takes most of a short process's time; the bundle starts three times as fast. Made once for each state of the sources.
 */
import { createHash } from 'node:crypto'
import {
  chmodSync,
  copyFileSync,
  existsSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs'
import { join } from 'node:path'
import { bundle } from '../bundled.ts'

const ROOT = join(import.meta.dirname, '../..')
const CLI = join(ROOT, 'packages/cli')
/** Below the packages that the command imports, and next to a copy of its package.json. */
const CACHE = join(CLI, 'node_modules/.falc-test')
/** Longer than any run of the tests, in milliseconds. */
const OLD = 3_600_000

function stateOfSources(): string {
  const hash = createHash('sha256')
  const how = ['scripts/bundled.ts', 'scripts/testing/command.ts', 'pnpm-lock.yaml']
  const files = globSync(['packages/*/src/**/*.ts', 'packages/*/package.json', ...how], { cwd: ROOT })
  for (const file of files.sort()) hash.update(`${file} ${statSync(join(ROOT, file)).mtimeMs}\n`)
  return hash.digest('hex').slice(0, 16)
}

async function make(folder: string): Promise<void> {
  mkdirSync(CACHE, { recursive: true })
  for (const name of readdirSync(CACHE)) {
    const path = join(CACHE, name)
    if (Date.now() - statSync(path).mtimeMs > OLD) rmSync(path, { recursive: true, force: true })
  }
  const draft = mkdtempSync(join(CACHE, 'draft-'))
  // Also for tests in which falc drops its privileges.
  chmodSync(draft, 0o755)
  copyFileSync(join(CLI, 'package.json'), join(draft, 'package.json'))
  await bundle('src', join(draft, 'bundle'))
  try {
    renameSync(draft, folder)
  } catch (error) {
    // Another worker was faster.
    rmSync(draft, { recursive: true, force: true })
    if (!existsSync(folder)) throw error
  }
}

const folder = join(CACHE, stateOfSources())
if (!existsSync(folder)) await make(folder)

/** The command line that runs falc, without its arguments: Node, its flags, the program. */
export const FALC: readonly string[] = [
  process.execPath,
  '--conditions=@falc/source',
  '--no-warnings',
  join(folder, 'bundle/main.cjs'),
]

/** The NODE_COMPILE_CACHE that these processes share. */
export const COMPILED = join(folder, 'compiled')
