import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { readCaseFile, UPDATE } from '../../../../scripts/testing/cases.ts'
import { compileProgram } from '../../src/bytecode/compile.ts'
import { compileCondition } from '../../src/bytecode/compile-condition.ts'
import { createEvaluator } from '../../src/bytecode/create-evaluator.ts'
import { disassemble } from '../../src/bytecode/disassemble.ts'
import { loadCondition } from '../../src/bytecode/load-condition.ts'
import { lower } from '../../src/bytecode/lower.ts'
import { MemoLayout } from '../../src/bytecode/memo.ts'
import { OPS, WORDS } from '../../src/bytecode/opcodes.ts'
import { loadProgram, saveProgram } from '../../src/bytecode/save.ts'
import { parseCondition } from '../../src/condition/parse.ts'
import { defineSource } from '../../src/fields/field.ts'
import { Regex } from '../../src/fields/regex.ts'
import { FieldTable } from '../../src/fields/table.ts'
import { mockSource } from './mock-source.ts'

const table = new FieldTable(mockSource)
const CONDITION = `evt.text in (a, b) and proc.name glob "x*" or evt.wide = 18446744073709551615
  or fd.ip = ::1 or join("/", (evt.text, proc.name)) regex "a/.*" or evt.raw bcontains 0102 or evt.list in (a, b)`
const program = compileProgram(table, [lower(parseCondition(CONDITION), table).node])
const saved = saveProgram(program)

describe('saved programs', () => {
  test('load to the same listing', () => {
    expect(disassemble(loadProgram(saved, table, Regex))).toBe(disassemble(program))
  })

  test('stored in a case file load, and cover every opcode', () => {
    const [one] = readCaseFile(new URL('../cases/saved/program.txt', import.meta.url))
    let bytes: Uint8Array = Buffer.from(one!.text('program'), 'base64')
    if (UPDATE) {
      const nodes = one!.lines('conditions').map(text => lower(parseCondition(text), table).node)
      bytes = saveProgram(compileProgram(table, nodes, { memo: new MemoLayout() }))
      one!.update(
        'program',
        Buffer.from(bytes)
          .toString('base64')
          .replace(/.{120}/g, '$&\n'),
      )
    }
    const loaded = loadProgram(bytes, table, Regex)
    one!.expect('listing', disassemble(loaded))
    const used = new Set(loaded.code.filter((_, i) => i % WORDS === 0))
    expect(Object.keys(OPS).filter(op => !used.has(Number(op) as never))).toEqual([])
  })

  test('are refused with the reason when they do not fit', () => {
    const other = defineSource({ name: 'other', fields: {} })
    const bare = defineSource({ name: 'mock', fields: {} })
    expect(() => loadProgram(saved, new FieldTable(other))).toThrow("saved program is for source 'mock', not 'other'")
    expect(() => loadProgram(saved, new FieldTable(bare))).toThrow('nonexistent field')
    expect(() => loadProgram(saved.subarray(0, 40), table)).toThrow('saved program is damaged: wrong length')
    expect(() => loadProgram(new Uint8Array(3), table)).toThrow('not a saved program')
    expect(() => loadProgram(saved, table)).toThrow("uses the operator 'regex': pass the option regex")
    const newer = saved.slice()
    newer[4] = 99
    expect(() => loadProgram(newer, table)).toThrow('saved program has version 99')
  })

  test('are refused when any byte is damaged', () => {
    fc.assert(
      fc.property(fc.nat(saved.length - 1), fc.integer({ min: 1, max: 255 }), (at, flip) => {
        const damaged = saved.slice()
        damaged[at]! ^= flip
        expect(() => loadProgram(damaged, table)).toThrow(/saved program|not a saved program/)
      }),
      { numRuns: 1000 },
    )
  })

  test('with altered code and a valid checksum are refused, or run to completion', () => {
    const event = { values: {}, thread: undefined, fd: undefined }
    let refused = 0
    fc.assert(
      fc.property(
        fc.nat(program.code.length - 1),
        fc.oneof(
          fc.nat(40),
          fc.nat(300).map(n => n * 4),
        ),
        (at, word) => {
          const code = program.code.slice()
          code[at] = word
          let loaded: ReturnType<typeof loadProgram>
          try {
            loaded = loadProgram(saveProgram({ ...program, code }), table, Regex)
          } catch (error) {
            refused++
            expect((error as Error).message).toContain('saved program is damaged')
            return
          }
          for (const tier of ['vm', 'jit'] as const) {
            const evaluator = createEvaluator(loaded, tier)
            evaluator.begin(event)
            try {
              expect(typeof evaluator.test(0)).toBe('boolean')
            } catch (error) {
              // A value of a type that the instruction does not expect: wrong, but it terminates.
              expect(error).toBeInstanceOf(TypeError)
            }
          }
        },
      ),
      { numRuns: 2000 },
    )
    expect(refused).toBeGreaterThan(100)
  })

  test('of a condition load with only its source, without its macros and lists', () => {
    const source = defineSource<{ user: string }>({
      name: 'shop',
      fields: { 'shop.user': { type: 'string', doc: 'who', extract: e => e.user } },
    })
    const compiled = compileCondition('is_staff and not shop.user = eve', source, {
      macros: { is_staff: 'shop.user in (staff)' },
      lists: { staff: ['ann', 'more_staff'], more_staff: ['eve', 'bob'] },
    })
    const loaded = loadCondition(compiled.save(), source, { regex: Regex })
    for (const condition of [compiled, loaded])
      expect(['ann', 'bob', 'eve', 'joe'].map(user => condition.test({ user }))).toEqual([true, true, false, false])
  })
})
