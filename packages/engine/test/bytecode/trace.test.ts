import { expect, test } from 'vitest'
import { compileProgram } from '../../src/bytecode/compile.ts'
import { lower } from '../../src/bytecode/lower.ts'
import { trace } from '../../src/bytecode/trace.ts'
import { parseCondition } from '../../src/condition/parse.ts'
import { FieldTable } from '../../src/fields/table.ts'
import { mockSource } from './mock-source.ts'

test('a trace is the listing of what ran, with values', () => {
  const table = new FieldTable(mockSource)
  const condition = parseCondition('evt.num = 5 and (evt.text startswith x or proc.name exists) and evt.flag = true')
  const program = compileProgram(table, [lower(condition, table).node])
  const event = { values: { 'evt.num': 5, 'evt.text': 'xyz' }, thread: undefined, fd: undefined }
  expect(trace(program, 0, event).trimEnd().split('\n')).toEqual([
    '    0  field    evt.num = 5              ; t = false',
    '    1  eq       evt.num = 5, 5           ; t = true',
    '    2  jf       @11                      ; t = true',
    '    3  field    evt.flag = <NA>          ; t = true',
    '    4  eq       evt.flag = <NA>, true    ; t = false',
    '    5  jf       @11                      ; t = false',
    '   11  ret                               ; t = false',
  ])
})
