import fc from 'fast-check'
import { expect, test } from 'vitest'
import { SetTable } from '../../src/ruleset/set-table.ts'

function intern(table: SetTable, members: readonly number[]): number {
  table.scratch.fill(0)
  for (const m of members) table.scratch[m >> 5]! |= 1 << (m & 31)
  return table.intern()
}

const sets = fc.array(fc.uniqueArray(fc.nat(69), { maxLength: 12 }), { minLength: 2, maxLength: 60 })

test('equal sets share one number, and each number gives back its set', () => {
  fc.assert(
    fc.property(sets, given => {
      const table = new SetTable(70)
      const ids = given.map(set => intern(table, set))
      const texts = given.map(set => [...set].sort((a, b) => a - b).join())
      ids.forEach((id, i) => {
        expect([...table.members(id)].join()).toBe(texts[i])
        for (let j = 0; j < i; j++) expect(ids[j] === id).toBe(texts[j] === texts[i])
      })
    }),
  )
})

test('meet gives the intersection, also when repeated', () => {
  fc.assert(
    fc.property(sets, given => {
      const table = new SetTable(70)
      const ids = given.map(set => intern(table, set))
      for (let round = 0; round < 2; round++)
        for (let i = 1; i < ids.length; i++) {
          const common = given[i]!.filter(m => given[i - 1]!.includes(m)).sort((a, b) => a - b)
          const id = table.meet(ids[i]!, ids[i - 1]!)
          expect(id < 0 ? [] : [...table.members(id)]).toEqual(common)
        }
    }),
  )
})

test('a full table is cleared, and clears are counted', () => {
  const table = new SetTable(32, 8)
  for (let i = 0; i < 8; i++) intern(table, [i])
  expect([table.size, table.clears]).toEqual([8, 0])
  const id = intern(table, [30])
  expect([table.size, table.clears]).toEqual([1, 1])
  expect([...table.members(id)]).toEqual([30])
})
