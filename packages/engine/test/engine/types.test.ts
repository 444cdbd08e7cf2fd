/**
 * What the compiler knows of the public API. `tsc -p tsconfig.tests.json` checks this file: each `@ts-expect-error` is an error
 * that a user must get.
 */
import { expect, expectTypeOf, test } from 'vitest'
import { type Alert, defineSource, Engine, type EventOf, RuleTester, type Source } from '../../src/index.ts'
import { loadRuleset } from '../../src/runtime.ts'

interface Login {
  readonly user: string
  readonly failed: number
  readonly groups: readonly string[]
  readonly at: Date
}

const logins = defineSource<Login>({
  name: 'logins',
  time: login => login.at,
  fields: {
    'login.user': { type: 'string', doc: 'Who', extract: login => login.user },
    'login.failed': { type: 'uint32', doc: 'Failures before', extract: login => login.failed },
    'login.groups': { type: 'string', list: true, doc: 'Of whom', extract: login => login.groups },
    'login.any': { type: 'string', anyOf: true, doc: 'Of whom', extract: login => login.groups },
    'login.first': { type: 'string', list: true, doc: 'One is a list, too', extract: login => login.groups[0] },
    'login.key': { type: 'uint64', arg: 'required', argKind: 'key', doc: 'd', extract: (_, key) => BigInt(key) },
  },
})

interface Order {
  readonly sum: number
}

/** Without a type argument, the first function with a type determines the type of the events. */
const orders = defineSource({
  name: 'orders',
  time: (_: Order) => '2026-03-02T09:00:00Z',
  fields: { 'order.sum': { type: 'double', doc: 'How much', extract: order => order.sum } },
})

const login: Login = { user: 'ada', failed: 0, groups: [], at: new Date(0) }
const order: Order = { sum: 1 }

test('the type of a source includes its events and the names of its fields', () => {
  expectTypeOf<EventOf<typeof logins>>().toEqualTypeOf<Login>()
  expectTypeOf<EventOf<typeof orders>>().toEqualTypeOf<Order>()
  expectTypeOf(orders).toEqualTypeOf<Source<Order, 'order.sum'>>()
  expectTypeOf<keyof typeof orders.fields>().toEqualTypeOf<'order.sum'>()
  // @ts-expect-error: no such field
  expect(orders.fields['order.sun']).toBe(undefined)
})

test('evaluate, explain and run take events of their source only', async () => {
  const engine = new Engine({ sources: [logins, orders] })
  expectTypeOf(engine.evaluate(logins, login)).toEqualTypeOf<Alert[]>()
  expectTypeOf(engine.evaluate('logins', login)).toEqualTypeOf<Alert[]>()
  const deferral = { before: (_: Login) => {}, hold: (event: Login) => event.failed > 0 }
  expectTypeOf(engine.evaluate(logins, login, deferral)).toEqualTypeOf<Alert[] | undefined>()
  // @ts-expect-error: an order is not a login
  engine.evaluate(logins, order)
  // @ts-expect-error: a login is not an order
  expect(() => engine.explain(orders, login, 'r')).toThrow()
  engine.run([order], { source: orders })
  // @ts-expect-error: an order is not a login
  engine.run([order], { source: logins })
  // @ts-expect-error: a number is not a source
  expect(() => engine.run([order], { source: 5 })).toThrow()
})

test('run of an engine with one source takes only events of that source', () => {
  const engine = new Engine({ sources: [orders] })
  engine.run([order])
  engine.run((async function* () {})())
  // @ts-expect-error: a login is not an order
  engine.run([login])
  const detector = loadRuleset(engine.save(), { sources: [orders] })
  detector.run([order])
  // @ts-expect-error: a login is not an order
  detector.run([login])
})

test('a rule tester takes only events of its source', () => {
  const tester = new RuleTester({ files: [], source: orders })
  tester.expectNone(order)
  // @ts-expect-error: a login is not an order
  tester.alerts(login)
})

test('an engine with any sources is assignable to Engine', () => {
  const any: Engine = new Engine({ sources: [logins] })
  any.evaluate(logins, login)
  const sources: readonly Source[] = [logins, orders]
  expectTypeOf(new Engine({ sources })).toEqualTypeOf<Engine>()
})

test('the type of a field and list determine what extract may return', () => {
  const declare = () =>
    defineSource<Login>({
      name: 'wrong',
      fields: {
        // @ts-expect-error: a number is not text
        'a.number': { type: 'string', doc: 'd', extract: event => event.failed },
        // @ts-expect-error: text is not a number
        'a.text': { type: 'uint32', doc: 'd', extract: event => event.user },
        // @ts-expect-error: a list needs list or anyOf
        'a.list': { type: 'string', doc: 'd', extract: event => event.groups },
        // @ts-expect-error: a list of numbers is not a list of texts
        'a.numbers': { type: 'string', list: true, doc: 'd', extract: event => [event.failed] },
        // @ts-expect-error: a Date is not a value
        'a.date': { type: 'abstime', doc: 'd', extract: event => event.at },
        // @ts-expect-error: list and anyOf exclude each other
        'a.both': { type: 'string', list: true, anyOf: true, doc: 'd', extract: event => event.groups },
        // @ts-expect-error: no such type
        'a.type': { type: 'text', doc: 'd', extract: event => event.user },
        // @ts-expect-error: events have no such property
        'a.property': { type: 'string', doc: 'd', extract: event => event.name },
        // @ts-expect-error: a field needs doc
        'a.doc': { type: 'string', extract: event => event.user },
      },
      // @ts-expect-error: a number is not a time, since it could be seconds or milliseconds
      time: event => event.failed,
    })
  expect(declare).toThrow(TypeError)
})
