import { describe, expect, test } from 'vitest'
import { readCases } from '../../../../scripts/testing/cases.ts'
import { compileProgram } from '../../src/bytecode/compile.ts'
import { createEvaluator } from '../../src/bytecode/create-evaluator.ts'
import { evaluateTree } from '../../src/bytecode/evaluate-tree.ts'
import { lower } from '../../src/bytecode/lower.ts'
import type { Condition } from '../../src/condition/ast.ts'
import { ConditionError } from '../../src/condition/error.ts'
import { MODIFIERS, OPERATORS, parseOperator } from '../../src/condition/operators.ts'
import { parseCondition } from '../../src/condition/parse.ts'
import { TRANSFORMER_NAMES, VAL } from '../../src/condition/transformers.ts'
import { walk, walkOperands } from '../../src/condition/walk.ts'
import { FieldTable } from '../../src/fields/table.ts'
import { sourceOf } from './truth-source.ts'

const files = readCases(new URL('../cases/truth/', import.meta.url))

describe.each(files)('$file', ({ cases }) => {
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

test('every operator, modifier and transformer has a case that is true and one that is false', () => {
  const rows = files.flatMap(({ cases }) => cases.flatMap(one => one.rows('checks')))
  const untested = ['true', 'false'].flatMap(outcome => {
    const used = new Set<string>()
    for (const { input, expected } of rows) if (expected === outcome) namesIn(parseCondition(input), used)
    const names = [...Object.keys(OPERATORS), ...MODIFIERS, ...TRANSFORMER_NAMES, VAL]
    return names.filter(name => !used.has(name)).map(name => `${name} => ${outcome}`)
  })
  expect(untested).toEqual([])
})

/** Adds the operators, modifiers and transformers that a condition uses. */
function namesIn(condition: Condition, into: Set<string>): void {
  walk(condition, node => {
    if (node.kind !== 'check') return
    const { op, modifier } = parseOperator(node.op)!
    into.add(op)
    if (modifier !== undefined) into.add(modifier)
    walkOperands(node, operand => void (operand.kind === 'transform' && into.add(operand.name)))
  })
}

function compile(table: FieldTable, condition: string) {
  try {
    return lower(parseCondition(condition), table)
  } catch (error) {
    if (error instanceof ConditionError) return error
    throw error
  }
}

/** The result of the tree walk, the VM and the JIT; all three if they disagree. */
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

/** A row gives the error code, and words of the message where they matter. */
function errorText({ code, message }: ConditionError, expected: string): string {
  const [, expectedCode, words] = /^error (\S+?)(?:: (.*))?$/.exec(expected) ?? []
  return expectedCode === code && message.includes(words ?? '') ? expected : `error ${code}: ${message}`
}
