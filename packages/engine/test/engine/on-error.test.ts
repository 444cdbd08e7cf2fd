import { expect, test } from 'vitest'
import { Engine } from '../../src/engine/engine.ts'
import { explanationText } from '../../src/explain/explanation-text.ts'
import type { FieldFailure } from '../../src/fields/failures.ts'
import { defineSource } from '../../src/fields/field.ts'
import { compileCondition } from '../../src/index.ts'
import { loadRuleset } from '../../src/runtime.ts'
import { type Request, shop } from './shop.ts'

const rules = (condition: string, output = '%shop.user') =>
  JSON.stringify([{ rule: 'r', desc: 'd', condition, output, priority: 'INFO', source: 'shop' }])
const wipe: Request = { action: 'delete', user: 'eve' }

/** Detectors of every kind, and the failures passed to their onError. */
function detectors(source = shop, condition = 'not shop.fails = x', output = '%shop.fails') {
  return [{ backend: 'jit' }, { backend: 'vm' }, { tuning: { treeWalk: true } }, { saved: true }].map(
    ({ saved, ...options }: any) => {
      const failures: FieldFailure[] = []
      const onError = (failure: FieldFailure) => void failures.push(failure)
      const engine = new Engine({ sources: [source], onError, ...options })
      expect(engine.load([{ name: 'r.yaml', content: rules(condition, output) }]).errors).toEqual([])
      return { detector: saved ? loadRuleset(engine.save(), { sources: [source], onError }) : engine, failures }
    },
  )
}

test('a field that throws is absent, counted and reported, in conditions and outputs', () => {
  for (const { detector, failures } of detectors()) {
    expect(detector.evaluate(shop, wipe).map(alert => alert.message)).toEqual(['<NA>'])
    expect(detector.stats().extractErrors).toEqual({ 'shop.fails': 2 })
    expect(failures.map(({ source, field, error, event }) => [source, field, String(error), event])).toEqual(
      Array(2).fill(['shop', 'shop.fails', 'Error: broken', wipe]),
    )
    expect((failures[0]!.error as Error).stack).toContain('shop.ts')
  }
})

test('a field that returns another type than declared is reported with the type found', () => {
  for (const [value, found] of [
    [5, 'a value of type number'],
    [['a'], 'a list'],
    [new Uint8Array(1), 'bytes'],
  ] as const) {
    const fields = { ...shop.fields, 'shop.fails': { ...shop.fields['shop.fails']!, extract: () => value as never } }
    for (const { detector, failures } of detectors({ ...shop, fields })) {
      detector.evaluate(shop, wipe)
      expect(failures.map(({ field, error }) => [field, String(error)])).toEqual(
        Array(2).fill(['shop.fails', `TypeError: extract returned ${found} for a field of type string`]),
      )
    }
  }
})

test('an onError that throws is ignored', () => {
  const onError = () => {
    throw new Error('in the callback')
  }
  const engine = new Engine({ sources: [shop], onError })
  engine.load([{ name: 'r.yaml', content: rules('not shop.fails = x') }])
  expect(engine.evaluate(shop, wipe).length).toBe(1)
  expect(engine.stats()).toMatchObject({ extractErrors: { 'shop.fails': 1 }, failedEvents: 0 })
})

test.each([
  ['throws', () => new Error('no clock') as never, 'no clock'],
  ['returns a number', () => 5 as never, 'not a time'],
  ['returns text that is not a time', () => 'yesterday', 'not a time'],
  ['returns an invalid Date', () => new Date(Number.NaN), 'not a time'],
])('if the time function %s, the time of receipt is used and one failure reported', (_, given, message) => {
  const time = () => {
    const value: unknown = given()
    if (value instanceof Error) throw value
    return value as bigint
  }
  const source = { ...shop, time }
  for (const { detector, failures } of detectors(source, 'evt.rawtime > 0', '%evt.rawtime')) {
    const before = BigInt(Date.now()) * 1_000_000n
    const [alert] = detector.evaluate(source, wipe)
    expect(alert!.time).toBeGreaterThanOrEqual(before)
    expect(alert!.message).toBe(String(alert!.time))
    expect(failures.map(({ field }) => field)).toEqual(['time'])
    expect(String(failures[0]!.error)).toContain(message)
    expect(detector.stats()).toMatchObject({ extractErrors: { time: 1 }, failedEvents: 0, events: 1 })
  }
})

test.each([
  [1_772_442_000_123_456_789n, '1772442000123456789'],
  [new Date('2026-03-02T09:00:00.123Z'), '1772442000123000000'],
  ['2026-03-02T09:00:00Z', '1772442000000000000'],
  ['2026-03-02T10:00:00.5+01:00', '1772442000500000000'],
  ['2026-03-02T09:00:00.123456789Z', '1772442000123456789'],
  ['1969-12-31T23:59:59.999999999Z', '-1'],
])('the time %s is converted to nanoseconds', (time, nanoseconds) => {
  const source = defineSource({ name: 'clock', fields: {}, time: () => time })
  const engine = new Engine({ sources: [source] })
  const rule = rules('evt.num > 0', '%evt.rawtime').replace('shop"}', 'clock"}')
  expect(engine.load([{ name: 'r.yaml', content: rule }]).errors).toEqual([])
  expect(String(engine.evaluate(source, {})[0]!.time)).toBe(nanoseconds)
})

test('an event whose type cannot be read is dropped, counted and reported', () => {
  const eventTypes = { all: [0], fields: [], typesOf: () => [0], valueOf: () => undefined }
  const eventType = (): number => {
    throw new Error('no type')
  }
  const source = { ...shop, eventTypes, eventType }
  for (const { detector, failures } of detectors(source, 'shop.action = delete', 'o').slice(0, 2)) {
    expect(detector.evaluate(source, wipe)).toEqual([])
    expect(detector.stats()).toMatchObject({ failedEvents: 1, extractErrors: { event: 1 } })
    expect(failures.map(({ field, error }) => [field, String(error)])).toEqual([['event', 'Error: no type']])
  }
})

test('explain shows why a field is absent', () => {
  const engine = new Engine({ sources: [shop] })
  engine.load([{ name: 'r.yaml', content: rules('shop.fails = x') }])
  const explanation = engine.explain(shop, wipe, 'r')
  expect(explanation.condition).toMatchObject({ valueText: '<NA>', error: expect.stringContaining('broken') })
  expect(explanationText(explanation)).toContain('is <NA> (shop.fails could not be read: Error: broken)')
})

test('a condition compiled on its own also reports failures', () => {
  const failures: string[] = []
  const condition = compileCondition('shop.fails exists', shop, { onError: ({ field }) => void failures.push(field) })
  expect([condition.test(wipe), failures]).toEqual([false, ['shop.fails']])
})
