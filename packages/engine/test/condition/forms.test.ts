import { describe, expect, test } from 'vitest'
import { readCaseFile } from '../../../../scripts/testing/cases.ts'
import type { Condition, Operand } from '../../src/condition/ast.ts'
import { ConditionError } from '../../src/condition/error.ts'
import { parseCondition } from '../../src/condition/parse.ts'
import { printCondition } from '../../src/condition/print.ts'
import { isList } from '../../src/condition/walk.ts'

/** The tree as nested lists: operator first, texts as JSON. */
function tree(node: Condition): string {
  if (node.kind === 'macro') return node.name
  if (node.kind === 'not') return `(not ${tree(node.child)})`
  if (node.kind !== 'check') return `(${node.kind} ${node.children.map(tree).join(' ')})`
  const right = node.right === undefined ? '' : ` ${operand(node.right)}`
  return `(${JSON.stringify(node.op)} ${operand(node.left)}${right})`
}

function operand(side: Operand | readonly Operand[]): string {
  if (isList(side)) return `[${side.map(operand).join(' ')}]`
  if (side.kind === 'literal') return JSON.stringify(side.text)
  const arg = side.arg === undefined ? '' : `[${JSON.stringify(side.arg)}]`
  return side.kind === 'field' ? side.name + arg : `${side.name}(${side.args.map(operand).join(' ')})${arg}`
}

/** The error, and the text with carets below its place. */
function failure(text: string): string {
  try {
    return `parsed: ${tree(parseCondition(text))}`
  } catch (error) {
    if (!(error instanceof ConditionError)) throw error
    const { code, message, span } = error
    return `${code}: ${message}\n${text}\n${' '.repeat(span.offset)}${'^'.repeat(Math.max(1, span.length))}`
  }
}

describe('forms', () => {
  test.each(readCaseFile(new URL('../cases/condition/forms.txt', import.meta.url)))('$title', one => {
    const parsed = parseCondition(one.text('condition'))
    one.expect('tree', tree(parsed))
    one.expect('printed', printCondition(parsed))
    expect(tree(parseCondition(printCondition(parsed)))).toBe(tree(parsed))
  })
})

describe('errors', () => {
  test.each(readCaseFile(new URL('../cases/condition/errors.txt', import.meta.url)))('$title', one => {
    one.expect('error', failure(one.text('condition')))
  })
})
