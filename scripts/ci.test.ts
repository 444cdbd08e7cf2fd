/** .github/workflows/ci.yml cannot run here, so the scripts, actions and files that it names are checked. */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { parse } from 'yaml'
import { ROOT } from './docs/markdown.ts'
import { NEEDS } from './testing/needs.ts'

interface Step {
  readonly uses?: string
  readonly run?: string
  readonly env?: Readonly<Record<string, string>>
  readonly with?: Readonly<Record<string, unknown>>
}

const read = (name: string) => readFileSync(join(ROOT, name), 'utf8')
const { jobs } = parse(read('.github/workflows/ci.yml'))
const steps: readonly Step[] = jobs.check.steps
const machines: readonly Readonly<Record<string, string>>[] = jobs.check.strategy.matrix.include
const names = (list: string) => list.split(',').filter(Boolean)
const unknown = (list: readonly string[]) => list.filter(name => !NEEDS.includes(name as never))

test('each step uses an action with a version, or runs a command', () => {
  for (const { uses, run } of steps) expect(uses ?? `run: ${run}`).toMatch(/^(?:[\w-]+\/[\w-]+@v\d+|run: \S.+)$/)
})

test('the check passes FALC_REQUIRE on from the matrix, which lists known needs', () => {
  const check = steps.find(({ run }) => run?.includes('.ci/run'))!
  expect(existsSync(join(ROOT, '.ci/run'))).toBe(true)
  expect(check.env!.FALC_REQUIRE).toMatch(/^\$\{\{ matrix\.require \}\}$/)
  expect(check.run).toMatch(/--preserve-env=\S*\bFALC_REQUIRE\b/)
  for (const { name, require } of machines) expect(unknown(names(require!)), name).toEqual([])
})

test('placeholders name keys of the matrix', () => {
  const used = [...JSON.stringify(jobs.check).matchAll(/matrix\.([\w-]+)/g)].map(([, key]) => key!)
  const known = new Set(machines.flatMap(machine => Object.keys(machine)))
  expect(used.filter(key => !known.has(key))).toEqual([])
})

test('.ci/run requires everything that does not depend on the machine', () => {
  const [, list] = /FALC_REQUIRE-([\w,]+)/.exec(read('.ci/run'))!
  expect(names(list!).toSorted()).toEqual(NEEDS.filter(need => need !== 'systemd').toSorted())
})

test('Node is the version that the README requires', () => {
  const [, version] = /They need Node (\d+) or later/.exec(read('README.md'))!
  const versions = steps.flatMap(step => step.with?.['node-version'] ?? [])
  expect(versions.map(String)).toEqual([version])
})
