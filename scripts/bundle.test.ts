/** Two builds of the bundle have the same bytes, so that anyone can check that a package was built from its source. */
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { afterAll, expect, test } from 'vitest'

const root = join(import.meta.dirname, '..')
const work = mkdtempSync(join(tmpdir(), 'falc-bundle-'))
afterAll(() => rmSync(work, { recursive: true }))

const built = existsSync(join(root, 'packages/cli/dist/main.js'))
if (!built) console.warn('skipped: the bundle is made of what was built (pnpm run build)')

function bundle(name: string): Record<string, string> {
  const out = join(work, name)
  execFileSync(process.execPath, [join(root, 'scripts/bundle.ts'), '--out', out], { cwd: root })
  const digest = (file: string) =>
    createHash('sha256')
      .update(readFileSync(join(out, file)))
      .digest('hex')
  const files = readdirSync(out, { recursive: true, withFileTypes: true }).filter(entry => entry.isFile())
  const paths = files.map(({ parentPath, name }) => relative(out, join(parentPath, name))).sort()
  return Object.fromEntries(paths.map(path => [path, digest(path)]))
}

test.skipIf(!built)('two builds of the bundle are equal, and name the licences of what is in it', () => {
  const first = bundle('first')
  expect(bundle('second')).toEqual(first)
  const notices = readFileSync(join(work, 'first/NOTICES.txt'), 'utf8')
  for (const name of ['chevrotain', 're2js', 'yaml', 'json-pointer'])
    expect(notices).toMatch(new RegExp(`^${name} \\d`, 'm'))
})
