/** Whatever starts falc gives V8 the flags that docs/performance.md measures. */
import { readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { expect, test } from 'vitest'

const root = resolve(import.meta.dirname, '../..')
const flagsOf = (file: string) =>
  readFileSync(join(root, file), 'utf8').match(/--[a-z-]+(?:space|site)[a-z-]*(?:=\d+)?/g)

test.each(['deploy/config/falc', 'deploy/image/Containerfile', 'bench/src/syscalls.ts'])('%s', file => {
  expect(flagsOf(file)).toEqual(flagsOf('falc'))
  expect(flagsOf(file)).toHaveLength(3)
})
