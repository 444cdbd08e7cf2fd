/**
 * The console's page for browsers, and the playground, which is a page without a server. The programs: `main.js` (the console), what it
 * loads when it is needed, and `engine.js`, the thread that evaluates rules.
 */
import { copyFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { type BuildOptions, build, type OutputChunk } from 'rolldown'
import { notices } from './notices.ts'

const ROOT = join(import.meta.dirname, '..')
const WEB = join(ROOT, 'packages/console/src/web')

/** Where the package has it. */
export const APP = join(ROOT, 'packages/console/app')

/** Writes the console's page to a folder, which it makes anew. */
export async function buildConsoleApp(folder = APP): Promise<void> {
  const page = { format: 'esm', entryFileNames: 'main.js', chunkFileNames: '[name].js' } as const
  const chunks = [...(await program('main.tsx', folder, page)), ...(await engineTo(folder))]
  finish(folder, WEB, chunks)
}

/** Writes the playground: its folder can be served by anything, or opened as a file. */
export async function buildPlayground(folder: string): Promise<void> {
  const page = { format: 'iife', entryFileNames: 'playground.js', codeSplitting: false } as const
  const chunks = [...(await program('playground/main.tsx', folder, page)), ...(await engineTo(folder))]
  finish(folder, join(WEB, 'playground'), chunks)
}

/**
 * Scripts of a folder may not be started as threads, where there is no server; so this one is also a function that a page can make a
 * thread of.
 */
async function engineTo(folder: string): Promise<OutputChunk[]> {
  const chunks = await program('playground/engine.ts', folder, { format: 'iife', entryFileNames: 'engine.js' }, false)
  const file = join(folder, 'engine.js')
  const start = 'typeof document=="undefined"?falcEngine():0'
  writeFileSync(file, `var falcEngine=function(){${readFileSync(file, 'utf8')}};${start}\n`)
  return chunks
}

async function program(
  input: string,
  dir: string,
  output: NonNullable<BuildOptions['output']>,
  anew = true,
): Promise<OutputChunk[]> {
  if (anew) rmSync(dir, { recursive: true, force: true })
  mkdirSync(dir, { recursive: true })
  const { output: written } = await build({
    input: join(WEB, input),
    platform: 'browser',
    logLevel: 'warn',
    tsconfig: false,
    resolve: { conditionNames: ['@falc/source', 'browser', 'import'] },
    transform: {
      jsx: { runtime: 'automatic', importSource: 'preact' },
      define: { FALC_EXAMPLES: JSON.stringify(examples()) },
    },
    output: { dir, minify: true, ...output },
  })
  const chunks = written.filter(chunk => chunk.type === 'chunk')
  const foreign = chunks.flatMap(({ imports, dynamicImports }) => [...imports, ...dynamicImports])
  for (const name of foreign) if (name.startsWith('node:')) throw new Error(`${input} needs ${name}: pages have none`)
  return chunks
}

/** What belongs to a screen comes after what screens share. */
const STYLES = ['page', 'now', 'alerts', 'alert', 'rules', 'playground']

function finish(folder: string, page: string, chunks: readonly OutputChunk[]): void {
  copyFileSync(join(page, 'index.html'), join(folder, 'index.html'))
  copyFileSync(join(WEB, 'icon.svg'), join(folder, 'icon.svg'))
  const style = STYLES.map(name => readFileSync(join(WEB, 'style', `${name}.css`), 'utf8'))
  writeFileSync(join(folder, 'style.css'), style.join(''))
  const modules = chunks.flatMap(({ moduleIds }) => moduleIds)
  writeFileSync(join(folder, 'NOTICES.txt'), `The page contains these packages:\n\n${notices(modules)}`)
}

/** What the playground begins with. */
function examples(): object {
  const rules = ['rules/syscall.yaml', 'rules/k8s_audit.yaml'].map(path => ({
    ...{ name: basename(path), content: readFileSync(join(ROOT, path), 'utf8') },
  }))
  const input = (name: string, title: string) => ({
    ...{ name, title, base64: readFileSync(join(ROOT, 'examples/captures', name)).toString('base64') },
  })
  return { rules, inputs: [input('host-a.scap', 'A capture'), input('k8s-audit.jsonl', 'A Kubernetes audit log')] }
}

if (process.argv[1] === import.meta.filename) {
  const folder = process.argv[2] ?? join(ROOT, 'dist/playground')
  await buildPlayground(folder)
  console.log(`open ${join(folder, 'index.html')}`)
}
