import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Fd, O_CLOEXEC } from '../../src/model/fd.ts'
import { FdTable } from '../../src/model/fd-table.ts'

/** What happens to one of several tables: `at` is taken modulo their number. */
type Act = { kind: 'open' | 'close' | 'fork'; at: number; num: number }

const act: fc.Arbitrary<Act> = fc.record({
  kind: fc.constantFrom('open', 'open', 'open', 'close', 'fork'),
  at: fc.nat(5),
  num: fc.oneof(fc.nat(40), fc.constantFrom(255, 1023, 1024, 5000)),
})

/** The order of descriptors in each table; `eager`: it is read after every fork, so that none is deferred. */
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
  test('is the same whether it is computed at a fork or when it is read', () => {
    fc.assert(
      fc.property(fc.array(act, { maxLength: 120 }), acts => {
        expect(orders(acts, false)).toEqual(orders(acts, true))
      }),
      { numRuns: 2000 },
    )
  })

  test('can be read after 100,000 forks in a row', () => {
    let table = new FdTable()
    for (let n = 0; n < 20; n++) table.set(n, new Fd(n, 1))
    for (let n = 0; n < 100_000; n++) table = table.fork()
    expect(table.inOrder()).toHaveLength(20)
  })
})

/** A change to one of several tables. `to` and `on` are for ranges and flags. */
interface Change {
  readonly kind: 'open' | 'close' | 'fork' | 'flag' | 'range' | 'rangeOnExec' | 'exec' | 'change' | 'forgetOrder'
  readonly at: number
  readonly num: number
  readonly to: number
  readonly on: boolean
}

const anyNum = fc.oneof(fc.nat(70), fc.nat(40_000), fc.constantFrom(-9, 31, 32, 1023, 1024, 2 ** 30, 2 ** 31))

const change: fc.Arbitrary<Change> = fc.record({
  kind: fc.constantFrom(
    'open',
    'open',
    'open',
    'close',
    'fork',
    'flag',
    'range',
    'rangeOnExec',
    'exec',
    'change',
    'forgetOrder',
  ),
  at: fc.nat(5),
  num: anyNum,
  to: anyNum,
  on: fc.boolean(),
})

/** Number, name and flags of each entry, in ascending order. */
type Model = Map<number, { name: string; onExec: boolean }>

function applyToModel(model: Model, { kind, num, to, on }: Change, name: string): void {
  const within = [...model].filter(([n]) => n >= num && n <= to)
  const entry = model.get(num)
  if (kind === 'open') model.set(num, { name, onExec: on })
  else if (kind === 'close') model.delete(num)
  else if (kind === 'flag' && entry) model.set(num, { ...entry, onExec: on })
  else if (kind === 'change' && entry) model.set(num, { ...entry, name })
  else if (kind === 'range') for (const [n] of within) model.delete(n)
  else if (kind === 'rangeOnExec') for (const [n, one] of within) model.set(n, { ...one, onExec: true })
  else if (kind === 'exec') for (const [n, one] of [...model]) if (one.onExec) model.delete(n)
}

function applyToTable(table: FdTable, { kind, num, to, on }: Change, name: string): void {
  if (kind === 'open') {
    const fd = new Fd(num, 1)
    fd.name = name
    fd.openFlags = on ? O_CLOEXEC : 0
    table.set(num, fd)
  } else if (kind === 'close') table.delete(num)
  else if (kind === 'flag') table.setCloseOnExec(num, on)
  else if (kind === 'change') {
    const fd = table.own(num)
    if (fd !== null) fd.name = name
  } else if (kind === 'range') table.closeRange(num, to, false)
  else if (kind === 'rangeOnExec') table.closeRange(num, to, true)
  else if (kind === 'exec') table.deleteCloseOnExec()
  else if (kind === 'forgetOrder') table.forgetOrder()
}

test('forked tables hold the same as copied tables', () => {
  fc.assert(
    fc.property(fc.array(change, { maxLength: 80 }), changes => {
      const tables = [{ table: new FdTable(), model: new Map() as Model }]
      for (const [i, one] of changes.entries()) {
        const { table, model } = tables[one.at % tables.length]!
        if (one.kind === 'fork') tables.push({ table: table.fork(), model: new Map(model) })
        else {
          applyToTable(table, one, `${i}`)
          applyToModel(model, one, `${i}`)
        }
      }
      for (const { table, model } of tables) {
        const seen = new Map([...table].map(([num, fd]) => [num, { name: fd.name, onExec: fd.openFlags !== 0 }]))
        expect(new Map([...seen].sort((a, b) => a[0] - b[0]))).toEqual(new Map([...model].sort((a, b) => a[0] - b[0])))
        expect(new Set(table.inOrder())).toEqual(new Set([...table].map(([, fd]) => fd)))
        expect(table.size).toBe(model.size)
        for (const [num, { name }] of model) expect(table.get(num)?.name).toBe(name)
      }
    }),
    { numRuns: 3000 },
  )
})

test('a table that has forgotten its order, and its later forks, are in the order of the numbers', () => {
  const table = new FdTable()
  for (const num of [3, 40, 0, 9]) table.set(num, new Fd(num, 1))
  const before = table.fork()
  table.forgetOrder()
  const after = table.fork()
  for (const one of [table, before, after]) one.set(7, new Fd(7, 1))
  const order = (one: FdTable) => one.inOrder().map(({ num }) => num)
  expect([table, after].map(order)).toEqual([
    [0, 3, 7, 9, 40],
    [0, 3, 7, 9, 40],
  ])
  expect(order(before)).toEqual([7, 3, 40, 0, 9])
})

test('a full table keeps the newest descriptors aside, and forgets the oldest of these first', () => {
  const table = new FdTable(10)
  const open = (num: number) => table.set(num, new Fd(num, 1))
  for (let num = 0; num < 10; num++) expect(open(num)).toBe(true)
  for (let num = 10; num < 100; num++) expect(open(num)).toBe(false)
  expect(table.size).toBe(10)
  expect(table.get(99)?.num).toBe(99)
  expect(table.get(36)?.num).toBe(36)
  expect(table.get(35)).toBeNull()
  table.own(99)!.name = 'mine'
  const child = table.fork()
  child.own(99)!.name = 'the child’s'
  expect(table.get(99)?.name).toBe('mine')
  table.closeRange(50, 99, false)
  expect(table.get(99)).toBeNull()
  expect(child.get(99)?.name).toBe('the child’s')
})

test('a forked table and its parent do not share changes, even after their order was read', () => {
  const parent = new FdTable()
  for (let num = 0; num < 20; num++) parent.set(num, new Fd(num, 1))
  const child = parent.fork()
  child.inOrder()
  child.setCloseOnExec(5, true)
  parent.inOrder()
  parent.own(7)!.name = 'the parent’s'
  expect([parent.get(5)!.openFlags, child.get(5)!.openFlags !== 0]).toEqual([0, true])
  expect(child.get(7)!.name).not.toBe('the parent’s')
  parent.deleteCloseOnExec()
  child.deleteCloseOnExec()
  expect([parent.size, child.size]).toEqual([20, 19])
})
