/** Every installation command in the README has a test. */
import { readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { expect, test } from 'vitest'

const root = resolve(import.meta.dirname, '../..')
const read = (path: string) => readFileSync(join(root, path), 'utf8')

/** For each line, the test that runs it, and the code that does so. */
const TESTS: Readonly<Record<string, readonly [file: string, runs: RegExp]>> = {
  'sudo apt-get install falc': ['apt.test.ts', /succeeds\('install', 'falc'\)/],
  'sudo dnf install falc': ['dnf.test.ts', /succeeds\('install', 'falc'\)/],
  'sudo sh install.sh': ['install-script.test.ts', /'install\.sh'\), \.\.\.args\]/],
  'npm install --global @falc/cli': ['npm.test.ts', /'install', '--global', [^\]]*'@falc\/cli'\]/],
  'podman run localhost/falc:0.1.0': ['image.test.ts', /'podman'/],
  'kubectl apply -k deploy/kubernetes': ['image.test.ts', /deploy\/kubernetes/],
}

test('the commands of the README are those listed here', () => {
  const [, block = ''] = /^## Install\n+```sh[^\n]*\n(.*?)```/ms.exec(read('README.md')) ?? []
  const lines = block
    .trim()
    .split('\n')
    .map(line => line.replace(/\s*#.*/, ''))
  expect(lines).toEqual(Object.keys(TESTS))
})

test.each(Object.entries(TESTS))('%s is run by its test', (_, [file, runs]) => {
  expect(read(join('scripts/packaging', file))).toMatch(runs)
})
