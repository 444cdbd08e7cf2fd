import { describe, test } from 'vitest'
import { readCases } from '../../../../scripts/testing/cases.ts'
import { compileProgram } from '../../src/bytecode/compile.ts'
import { disassemble } from '../../src/bytecode/disassemble.ts'
import { lower } from '../../src/bytecode/lower.ts'
import { MemoLayout } from '../../src/bytecode/memo.ts'
import { parseCondition } from '../../src/condition/parse.ts'
import { FieldTable } from '../../src/fields/table.ts'
import { mockSource } from './mock-source.ts'

const table = new FieldTable(mockSource)

/** `conditions`: the roots of one program, one per line; `listing`: the program. A title with "memo" compiles with a memo layout. */
describe.each(readCases(new URL('../cases/listing/', import.meta.url)))('$file', ({ cases }) => {
  test.each(cases)('$title', one => {
    const nodes = one.lines('conditions').map(root => lower(parseCondition(root), table).node)
    const memo = /\bmemo\b/.test(one.title) ? { memo: new MemoLayout() } : {}
    one.expect('listing', disassemble(compileProgram(table, nodes, memo)))
  })
})
