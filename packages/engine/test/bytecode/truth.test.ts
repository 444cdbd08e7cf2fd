import { describe, expect, test } from 'vitest'
import { compileProgram } from '../../src/bytecode/compile.ts'
import { createEvaluator } from '../../src/bytecode/create-evaluator.ts'
import { evaluateTree } from '../../src/bytecode/evaluate-tree.ts'
import { lower } from '../../src/bytecode/lower.ts'
import { ConditionError } from '../../src/condition/error.ts'
import { parseCondition } from '../../src/condition/parse.ts'
import { FieldTable } from '../../src/fields/table.ts'
import { type TruthCase, truthCases } from './truth-cases.ts'

const cases = truthCases(new URL('../cases/truth/', import.meta.url))

function compiled(c: TruthCase) {
  const table = new FieldTable(c.source)
  return { table, ...lower(parseCondition(c.condition), table) }
}

describe('truth tables', () => {
  test.each(cases.map(c => [`${c.at} ${c.expect} ${c.condition}`, c] as const))('%s', (_, c) => {
    if (c.expect === 'error') {
      const error = failure(() => compiled(c))
      expect(error).toBeInstanceOf(ConditionError)
      expect((error as ConditionError).code).toBe(c.code)
      for (const words of c.words) expect((error as ConditionError).message).toContain(words)
      return
    }
    const { table, node, warnings } = compiled(c)
    if (c.expect === 'warn' || c.expect === 'quiet') {
      expect(warnings.map(w => w.code)).toEqual(c.expect === 'warn' ? [c.code] : [])
      return
    }
    const event = {}
    const program = compileProgram(table, [node])
    const truths = [
      evaluateTree(node, event),
      ...(['vm', 'jit'] as const).map(tier => {
        const evaluator = createEvaluator(program, tier)
        expect(evaluator.backend).toBe(tier)
        evaluator.begin(event)
        return evaluator.test(0)
      }),
    ]
    const expected = c.expect === 'true'
    expect(truths).toEqual([expected, expected, expected])
  })
})

function failure(run: () => unknown): unknown {
  try {
    run()
  } catch (error) {
    return error
  }
  return undefined
}
