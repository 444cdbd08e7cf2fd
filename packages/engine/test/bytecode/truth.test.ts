import { describe, expect, test } from 'vitest'
import { readCases } from '../../../../scripts/testing/cases.ts'
import { compileProgram } from '../../src/bytecode/compile.ts'
import { createEvaluator } from '../../src/bytecode/create-evaluator.ts'
import { evaluateTree } from '../../src/bytecode/evaluate-tree.ts'
import { lower } from '../../src/bytecode/lower.ts'
import { ConditionError } from '../../src/condition/error.ts'
import { parseCondition } from '../../src/condition/parse.ts'
import { FieldTable } from '../../src/fields/table.ts'
import { sourceOf } from './truth-source.ts'

describe.each(readCases(new URL('../cases/truth/', import.meta.url)))('$file', ({ cases }) => {
  test.each(cases)('$title', one => {
    const table = new FieldTable(sourceOf(one.lines('fields')))
    one.expectRows('checks', (condition, expected) => {
      const outcome = compile(table, condition)
      if (outcome instanceof ConditionError) return errorText(outcome, expected)
      if (expected === 'no warning' || expected.startsWith('warn '))
        return outcome.warnings.length === 0 ? 'no warning' : outcome.warnings.map(w => `warn ${w.code}`).join(', ')
      return truth(table, outcome.node)
    })
  })
})

function compile(table: FieldTable, condition: string) {
  try {
    return lower(parseCondition(condition), table)
  } catch (error) {
    if (error instanceof ConditionError) return error
    throw error
  }
}

/** What the tree walk, the VM and the JIT agree on. */
function truth(table: FieldTable, node: ReturnType<typeof lower>['node']): string {
  const event = {}
  const program = compileProgram(table, [node])
  const truths = { tree: evaluateTree(node, event), vm: false, jit: false }
  for (const tier of ['vm', 'jit'] as const) {
    const evaluator = createEvaluator(program, tier)
    expect(evaluator.backend).toBe(tier)
    evaluator.begin(event)
    truths[tier] = evaluator.test(0)
  }
  return new Set(Object.values(truths)).size === 1 ? String(truths.tree) : JSON.stringify(truths)
}

/** A row says the code, and words of the message where they matter. */
function errorText({ code, message }: ConditionError, expected: string): string {
  const [, expectedCode, words] = /^error (\S+?)(?:: (.*))?$/.exec(expected) ?? []
  return expectedCode === code && message.includes(words ?? '') ? expected : `error ${code}: ${message}`
}
