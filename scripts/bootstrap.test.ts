/** scripts/bootstrap.sh installs and builds again after each change that matters, and only then. The programs are fakes. */
import { spawnSync } from 'node:child_process'
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, beforeEach, expect, test } from 'vitest'

const root = mkdtempSync(join(tmpdir(), 'falc-bootstrap-'))
afterAll(() => rmSync(root, { recursive: true }))

/** When the checkout was built, in seconds: later than the files of this test are written. */
const BUILT = 2_000_000_000

function put(path: string, text: string, mode = 0o644): void {
  mkdirSync(dirname(join(root, path)), { recursive: true })
  writeFileSync(join(root, path), text, { mode })
}

beforeEach(() => {
  for (const name of ['scripts/pnpm.sh', 'scripts/then.sh', 'node_modules/.bin/tsc', 'node_modules/.bin/node'])
    put(name, '#!/bin/sh\n', 0o755)
  copyFileSync(join(import.meta.dirname, 'bootstrap.sh'), join(root, 'scripts/bootstrap.sh'))
  for (const name of ['pnpm-lock.yaml', 'node_modules/.falc-installed']) put(name, 'lockfileVersion: 1\n')
  for (const name of ['cli/dist/main.js', 'cli/src/main.ts', 'console/src/web/list.tsx']) put(`packages/${name}`, '')
  put('node_modules/.falc-built', '')
  utimesSync(join(root, 'node_modules/.falc-built'), BUILT, BUILT)
})

test.each([
  ['no file', '', ''],
  ['a source', 'packages/cli/src/main.ts', 'falc: building\n'],
  ['a page of the console', 'packages/console/src/web/list.tsx', 'falc: building\n'],
  ['the lock file', 'pnpm-lock.yaml', 'falc: installing packages\nfalc: building\n'],
])('%s has changed', (_, path, said) => {
  if (path !== '') {
    put(path, 'changed\n')
    utimesSync(join(root, path), BUILT + 1, BUILT + 1)
  }
  const args = [join(root, 'scripts/bootstrap.sh'), 'scripts/then.sh']
  const { status, stderr } = spawnSync('sh', args, { encoding: 'utf8' })
  expect([status, stderr]).toEqual([0, said])
})
