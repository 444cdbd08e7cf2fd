import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'

/** Mean bytes of heap per event or object. */
const BUDGET: Readonly<Record<string, number>> = {
  'passed over': 1,
  'opened again, and closed': 1,
  'failed again to open': 1,
  'a process that ran before': 1300,
  'a descriptor that was open before': 200,
}

test('events of the hot loop, processes and descriptors stay within their memory budget', () => {
  const script = fileURLToPath(new URL('budget.ts', import.meta.url))
  // No collection falls between the two measurements: the young generation holds everything.
  const flags = ['--conditions=@falc/source', '--expose-gc', '--max-semi-space-size=256', '--min-semi-space-size=256']
  const taken: Record<string, number> = JSON.parse(
    execFileSync(process.execPath, [...flags, script], { encoding: 'utf8' }),
  )
  expect(Object.keys(taken)).toEqual(Object.keys(BUDGET))
  for (const [kind, bytes] of Object.entries(taken)) expect(bytes, kind).toBeLessThan(BUDGET[kind]!)
})
