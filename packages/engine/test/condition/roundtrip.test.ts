import fc from 'fast-check'
import { expect, test } from 'vitest'
import { parseCondition } from '../../src/condition/parse.ts'
import { printCondition } from '../../src/condition/print.ts'
import { bare, condition } from './random.ts'

/** How many random conditions: FALC_RUNS for more or fewer. */
const RUNS = Number(process.env.FALC_RUNS ?? 100_000)

test('parsing what was printed gives the same tree', { timeout: 120_000 }, () => {
  fc.assert(
    fc.property(condition, tree => bare(parseCondition(printCondition(tree))) === bare(tree)),
    { numRuns: RUNS },
  )
})

test('printing is stable', () => {
  fc.assert(
    fc.property(condition, tree => {
      const text = printCondition(tree)
      expect(printCondition(parseCondition(text))).toBe(text)
    }),
    { numRuns: 1000 },
  )
})
