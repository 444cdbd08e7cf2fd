/** The console's page for browsers: its program in one file, and what belongs to it. */
import { copyFileSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { build } from 'rolldown'
import { notices } from './notices.ts'

const WEB = join(import.meta.dirname, '../packages/console/src/web')

/** Where the package has it. */
export const APP = join(import.meta.dirname, '../packages/console/app')

/** Writes the page to a folder, which it makes anew. */
export async function buildConsoleApp(folder = APP): Promise<void> {
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  const { output } = await build({
    input: join(WEB, 'main.tsx'),
    platform: 'browser',
    logLevel: 'warn',
    tsconfig: false,
    transform: { jsx: { runtime: 'automatic', importSource: 'preact' } },
    output: { dir: folder, format: 'esm', entryFileNames: 'main.js', minify: true },
  })
  for (const name of readdirSync(WEB))
    if (/\.(html|css|svg)$/.test(name)) copyFileSync(join(WEB, name), join(folder, name))
  const modules = output.flatMap(chunk => (chunk.type === 'chunk' ? chunk.moduleIds : []))
  writeFileSync(join(folder, 'NOTICES.txt'), `The page contains these packages:\n\n${notices(modules)}`)
}
