import { expect, test } from 'vitest'
import { ContainerTable } from '../../src/state/container-table.ts'

const MOST = 16384

const id = (n: number) => n.toString(16).padStart(12, '0').padEnd(64, '0')

test('containers beyond the limit take the place of the oldest, and are counted', () => {
  const table = new ContainerTable()
  for (let n = 1; n <= MOST + 100; n++) {
    const groups = Buffer.from(`cpu=/machine.slice/libpod-${id(n)}.scope\0`)
    table.resolve(groups, 0, groups.length)
  }
  const known = (n: number) => table.get(id(n).slice(0, 12), null) !== undefined
  expect(table.evicted).toBe(100)
  expect([1, 100, 101, MOST + 100].map(known)).toEqual([false, false, true, true])
})
