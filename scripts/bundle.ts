/**
 * Puts the falc command and all that it imports into a few files, packages/cli/bundle: a start then reads a dozen files, not
 * three hundred, and nothing that the command at hand does not need. CommonJS, because importing a module of Node's as ESM
 * evaluates all of its exports; for `node:http` that is an HTTP client of 500 kB. Run by `pnpm run build`, after the compiler.
 * NOTICES.txt beside it has the licence of every package that is bundled.
 */
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { build } from 'rolldown'

const cli = join(import.meta.dirname, '../packages/cli')
const { values } = await import('node:util').then(({ parseArgs }) =>
  parseArgs({ options: { out: { type: 'string', default: join(cli, 'bundle') } } }),
)

const { output } = await build({
  // The thread that writes a store is a program of its own.
  input: { main: join(cli, 'dist/main.js'), 'store-worker': join(cli, '../store/dist/worker.js') },
  platform: 'node',
  logLevel: 'warn',
  output: {
    dir: values.out,
    format: 'cjs',
    cleanDir: true,
    entryFileNames: '[name].cjs',
    chunkFileNames: '[name]-[hash].cjs',
  },
})

const modules = output.flatMap(chunk => (chunk.type === 'chunk' ? chunk.moduleIds : []))
const folders = new Set(modules.flatMap(file => foreignPackage(file) ?? []))
const notices = [...folders].map(notice).sort()
writeFileSync(join(values.out, 'NOTICES.txt'), `The falc command contains these packages:\n\n${notices.join('\n')}`)

/** The folder of the package that a module belongs to; undefined for falc's own. */
function foreignPackage(file: string): string | undefined {
  if (!file.includes('/node_modules/')) return undefined
  let folder = dirname(file)
  // Some packages have a package.json without a name in the folders of their builds.
  while (!existsSync(join(folder, 'package.json')) || manifestOf(folder).name === undefined) folder = dirname(folder)
  return folder
}

function manifestOf(folder: string): { name?: string; version?: string; license?: string } {
  return JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
}

/** @throws {Error} for a package without a licence's text: it may not be bundled */
function notice(folder: string): string {
  const { name, version, license } = manifestOf(folder)
  const files = readdirSync(folder).filter(file => /^(licen[cs]e|notice|copying)(\.|$)/i.test(file))
  if (license === undefined || files.length === 0) throw new Error(`${name} has no licence file`)
  const texts = files.sort().map(file => readFileSync(join(folder, file), 'utf8').trim())
  return `${'='.repeat(78)}\n${name} ${version} (${license})\n\n${texts.join('\n\n')}\n`
}
