/** Every launcher of falc passes the V8 flags that docs/performance.md measures, and so does the benchmark. */
import { readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { expect, test } from 'vitest'

const root = resolve(import.meta.dirname, '../..')
const SIZES = /--(?:min|max)-semi-space-size=\d+/g
/** The tuned flags, not those that V8 starts with. */
const EVENTS =
  /--(?:no-allocation-site-pretenuring|invocation-count-for-turbofan=\d{6}|no-maglev-destroy-on-background)/g
const flagsOf = (file: string, flags: RegExp) => readFileSync(join(root, file), 'utf8').match(flags)

test.each(['deploy/config/falc', 'deploy/image/Containerfile', 'bench/src/syscalls.ts'])('%s', file => {
  expect(flagsOf(file, SIZES)).toEqual(flagsOf('falc', SIZES))
  expect(flagsOf(file, SIZES)).toHaveLength(2)
})

test('bench/src/syscalls.ts has the flags that are set when events begin', () => {
  const set = flagsOf('packages/cli/src/v8-flags.ts', EVENTS)
  expect(flagsOf('bench/src/syscalls.ts', EVENTS)).toEqual(set)
  expect(set).toHaveLength(3)
})
