import { expect, test } from 'vitest'
import type { Alert } from '../../src/alert/alert.ts'
import { Engine } from '../../src/engine/engine.ts'
import { type Request, RULES, shop } from './shop.ts'

function loaded(content = RULES): Engine {
  const engine = new Engine({ sources: [shop], ruleMatching: 'all' })
  expect(engine.load([{ name: 'shop.yaml', content }]).errors).toEqual([])
  return engine
}

const wipe: Request = { action: 'delete', user: 'eve', rows: 500 }
const remove: Request = { action: 'delete', user: 'bob' }
const read: Request = { action: 'read' }

async function* sent(...events: Request[]): AsyncGenerator<Request> {
  yield* events
}

async function messages(alerts: AsyncIterable<Alert>): Promise<string[]> {
  const found: string[] = []
  for await (const alert of alerts) found.push(alert.message)
  return found
}

/** Events that a test sends one by one: `next` waits for them. */
function channel() {
  const waiting: ((result: IteratorResult<Request>) => void)[] = []
  const log: string[] = []
  const events: AsyncIterableIterator<Request> = {
    [Symbol.asyncIterator]: () => events,
    next: () => {
      log.push('next')
      return new Promise(resolve => waiting.push(resolve))
    },
    return: async () => {
      log.push('return')
      return { done: true, value: undefined }
    },
  }
  return { events, log, send: (value: Request) => waiting.shift()!({ done: false, value }) }
}

const EXPECTED = ['eve deleted 500 rows', 'eve deletes', 'bob deletes']

test.each([
  ['an array', () => [wipe, read, remove]],
  ['an async generator', () => sent(wipe, read, remove)],
  ['no event', () => []],
] as const)('run yields the alerts of %s, in order', async (title, events) => {
  const engine = loaded()
  expect(await messages(engine.run(events()))).toEqual(title === 'no event' ? [] : EXPECTED)
  expect(engine.stats().events).toBe(title === 'no event' ? 0 : 3)
})

test('concurrent calls of next resolve in order', async () => {
  const run = loaded().run(sent(wipe, read, remove))
  const results = await Promise.all([run.next(), run.next(), run.next(), run.next(), run.next()])
  expect(results.map(({ done, value }) => (done ? 'end' : value!.message))).toEqual([...EXPECTED, 'end', 'end'])
})

test('an event is read only after the alerts of the previous one have been consumed', async () => {
  const { events, log, send } = channel()
  const run = loaded().run(events)
  const first = run.next()
  send(wipe)
  await first
  await run.next()
  expect(log).toEqual(['next'])
  void run.next()
  expect(log).toEqual(['next', 'next'])
})

test('rules loaded during a run apply from the next event on, and stats count from there', async () => {
  const engine = loaded()
  const run = engine.run(sent(remove, remove, remove))
  expect((await run.next()).value!.message).toBe('bob deletes')
  engine.load([{ name: 'shop.yaml', content: RULES.replace('user deletes', 'user removes') }])
  expect(await messages(run)).toEqual(['bob removes', 'bob removes'])
  expect(engine.stats()).toMatchObject({ events: 2, matches: 2 })
})

test('the signal ends the wait for the next event and closes the iterator of events', async () => {
  const stop = new AbortController()
  const { events, log, send } = channel()
  const run = loaded().run(events, { signal: stop.signal })
  const [first, second] = [run.next(), run.next()]
  const third = run.next()
  send(wipe)
  await first
  await second
  stop.abort()
  expect(await third).toEqual({ done: true, value: undefined })
  expect(log).toEqual(['next', 'next', 'return'])
  send(wipe)
  expect((await run.next()).done).toBe(true)
})

test('alerts of an event already evaluated are delivered even after the signal', async () => {
  const stop = new AbortController()
  const found: string[] = []
  for await (const alert of loaded().run([wipe, remove], { signal: stop.signal })) {
    found.push(alert.message)
    stop.abort()
  }
  expect(found).toEqual(EXPECTED.slice(0, 2))
})

test('with a signal that is already aborted, no event is read', async () => {
  const { events, log } = channel()
  expect(await messages(loaded().run(events, { signal: AbortSignal.abort() }))).toEqual([])
  expect(log).toEqual([])
})

test.each([
  ['without alerts', read],
  ['whose events all raise alerts', remove],
])('a timer can stop a run over a synchronous iterable %s', async (_, event) => {
  const stop = new AbortController()
  setTimeout(() => stop.abort(), 1)
  function* endless() {
    for (;;) yield event
  }
  for await (const _ of loaded().run(endless(), { signal: stop.signal })) {
    // The loop ends when the timer has fired.
  }
  expect(stop.signal.aborted).toBe(true)
})

test('leaving the loop closes the iterator of events', async () => {
  const { events, log, send } = channel()
  const run = loaded().run(events)
  const first = run.next()
  send(wipe)
  await first
  await run.return!()
  expect(log).toEqual(['next', 'return'])
  expect((await run.next()).done).toBe(true)
})

test('an error thrown by the events reaches the consumer after the alerts before it', async () => {
  async function* failing() {
    yield remove
    throw new Error('no more')
  }
  const run = loaded().run(failing())
  expect((await run.next()).value!.message).toBe('bob deletes')
  await expect(run.next()).rejects.toThrow('no more')
  expect((await run.next()).done).toBe(true)
})

test('a finished run removes its listener from the signal', async () => {
  const listeners = new Set<unknown>()
  const signal = {
    aborted: false,
    addEventListener: (_: 'abort', listener: () => void) => void listeners.add(listener),
    removeEventListener: (_: 'abort', listener: () => void) => void listeners.delete(listener),
  }
  const run = loaded().run(sent(wipe), { signal })
  await run.next()
  expect(listeners.size).toBe(1)
  await messages(run)
  expect(listeners.size).toBe(0)
})
