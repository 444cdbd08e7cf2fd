import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Answer, FailureClass, Item, Output } from '../src/index.ts'
import { deliverLines, line } from './lines.ts'

/** What an output answers to a batch: it takes some messages and fails, or takes all. */
type Fate = { readonly delivered: number; readonly class: FailureClass } | 'all'

const fates: fc.Arbitrary<Fate> = fc.oneof(
  { weight: 5, arbitrary: fc.constant<Fate>('all') },
  {
    weight: 4,
    arbitrary: fc.record({
      delivered: fc.nat(3),
      class: fc.constantFrom<FailureClass>('later', 'later', 'poison', 'poison', 'misconfigured', 'broken'),
    }),
  },
)

class Scripted implements Output {
  readonly name = 'scripted'
  readonly batch: { readonly items: number }
  readonly got: string[] = []
  readonly #script: Fate[]
  constructor(maxBatch: number, script: readonly Fate[]) {
    this.batch = { items: maxBatch }
    this.#script = [...script]
  }
  async open() {
    return this
  }
  async send(messages: readonly Item[]): Promise<Answer> {
    await Promise.resolve()
    const fate = this.#script.shift() ?? 'all'
    const count = messages.length
    const delivered = fate === 'all' ? count : Math.min(fate.delivered, count - 1)
    this.got.push(...messages.slice(0, delivered).map(({ body }) => body))
    return { delivered, ...(fate !== 'all' && { failure: { class: fate.class, cause: fate.class, message: 'no' } }) }
  }
  async reopen() {}
  async close() {}
}

test('whatever an output does, every message is delivered once, in order, or counted', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1, max: 5 }),
      fc.integer({ min: 1, max: 8 }),
      fc.array(fates, { maxLength: 12 }),
      fc.array(fc.constantFrom('push', 'flush', 'turn', 'reopen'), { maxLength: 60 }),
      async (maxBatch, capacity, script, steps) => {
        const output = new Scripted(maxBatch, script)
        const channel = deliverLines(output, { capacity, backoff: { first: 0, max: 0 } })
        let pushed = 0
        const check = () => {
          const { pushed: counted, delivered, queued, dropped } = channel.stats
          const lost = Object.values(dropped).reduce((sum, n) => sum + n, 0)
          expect(counted).toBe(pushed)
          expect(delivered + queued + lost).toBe(pushed)
        }
        for (const step of steps) {
          if (step === 'push') channel.push(line(String(pushed++)))
          else if (step === 'flush') await channel.flush()
          else if (step === 'reopen') await channel.reopen()
          else await new Promise(resolve => setImmediate(resolve))
          if (step !== 'push') check()
        }
        await channel.close()
        check()
        expect(channel.stats.queued).toBe(0)
        expect(channel.stats.delivered).toBe(output.got.length)
        const order = output.got.map(Number)
        expect(order).toEqual([...order].sort((a, b) => a - b))
        expect(new Set(order).size).toBe(order.length)
      },
    ),
    { numRuns: 300 },
  )
})
