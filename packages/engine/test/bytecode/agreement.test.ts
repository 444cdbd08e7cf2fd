import fc from 'fast-check'
import { expect, test } from 'vitest'
import { compileProgram } from '../../src/bytecode/compile.ts'
import { createEvaluator } from '../../src/bytecode/create-evaluator.ts'
import { evaluateTree } from '../../src/bytecode/evaluate-tree.ts'
import { lower } from '../../src/bytecode/lower.ts'
import { MemoLayout } from '../../src/bytecode/memo.ts'
import { Op, WORDS } from '../../src/bytecode/opcodes.ts'
import { callDepth } from '../../src/bytecode/program.ts'
import { loadProgram, saveProgram } from '../../src/bytecode/save.ts'
import type { Condition } from '../../src/condition/ast.ts'
import { Regex } from '../../src/fields/regex.ts'
import { FieldTable } from '../../src/fields/table.ts'
import { conditions, Holder, type MockEvent, mockSource, values } from './mock-source.ts'

/** Each run evaluates 4 roots on 16 events: RUNS × 64 ≥ 10^5 results, each computed by the tree walk and by 6 evaluators. */
const RUNS = 1600
const ROOTS = 4

/** One step: some objects change, then an event arrives. Indexes select the objects. */
const steps = fc.array(
  fc.record({
    event: values('event'),
    thread: fc.nat(2),
    fd: fc.nat(2),
    newThread: fc.option(values('thread'), { freq: 3 }),
    newFd: fc.option(values('fd'), { freq: 3 }),
  }),
  { minLength: 16, maxLength: 16 },
)
const objects = fc.tuple(values('thread'), values('thread'), values('fd'), values('fd'))

/** Roots that share subtrees: the last one combines the others. */
const rootSets = fc
  .tuple(
    fc.array(conditions, { minLength: ROOTS - 1, maxLength: ROOTS - 1 }),
    fc.constantFrom<'and' | 'or'>('and', 'or'),
  )
  .map(([roots, kind]): Condition[] => [...roots, { kind, children: [...roots].reverse() }])

test('a program may have more routines than a call may have arguments', () => {
  const code = new Int32Array(1_000_000 * WORDS).fill(Op.ret)
  expect(callDepth(code)).toBe(0)
})

test('tree walk, VM and JIT agree, with and without memos, and after saving and loading', () => {
  const table = new FieldTable(mockSource)
  fc.assert(
    fc.property(rootSets, objects, steps, (roots, [t0, t1, f0, f1], events) => {
      const nodes = roots.map(root => lower(root, table).node)
      const layout = new MemoLayout()
      const plain = compileProgram(table, nodes)
      const keeping = compileProgram(table, nodes, { memo: layout })
      const loaded = loadProgram(saveProgram(keeping), table, Regex)
      const evaluators = [plain, keeping, loaded].flatMap(p => [createEvaluator(p, 'vm'), createEvaluator(p, 'jit')])
      // Index 2: no object to keep memos on.
      const threads = [new Holder(t0), new Holder(t1), undefined]
      const fds = [new Holder(f0), new Holder(f1), undefined]
      for (const step of events) {
        if (step.newThread) threads[step.thread]?.change(step.newThread)
        if (step.newFd) fds[step.fd]?.change(step.newFd)
        const event: MockEvent = { values: step.event, thread: threads[step.thread], fd: fds[step.fd] }
        const expected = nodes.map(node => evaluateTree(node, event))
        for (const evaluator of evaluators) {
          evaluator.begin(event)
          // Twice: the second round uses what the first one stored.
          for (let round = 0; round < 2; round++) {
            const found = nodes.map((_, i) => evaluator.test(i))
            // A call of expect costs more than this comparison.
            if (String(found) !== String(expected)) expect(found, evaluator.backend).toEqual(expected)
          }
        }
      }
    }),
    { numRuns: RUNS },
  )
})
