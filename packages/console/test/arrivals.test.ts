import { setImmediate } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Arrivals } from '../src/web/arrivals.ts'

test('the last ones are taken, newest first, and once', () => {
  const batches = fc.array(fc.nat({ max: 40 }), { maxLength: 8 })
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 10 }), batches, (limit, counts) => {
      const arrivals = new Arrivals<number>(limit)
      for (const count of counts) {
        const added = Array.from({ length: count }, (_, n) => n)
        for (const item of added) arrivals.add(item)
        expect(arrivals.take()).toEqual(added.slice(-limit).reverse())
      }
    }),
  )
})

test('what nothing takes has a bound', async () => {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  const arrivals = new Arrivals<WeakKey>(10)
  const all: WeakRef<WeakKey>[] = []
  for (let n = 0; n < 100; n++) {
    const item = {}
    all.push(new WeakRef(item))
    arrivals.add(item)
  }
  // A weak reference holds its object until the task in which it was made has ended.
  await setImmediate()
  collect()
  expect(all.filter(ref => ref.deref() !== undefined).length).toBeLessThanOrEqual(20)
  expect(arrivals.take()).toHaveLength(10)
})
