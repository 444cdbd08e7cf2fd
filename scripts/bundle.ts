/**
 * Puts the falc command and all that it imports into a few files, packages/cli/bundle: a start then reads a dozen files, not
 * three hundred, and nothing that the command at hand does not need. Run by `pnpm run build`, after the compiler.
 * NOTICES.txt beside it has the licence of every package that is bundled.
 */
import { cpSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { bundle } from './bundled.ts'
import { APP, buildConsoleApp } from './console-app.ts'
import { notices } from './notices.ts'

const cli = join(import.meta.dirname, '../packages/cli')
const { values } = await import('node:util').then(({ parseArgs }) =>
  parseArgs({ options: { out: { type: 'string', default: join(cli, 'bundle') } } }),
)

const { output } = await bundle('dist', values.out)

const modules = output.flatMap(chunk => (chunk.type === 'chunk' ? chunk.moduleIds : []))
writeFileSync(join(values.out, 'NOTICES.txt'), `The falc command contains these packages:\n\n${notices(modules)}`)

// The console's page, for its package and beside the command.
await buildConsoleApp()
cpSync(APP, join(values.out, 'console'), { recursive: true })
