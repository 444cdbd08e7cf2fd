import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Fd } from '../../src/model/fd.ts'
import { FdTable } from '../../src/model/fd-table.ts'

/** What happens to one of some tables: `at` and `num` are taken modulo what there is. */
type Act = { kind: 'open' | 'close' | 'fork'; at: number; num: number }

const act: fc.Arbitrary<Act> = fc.record({
  kind: fc.constantFrom('open', 'open', 'open', 'close', 'fork'),
  at: fc.nat(5),
  num: fc.oneof(fc.nat(40), fc.constantFrom(255, 1023, 1024, 5000)),
})

/** The order of descriptors in each table; `eager`: asked for after every fork, so that none is put off. */
function orders(acts: readonly Act[], eager: boolean): number[][] {
  const tables = [new FdTable()]
  for (const { kind, at, num } of acts) {
    const table = tables[at % tables.length]!
    if (kind === 'open') table.set(num, new Fd(num, 1))
    else if (kind === 'close') table.delete(num)
    else {
      tables.push(table.fork())
      if (eager) for (const one of tables) one.inOrder()
    }
  }
  return tables.map(table => table.inOrder().map(fd => fd.num))
}

describe('the order of descriptors', () => {
  test('is the same whether it is worked out at a fork or when somebody asks', () => {
    fc.assert(
      fc.property(fc.array(act, { maxLength: 120 }), acts => {
        expect(orders(acts, false)).toEqual(orders(acts, true))
      }),
      { numRuns: 2000 },
    )
  })

  test('of a process that is forked again and again does not keep all its ancestors', () => {
    let table = new FdTable()
    for (let n = 0; n < 20; n++) table.set(n, new Fd(n, 1))
    for (let n = 0; n < 100_000; n++) table = table.fork()
    expect(table.inOrder()).toHaveLength(20)
  })
})
