/**
 * What an addition needs beside its own file, where no type says so. CONTRIBUTING.md lists every kind of addition with the
 * check that names what is missing.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { describe, expect, test } from 'vitest'
import * as outputs from '../packages/outputs/src/index.ts'

const root = resolve(import.meta.dirname, '..')
const text = (path: string) => readFileSync(join(root, path), 'utf8')
const texts = (folder: string, end: string) =>
  readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter(name => name.endsWith(end))
    .map(name => text(join(folder, name)))
    .join('\n')

describe('an output', () => {
  const classes = Object.keys(outputs).filter(name => /^[A-Z]\w+Output$/.test(name))
  test.each(classes)('%s: the contract suite runs on it, and the command makes it', name => {
    expect(text('packages/outputs/test/sinks.ts')).toContain(`new ${name}(`)
    expect(text('packages/cli/src/run/open-outputs.ts')).toContain(`new ${name}(`)
  })
})

describe('a command', () => {
  const commands = [...text('packages/cli/src/cli.ts').matchAll(/^ {2}(\w+): async \(\) => \(await import/gm)].map(
    ([, name]) => name!,
  )
  const tests = `${texts('packages/cli/test', '.ts')}\n${texts('packages/cli/test/cases', '.txt')}`
  test('is in the table of cli.ts', () => expect(commands).toContain('run'))
  test.each(commands)('%s: docs/cli.md shows it, a test runs it', name => {
    expect(text('docs/cli.md')).toMatch(new RegExp(`^## ${name}$|\`falc ${name}\\b|^falc ${name}\\b`, 'm'))
    expect(tests).toMatch(new RegExp(`^--- args\\n${name}$|\\['${name}'`, 'm'))
  })
})

describe('a package', () => {
  const names = readdirSync(join(root, 'packages'))
  test.each(names)('%s: is built, and in the README', name => {
    expect(text('tsconfig.json')).toContain(`"packages/${name}"`)
    expect(text('README.md')).toContain(`[@falc/${name}](packages/${name})`)
  })
  test.each(names.filter(name => name.startsWith('sources-')))(
    '%s: the command loads it, docs/fields.md lists it',
    name => {
      expect(text('packages/cli/src/sources/load.ts')).toContain(`@falc/${name}`)
      expect(text('scripts/generate/fields.ts')).toContain(`packages/${name}/`)
    },
  )
})

test('a metric of falc’s own is in docs/config.md', () => {
  const names = new Set(texts('packages/cli/src/meter', '.ts').match(/(?<=['`])falc_\w+/g))
  const page = text('docs/config.md')
  expect([...names].filter(name => !page.includes(`\`${name}`))).toEqual([])
  expect(names.size).toBeGreaterThan(0)
})
