/**
 * Bundles the falc command and everything it imports into packages/cli/bundle: a start reads a dozen files instead of three
 * hundred, and only what the given command needs. CommonJS, because importing a built-in module as ESM evaluates all of its
 * exports; for `node:http` that includes an HTTP client of 500 kB. `pnpm run build` runs this after the compiler.
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
