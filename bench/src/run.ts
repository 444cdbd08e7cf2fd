/** `engine.run` against the loop that it replaces: `for await` over the events, calling `evaluate`. */
import { defineSource, Engine } from '@falc/engine'
import { compare, report } from './measure.ts'

interface Order {
  readonly user: string
  readonly amount: number
}

const orders = defineSource<Order>({
  name: 'orders',
  time: () => 0n,
  fields: {
    'order.user': { type: 'string', doc: 'Who orders', extract: order => order.user },
    'order.amount': { type: 'uint32', doc: 'For how much', extract: order => order.amount },
  },
})

const RULE = `- rule: Large order
  desc: d
  condition: order.user = eve and order.amount > 1000
  output: "%order.user"
  priority: NOTICE
  source: orders
`

const EVENTS = 500_000
/** Events of the run in which memory is watched. */
const LONG = 10_000_000

const quiet: Order = { user: 'ann', amount: 5 }
const loud: Order = { user: 'eve', amount: 5000 }

/** Every `nth` event gives an alert. */
function* each(count: number, nth: number): Generator<Order> {
  for (let i = 1; i <= count; i++) yield i % nth === 0 ? loud : quiet
}

async function* eachAsync(count: number, nth: number): AsyncGenerator<Order> {
  for (let i = 1; i <= count; i++) yield i % nth === 0 ? loud : quiet
}

export async function benchRun(): Promise<void> {
  const engine = new Engine({ sources: [orders] })
  engine.load([{ name: 'bench', content: RULE }])
  console.log(`engine.run: ${EVENTS} events; its rate as a share of the rate of a loop with evaluate`)
  for (const [what, events] of [
    ['an async generator', eachAsync],
    ['a generator', each],
  ] as const) {
    for (const nth of [1000, 10]) {
      const loop = async () => {
        let alerts = 0
        for await (const event of events(EVENTS, nth)) alerts += engine.evaluate(orders, event).length
        return alerts
      }
      const run = async () => {
        let alerts = 0
        for await (const _ of engine.run(events(EVENTS, nth))) alerts++
        return alerts
      }
      const [plain, ran] = await compare(
        [
          { name: 'loop', run: loop },
          { name: 'run', run },
        ],
        7,
        2,
      )
      report(
        `rate over ${what}, an alert per ${nth} events`,
        `${((100 * plain!.min) / ran!.min).toFixed(0)} %`,
        'at least 80 %',
      )
    }
  }

  const heap = () => {
    globalThis.gc?.()
    return process.memoryUsage().heapUsed
  }
  const before = heap()
  let after = 0
  async function* watched() {
    yield* eachAsync(LONG, 1000)
    after = heap()
  }
  for await (const _ of engine.run(watched(), { signal: new AbortController().signal })) {
    // Only the events count.
  }
  const bytes = Math.max(0, after - before) / LONG
  report(`heap that ${LONG} events leave behind`, `${bytes.toFixed(2)} B each`, 'below 1 B')
}
