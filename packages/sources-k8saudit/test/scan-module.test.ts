/** The module that is shipped is the one its sources compile to. */
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { skipped } from '../../../scripts/testing/needs.ts'
import { compiledModule, compiler } from '../scripts/scan-module.ts'

const shipped = readFileSync(new URL('../src/sieve/scan.gen.ts', import.meta.url), 'utf8')
const made = /By (.*)/.exec(shipped)![1]
const found = compiler()
const missing = skipped('peers', found === undefined ? 'clang-19 or wasm-ld-19 is not installed' : undefined)

test.skipIf(missing !== undefined || found !== made)(
  'scan.gen.ts is what the same compiler makes of the sources',
  () => {
    expect(compiledModule()).toBe(shipped)
  },
)
