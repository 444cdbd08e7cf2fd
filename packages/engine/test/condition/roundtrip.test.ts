import fc from 'fast-check'
import { expect, test } from 'vitest'
import { fuzzed } from '../../../../scripts/testing/fuzz.ts'
import { parseCondition } from '../../src/condition/parse.ts'
import { printCondition } from '../../src/condition/print.ts'
import { bare, condition } from './random.ts'

test('a printed condition parses to the same tree', () => {
  fc.assert(
    fc.property(condition, tree => bare(parseCondition(printCondition(tree))) === bare(tree)),
    fuzzed(100_000),
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
