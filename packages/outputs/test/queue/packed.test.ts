/** A queue in memory packs alerts far from its front into bytes: the only visible effect is that more fit. */
import { alertSize, defineSource, Engine } from '@falc/engine'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { falcoJson, type Item, MemoryQueue, type QueueBounds } from '../../src/index.ts'
import { QueuedItem } from '../../src/model/item.ts'

const source = defineSource<{ readonly n: number; readonly text: string }>({
  name: 'numbers',
  time: () => 1_700_000_000_000_000_000n,
  fields: {
    'it.n': { type: 'uint64', doc: 'number', extract: event => event.n },
    'it.text': { type: 'string', doc: 'text', extract: event => event.text },
  },
})
const engine = new Engine({ sources: [source] })
const rules = ['even', 'odd'].map((rule, i) => ({
  ...{ rule, desc: 'd', output: '%it.n %it.text', priority: 'INFO', source: 'numbers' },
  condition: i === 0 ? 'not it.text contains odd' : 'it.text contains odd',
}))
engine.load([{ name: 'r.yaml', content: JSON.stringify(rules) }])

const wording = { format: falcoJson({ id: true }), template: undefined }

function itemOf(n: number, kind: 'even' | 'odd' | 'plain', length: number): Item {
  const text = `${kind} ${'ü'.repeat(n % 2)}${'x'.repeat(length)}`
  const [alert] = engine.evaluate(source, { n, text })
  return new QueuedItem(kind === 'plain' ? alert!.toObject() : alert!, wording)
}

function queueOf(bounds: QueueBounds = {}) {
  const queue = new MemoryQueue(bounds)
  const lost: number[] = []
  queue.attach({
    item: (alert, size) => new QueuedItem(alert, wording, size),
    lost: (_, count) => void lost.push(count),
    found: () => {},
    log: () => {},
  })
  return { queue, lost }
}

/** This many alerts at the front are not packed. */
const FRONT = 2048
const bodies = (items: Iterable<Item>) => Array.from(items, ({ body }) => body)

test('the queue returns the same items as a plain list', () => {
  const step = fc.record({
    kind: fc.constantFrom('even', 'odd', 'plain'),
    length: fc.oneof({ weight: 9, arbitrary: fc.nat(100) }, { weight: 1, arbitrary: fc.nat(100_000) }),
    pushed: fc.nat(60),
    taken: fc.nat(120),
    bytes: fc.constantFrom(Number.POSITIVE_INFINITY, 1, 5000),
  })
  fc.assert(
    fc.property(fc.array(step, { maxLength: 12 }), fc.integer({ min: 0, max: 40 }), (steps, missing) => {
      const { queue, lost } = queueOf({ maxBytes: 1e9 })
      const list: string[] = []
      let n = 0
      const push = (kind: 'even' | 'odd' | 'plain', length: number) => {
        const item = itemOf(n++, kind, length)
        queue.push(item)
        list.push(item.body)
      }
      for (let i = 0; i < FRONT - missing; i++) push('even', 0)
      for (const { kind, length, pushed, taken, bytes } of steps) {
        for (let i = 0; i < pushed; i++) push(kind, length)
        const got = bodies(queue.take(taken, bytes))
        expect(got).toEqual(list.splice(0, got.length))
        queue.done(got.length)
        expect(queue.length).toBe(list.length)
      }
      // All but one are taken, then the rest is drained.
      const most = bodies(queue.take(list.length - 1, Number.POSITIVE_INFINITY))
      queue.done(most.length)
      expect([...most, ...bodies(queue.drain())]).toEqual(list)
      expect([queue.length, queue.bytes, lost]).toEqual([0, 0, []])
    }),
    { numRuns: 20 },
  )
})

test.each(['newest', 'oldest'] as const)('the byte limit is used up but never exceeded; the %s are dropped', drop => {
  const maxBytes = 4 << 20
  const { queue, lost } = queueOf({ maxBytes, drop })
  const pushed = 60_000
  for (let i = 0; i < pushed; i++) if (!queue.refuses) queue.push(itemOf(i, 'even', 20))
  expect(queue.bytes).toBeLessThanOrEqual(maxBytes)
  expect(queue.bytes).toBeGreaterThan(0.99 * maxBytes)
  // Far more than would fit as objects.
  expect(queue.length).toBeGreaterThan((4 * maxBytes) / alertSize(itemOf(0, 'even', 20).alert))
  if (drop === 'oldest') expect(lost.length).toBe(pushed - queue.length)
  const first = queue.take(1, 1e9)[0]!
  expect(first.alert.output_fields['it.n']).toBe(drop === 'oldest' ? pushed - queue.length - 1 : 0)
  queue.clear()
  expect([queue.length, queue.bytes]).toEqual([0, 0])
})

test('the oldest alerts of any kind are dropped, and their exact size is subtracted', () => {
  const kinds = ['even', 'plain', 'odd', 'even'] as const
  const { queue, lost } = queueOf({ capacity: FRONT + 50, drop: 'oldest' })
  const list: string[] = []
  for (let i = 0; i < FRONT + 500; i++) {
    const item = itemOf(i, kinds[i % kinds.length]!, i % 70)
    queue.push(item)
    list.push(item.body)
  }
  // These push out the unpacked front, too.
  for (let i = 0; i < 2 * FRONT; i++) {
    const item = itemOf(i, kinds[i % kinds.length]!, i % 70)
    queue.push(item)
    list.push(item.body)
  }
  expect(lost).toEqual(new Array(list.length - (FRONT + 50)).fill(1))
  const all = queue.take(FRONT + 50, Number.POSITIVE_INFINITY)
  expect(bodies(all)).toEqual(list.slice(-(FRONT + 50)))
  queue.done(all.length)
  expect([queue.length, queue.bytes]).toEqual([0, 0])
})

test('alternating kinds of alerts share segments of memory', () => {
  const { queue } = queueOf({ maxBytes: 1e9 })
  const before = process.memoryUsage().arrayBuffers
  for (let i = 0; i < 10_000; i++) queue.push(itemOf(i, i % 2 === 0 ? 'even' : 'plain', 20))
  // One segment per alert would take 250 MB.
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(16 << 20)
})
