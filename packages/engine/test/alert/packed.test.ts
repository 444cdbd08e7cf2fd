/** Waiting alerts are packed into bytes; unpacking gives the same alert. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { pack, packAlert, type Unpacked, unpack, unpackAlert } from '../../src/alert/packed.ts'
import { alertJson, alertText } from '../../src/alert/print.ts'
import { Engine } from '../../src/engine/engine.ts'
import { ByteSink } from '../../src/text/byte-sink.ts'
import { people } from './people.ts'

const unit = fc.oneof(
  { weight: 8, arbitrary: fc.constantFrom('a', '~', '\0', '"') },
  { weight: 1, arbitrary: fc.constantFrom('\x7f', '\x80', 'ä', '中', '😀', '\ud83d', '\udc80', '\ufeff') },
)
const text = fc.oneof(
  fc.string({ unit, maxLength: 60 }),
  fc.tuple(fc.string({ unit, maxLength: 3 }), fc.nat(20_000)).map(([end, count]) => 'x'.repeat(count) + end),
)
const whole = fc.oneof(fc.bigInt({ min: -(1n << 63n), max: (1n << 63n) - 1n }), fc.bigInt())
const scalar = fc.oneof(text, fc.double(), whole, fc.boolean(), fc.uint8Array({ maxLength: 300 }))
const value = fc.option(fc.oneof(scalar, fc.array(scalar, { maxLength: 4 })), { nil: undefined })

test('alerts with values of any kind, packed one after another, unpack unchanged', () => {
  const plain = { noNullPrototype: true }
  const absence = fc.tuple(fc.nat(300), text)
  const absences = fc.array(absence, { minLength: 1, maxLength: 3 }).map(all => new Map(all))
  const captured = fc.record(
    {
      values: fc.array(value, { maxLength: 200 }),
      json: fc.array(value, { maxLength: 5 }),
      absences: fc.option(absences, { nil: undefined }),
    },
    plain,
  )
  const alert: fc.Arbitrary<Unpacked> = fc.record(
    { time: whole, key: fc.oneof(text, fc.double(), whole), captured },
    plain,
  )
  const sink = new ByteSink(1)
  fc.assert(
    fc.property(fc.array(alert, { maxLength: 3 }), all => {
      sink.clear()
      const ends = all.map(one => {
        pack(one, sink)
        return sink.length
      })
      const again = all.map((_, i) => unpack(sink.written.subarray(ends[i - 1] ?? 0, ends[i])))
      expect(again).toStrictEqual(all)
    }),
  )
})

test('an unpacked alert prints the same text as the original, whatever is included', () => {
  const engine = new Engine({ sources: [people], hostname: 'box', appendOutput: [] })
  const output = Object.entries(people.fields)
    .map(
      ([name, { arg }]) =>
        `%${name}${arg === 'required' ? '[HOME]' : ''} %10${name}${arg === 'required' ? '[HOME]' : ''}`,
    )
    .join(' ')
  const rule = { rule: 'Watch', desc: 'd', condition: 'who.name exists', output, priority: 'INFO', source: 'people' }
  expect(engine.load([{ name: 'r.yaml', content: JSON.stringify([rule]) }]).errors).toEqual([])
  const sink = new ByteSink()
  const person = fc.record(
    { name: text, time: fc.bigInt({ min: 0n, max: 1n << 62n }), big: fc.bigInt({ min: 0n, max: (1n << 64n) - 1n }) },
    { requiredKeys: ['name'] },
  )
  const include = fc.record(
    { id: fc.boolean(), output: fc.boolean(), message: fc.boolean(), absences: fc.boolean(), tags: fc.boolean() },
    { requiredKeys: [] },
  )
  fc.assert(
    fc.property(person, fc.double(), include, (event, load, options) => {
      const [alert] = engine.evaluate(people, { ...event, load })
      sink.clear()
      const kind = packAlert(alert!, sink)!
      const again = unpackAlert(kind, sink.written.slice())
      expect(alertJson(again, options)).toBe(alertJson(alert!, options))
      expect([alertText(again), again.toObject()]).toStrictEqual([alertText(alert!), alert!.toObject()])
    }),
  )
})

test('an alert that is a plain object is not packed', () => {
  const engine = new Engine({ sources: [people] })
  const rule = {
    rule: 'Watch',
    desc: 'd',
    condition: 'who.name exists',
    output: 'x',
    priority: 'INFO',
    source: 'people',
  }
  engine.load([{ name: 'r.yaml', content: JSON.stringify([rule]) }])
  const sink = new ByteSink()
  expect(packAlert(engine.evaluate(people, { name: 'ada' })[0]!.toObject(), sink)).toBeUndefined()
  expect(sink.length).toBe(0)
})
