/**
 * Compiles wasm/ to WebAssembly, as a module of TypeScript: src/sieve/scan.gen.ts. Needs clang and lld 19 (Debian: clang-19 lld-19), but
 * only if the sources have changed: other versions write other bytes.
 */
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const SOURCES = join(import.meta.dirname, '../wasm')
const FILE = join(import.meta.dirname, '../src/sieve/scan.gen.ts')
const CLANG = 'clang-19'
const LINKER = 'wasm-ld-19'
const COMPILE = ['--target=wasm32', '-O3', '-msimd128', '-mbulk-memory', '-nostdlib', '-Wall', '-Wextra', '-Werror']
const LINK = ['--no-entry', '--strip-all', '-z', 'stack-size=65536']

/** The generated file, as it is if it was made of these sources. */
export function scanModule(): string {
  const current = readFileSync(FILE, 'utf8')
  return current.startsWith(`${title()}\n`) ? current : compiledModule()
}

/** @throws {Error} without the compiler, or with what it reports */
export function compiledModule(): string {
  const out = mkdtempSync(join(tmpdir(), 'falc-scan-'))
  try {
    const [object, module] = [join(out, 'scan.o'), join(out, 'scan.wasm')]
    execFileSync(CLANG, [...COMPILE, '-c', 'scan.c', '-o', object], { cwd: SOURCES })
    execFileSync(LINKER, [...LINK, object, '-o', module])
    const bytes = readFileSync(module).toString('base64')
    return `${title()}\n// By ${compiler()}\nexport const SCAN_MODULE =\n  '${bytes}'\n`
  } finally {
    rmSync(out, { recursive: true })
  }
}

/** The compiler and its version; undefined: it is not there. */
export function compiler(): string | undefined {
  try {
    execFileSync(LINKER, ['--version'])
    return execFileSync(CLANG, ['--version'], { encoding: 'utf8' }).split('\n')[0]
  } catch {
    return undefined
  }
}

function title(): string {
  const hash = createHash('sha256').update([...COMPILE, ...LINK].join(' '))
  for (const name of readdirSync(SOURCES).sort()) hash.update(readFileSync(join(SOURCES, name)))
  return `// Generated from ../../wasm, SHA-256 ${hash.digest('hex')}, by npm run generate: do not edit.`
}
