import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'

test('an event that is passed over takes less than a byte of heap', () => {
  const script = fileURLToPath(new URL('walk.ts', import.meta.url))
  // No collection falls between the two measurements: the young generation holds everything.
  const flags = ['--conditions=@falc/source', '--max-semi-space-size=256', '--min-semi-space-size=256']
  const bytes = Number(execFileSync(process.execPath, [...flags, script], { encoding: 'utf8' }))
  expect(bytes).toBeLessThan(1)
})
