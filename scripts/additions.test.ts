/**
 * Checks what an addition needs besides its own file, where the compiler cannot. CONTRIBUTING.md lists every kind of addition with the
 * check that reports what is missing.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { describe, expect, test } from 'vitest'
import { CHECKS } from '../packages/authoring/src/lint/list.ts'
import { TRANSPORTS } from '../packages/outputs/src/transports/list.ts'

const root = resolve(import.meta.dirname, '..')
const text = (path: string) => readFileSync(join(root, path), 'utf8')
const texts = (folder: string, end: string) =>
  readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter(name => name.endsWith(end))
    .map(name => text(join(folder, name)))
    .join('\n')

/** Fails with one line, where `toContain` would print the whole file. */
function mentions(path: string, what: string): void {
  expect(text(path).includes(what), `${path} does not mention ${what}`).toBe(true)
}

describe('an output', () => {
  const folder = join(root, 'packages/outputs/src/transports')
  const files = readdirSync(folder).filter(name => name !== 'list.ts')
  test.each(files)('%s: list.ts has its transports', async name => {
    const exported = Object.values(await import(join(folder, name)))
    const types = exported.flatMap(value => (isTransport(value) ? [value.type] : []))
    expect(types.filter(type => !TRANSPORTS.some(one => one.type === type))).toEqual([])
  })
})

function isTransport(value: unknown): value is { readonly type: string } {
  return typeof value === 'object' && value !== null && 'type' in value && 'ordered' in value && 'open' in value
}

describe('a lint check', () => {
  const folder = join(root, 'packages/authoring/src/lint/checks')
  test.each(readdirSync(folder))('%s: list.ts has its checks', async name => {
    const exported = Object.entries(await import(join(folder, name)))
    const missing = exported.filter(([, value]) => isCheck(value) && !CHECKS.some(check => check === value))
    expect(missing.map(([name]) => name)).toEqual([])
  })
})

function isCheck(value: unknown): boolean {
  return typeof value === 'object' && value !== null && 'examples' in value && 'run' in value
}

describe('a command', () => {
  const commands = [
    ...text('packages/cli/src/cli.ts').matchAll(/^ {2}'?([\w-]+)'?: async \(\) => \(await import/gm),
  ].map(([, name]) => name!)
  const tests = `${texts('packages/cli/test', '.ts')}\n${texts('packages/cli/test/cases', '.txt')}`
  const folder = 'packages/cli/src/commands'
  const files = readdirSync(join(root, folder)).filter(name => text(join(folder, name)).includes('defineCommand('))
  test.each(files)('%s: the table of cli.ts lists it', name =>
    mentions('packages/cli/src/cli.ts', `'./commands/${name}'`),
  )
  test.each(commands)('%s: docs/cli.md describes it, and a test runs it', name => {
    expect(text('docs/cli.md')).toMatch(new RegExp(`^## ${name}$|\`falc ${name}\\b|^falc ${name}\\b`, 'm'))
    expect(tests).toMatch(new RegExp(`^--- args\\n${name}$|\\['${name}'`, 'm'))
  })
})

describe('a package', () => {
  const names = readdirSync(join(root, 'packages'))
  test.each(names)('%s: tsconfig.json builds it, and the README lists it', name => {
    mentions('tsconfig.json', `"packages/${name}"`)
    mentions('README.md', `[@falc/${name}](packages/${name})`)
  })
  test.each(names)('%s: is built after the packages that it uses', name => {
    const { dependencies = {} } = JSON.parse(text(`packages/${name}/package.json`)) as { dependencies?: object }
    for (const used of Object.keys(dependencies).filter(one => one.startsWith('@falc/')))
      mentions(`packages/${name}/tsconfig.json`, `"path": "../${used.slice('@falc/'.length)}"`)
  })
  test.each(names.filter(name => name.startsWith('sources-')))('%s: the command loads it', name =>
    mentions('packages/cli/src/sources/load.ts', `@falc/${name}`),
  )
})

test('docs/config.md lists every metric that only falc has', () => {
  const names = new Set(texts('packages/cli/src/meter', '.ts').match(/(?<=['`])falc_\w+/g))
  const page = text('docs/config.md')
  expect([...names].filter(name => !page.includes(`\`${name}`))).toEqual([])
  expect(names.size).toBeGreaterThan(0)
})
