/**
 * Puts the falc command and all that it imports into a few files, packages/cli/bundle: a start then reads a dozen files, not
 * three hundred, and nothing that the command at hand does not need. Run by `pnpm run build`, after the compiler.
 */
import { join } from 'node:path'
import { build } from 'rolldown'

const cli = join(import.meta.dirname, '../packages/cli')

await build({
  input: join(cli, 'dist/main.js'),
  platform: 'node',
  logLevel: 'warn',
  output: { dir: join(cli, 'bundle'), format: 'esm', cleanDir: true, chunkFileNames: '[name]-[hash].js' },
})
