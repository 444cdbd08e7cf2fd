import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'

const path = (name: string) => fileURLToPath(new URL(name, import.meta.url))

test('the log gives the alerts that the README shows', () => {
  const args = ['--conditions=@falc/source', path('watch.ts')]
  const out = execFileSync(process.execPath, args, { input: readFileSync(path('log.jsonl')), encoding: 'utf8' })
  expect(readFileSync(path('README.md'), 'utf8')).toContain(out)
  expect(out.trimEnd().split('\n')).toHaveLength(2)
})
