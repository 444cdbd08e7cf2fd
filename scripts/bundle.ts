/**
 * Puts the falc command and all that it imports into a few files, packages/cli/bundle: a start then reads a dozen files, not
 * three hundred, and nothing that the command at hand does not need. CommonJS, because importing a module of Node's as ESM
 * evaluates all of its exports; for `node:http` that is an HTTP client of 500 kB. Run by `pnpm run build`, after the compiler.
 * NOTICES.txt beside it has the licence of every package that is bundled.
 */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { build } from 'rolldown'
import { notices } from './notices.ts'

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
writeFileSync(join(values.out, 'NOTICES.txt'), `The falc command contains these packages:\n\n${notices(modules)}`)
