/**
 * Puts the falc command and all that it imports into a few files, packages/cli/bundle: a start then reads a dozen files, not
 * three hundred, and nothing that the command at hand does not need. CommonJS, because importing a module of Node's as ESM
 * evaluates all of its exports; for `node:http` that is an HTTP client of 500 kB. Run by `pnpm run build`, after the compiler.
 */
import { join } from 'node:path'
import { build } from 'rolldown'

const cli = join(import.meta.dirname, '../packages/cli')

await build({
  input: join(cli, 'dist/main.js'),
  platform: 'node',
  logLevel: 'warn',
  output: {
    dir: join(cli, 'bundle'),
    format: 'cjs',
    cleanDir: true,
    entryFileNames: 'main.cjs',
    chunkFileNames: '[name]-[hash].cjs',
  },
})
