import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { SYSCALL_FIELDS } from '../../src/fields/index.ts'
import { REMOVED_FIELDS } from '../../src/fields/removed.ts'

/** Folders of the repository with case files that name fields and values. */
const FOLDERS = ['packages/sources-syscall/test', 'rules']

/** Fields without a case, and why. */
const REASONS: Readonly<Record<string, string>> = {
  'evt.outputtime': 'local time: depends on the time zone',
  'evt.around': 'has no value: it is for filters alone',
  'util.cnt': 'counts how often it was asked, in this process',
  'fd.cip.name': 'always absent: names are not looked up',
  'fd.sip.name': 'always absent: names are not looked up',
  'fd.lip.name': 'always absent: names are not looked up',
  'fd.rip.name': 'always absent: names are not looked up',
}

/** Every name with dots in it that a case file mentions. */
function mentioned(): ReadonlySet<string> {
  const names = new Set<string>()
  for (const folder of FOLDERS) {
    const root = fileURLToPath(new URL(`../../../../${folder}/`, import.meta.url))
    for (const file of readdirSync(root, { recursive: true, encoding: 'utf8' })) {
      if (!file.endsWith('.txt') || file.includes('node_modules')) continue
      for (const [name] of readFileSync(`${root}${file}`, 'utf8').matchAll(/[a-z_][a-z0-9_]*(?:\.[a-z0-9_]+)+/g))
        names.add(name)
    }
  }
  return names
}

test('every field has a case, or a reason for having none', () => {
  const names = mentioned()
  const without = Object.keys(SYSCALL_FIELDS).filter(field => !(field in REMOVED_FIELDS) && !names.has(field))
  expect(without.sort()).toEqual(Object.keys(REASONS).sort())
})
