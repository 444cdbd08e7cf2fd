import { describe, expect, test } from 'vitest'
import { compileProgram } from '../../src/bytecode/compile.ts'
import { createEvaluator } from '../../src/bytecode/create-evaluator.ts'
import { lower } from '../../src/bytecode/lower.ts'
import { MemoLayout } from '../../src/bytecode/memo.ts'
import { parseCondition } from '../../src/condition/parse.ts'
import { ExtractErrors } from '../../src/fields/failures.ts'
import { defineSource } from '../../src/fields/field.ts'
import { FieldTable } from '../../src/fields/table.ts'
import { Holder, type MockEvent } from './mock-source.ts'

/** A source that counts how often each field is read. */
function counting() {
  const reads: Record<string, number> = {}
  const read = (name: string, event: MockEvent, owner: 'thread' | 'fd' | undefined) => {
    reads[name] = (reads[name] ?? 0) + 1
    return (owner ? event[owner] : event)?.values[name] as string | undefined
  }
  const source = defineSource<MockEvent>({
    name: 'counting',
    fields: {
      'proc.name': { type: 'string', scope: 'thread', doc: '', extract: e => read('proc.name', e, 'thread') },
      'proc.path': { type: 'string', scope: 'thread', doc: '', extract: e => read('proc.path', e, 'thread') },
      'fd.name': { type: 'string', scope: 'fd', doc: '', extract: e => read('fd.name', e, 'fd') },
      'evt.text': { type: 'string', doc: '', extract: e => read('evt.text', e, undefined) },
      'evt.bad': {
        type: 'string',
        doc: '',
        extract: e => {
          read('evt.bad', e, undefined)
          throw new Error('unreadable')
        },
      },
      'evt.odd': { type: 'string', doc: '', extract: () => 5 as never },
    },
    scopes: { thread: e => e.thread, fd: e => e.fd },
  })
  return { reads, table: new FieldTable(source) }
}

const nodesOf = (table: FieldTable, ...conditions: string[]) =>
  conditions.map(condition => lower(parseCondition(condition), table).node)

describe.each(['vm', 'jit'] as const)('%s', tier => {
  test('a field is read once per event, however many clauses and roots use it', () => {
    const { reads, table } = counting()
    const nodes = nodesOf(table, 'evt.text = a or evt.text = b', 'tolower(evt.text) = c', 'evt.text contains d')
    const evaluator = createEvaluator(compileProgram(table, nodes), tier)
    for (let i = 1; i <= 3; i++) {
      evaluator.begin({ values: { 'evt.text': 'x' }, thread: undefined, fd: undefined })
      for (const root of [0, 1, 2, 0, 1, 2]) evaluator.test(root)
      expect(reads).toEqual({ 'evt.text': i })
    }
  })

  test('the fields of a thread are read once until it changes', () => {
    const { reads, table } = counting()
    const layout = new MemoLayout()
    const nodes = nodesOf(table, 'evt.text = a and proc.name = sh and proc.path startswith /bin')
    const evaluator = createEvaluator(compileProgram(table, nodes, { memo: layout }), tier)
    const thread = new Holder({ 'proc.name': 'sh', 'proc.path': '/bin/sh' })
    const event = { values: { 'evt.text': 'a' }, thread, fd: undefined }
    const ask = () => {
      evaluator.begin(event)
      return evaluator.test(0)
    }
    expect([ask(), ask(), ask()]).toEqual([true, true, true])
    expect(reads['proc.name']).toBe(1)
    thread.change({ 'proc.name': 'cron', 'proc.path': '/bin/cron' })
    expect([ask(), ask()]).toEqual([false, false])
    expect(reads['proc.name']).toBe(2)
  })

  test('programs of one layout share memos; another layout starts with none', () => {
    const { reads, table } = counting()
    const layout = new MemoLayout()
    const first = compileProgram(table, nodesOf(table, 'evt.text = a and proc.name = sh'), { memo: layout })
    const second = compileProgram(table, nodesOf(table, 'proc.name = sh', 'not proc.name = sh'), { memo: layout })
    const thread = new Holder({ 'proc.name': 'sh' })
    const event = { values: { 'evt.text': 'a' }, thread, fd: undefined }
    const evaluators = [first, second].map(program => createEvaluator(program, tier))
    for (const evaluator of evaluators) evaluator.begin(event)
    expect(evaluators[0]!.test(0)).toBe(true)
    expect([evaluators[1]!.test(0), evaluators[1]!.test(1)]).toEqual([true, false])
    expect(reads['proc.name']).toBe(1)
    const other = createEvaluator(
      compileProgram(table, nodesOf(table, 'proc.name = sh'), { memo: new MemoLayout() }),
      tier,
    )
    other.begin(event)
    expect(other.test(0)).toBe(true)
    expect(reads['proc.name']).toBe(2)
  })

  test('without an object, nothing is kept between events', () => {
    const { table } = counting()
    const nodes = nodesOf(table, 'not proc.name = sh')
    const evaluator = createEvaluator(compileProgram(table, nodes, { memo: new MemoLayout() }), tier)
    const thread = new Holder({ 'proc.name': 'sh' })
    const answers = [undefined, thread, undefined].map(holder => {
      evaluator.begin({ values: {}, thread: holder, fd: undefined })
      return evaluator.test(0)
    })
    expect(answers).toEqual([true, false, true])
  })

  test('a field whose extraction throws or returns a wrong type is absent, and the failure is counted', () => {
    const { table } = counting()
    const nodes = nodesOf(table, 'evt.bad exists', 'evt.odd exists', 'not evt.bad = a')
    const errors = new ExtractErrors()
    const evaluator = createEvaluator(compileProgram(table, nodes), tier, errors)
    for (let i = 0; i < 2; i++) {
      evaluator.begin({ values: {}, thread: undefined, fd: undefined })
      expect([0, 1, 2].map(root => evaluator.test(root))).toEqual([false, false, true])
    }
    expect(Object.fromEntries(errors.counts)).toEqual({ 'evt.bad': 2, 'evt.odd': 2 })
  })
})

test('a condition whose parts occur 2^40 times still compiles', () => {
  const { table } = counting()
  let condition = parseCondition('evt.text = a or proc.name = b')
  for (let i = 0; i < 40; i++)
    condition = { kind: i % 2 === 0 ? 'and' : 'or', children: [condition, { kind: 'not', child: condition }] }
  const evaluator = createEvaluator(compileProgram(table, [lower(condition, table).node]), 'vm')
  evaluator.begin({ values: {}, thread: undefined, fd: undefined })
  expect(typeof evaluator.test(0)).toBe('boolean')
})

test('if a scope function throws, evaluation continues without it and the failure is counted', () => {
  const source = defineSource({
    name: 'broken',
    fields: { 'a.b': { type: 'string', scope: 'thread', doc: '', extract: () => 'x' } },
    scopes: {
      thread: () => {
        throw new Error('no thread')
      },
    },
  })
  const table = new FieldTable(source)
  const program = compileProgram(table, nodesOf(table, 'a.b = x'), { memo: new MemoLayout() })
  for (const tier of ['vm', 'jit'] as const) {
    const errors = new ExtractErrors()
    const evaluator = createEvaluator(program, tier, errors)
    evaluator.begin({})
    expect(evaluator.test(0)).toBe(true)
    expect(Object.fromEntries(errors.counts)).toEqual({ thread: 1 })
  }
})
