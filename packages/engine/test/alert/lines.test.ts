/** Alerts are printed from the text that lines of a rule share, byte for byte like plain objects, which are printed in full. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { alertJson, alertText, writeAlertJson, writeAlertText } from '../../src/alert/print.ts'
import { Engine } from '../../src/engine/engine.ts'
import { ByteSink } from '../../src/text/byte-sink.ts'
import { bytesToText } from '../../src/text/encoding.ts'
import { people, scalar, text } from './people.ts'

test('an alert prints the same as a copy of it, whatever alerts came before', () => {
  const appendOutput = [
    {
      match: { source: 'people' as const },
      extra_output: 'and %who.up',
      extra_fields: ['who.id', { 'a "b"': '<%who.name>' }],
    },
  ]
  const engine = new Engine({ sources: [people], hostname: 'b"ox', appendOutput })
  const output =
    '%who.name|%8who.name|%who.nick|%who.big %who.load %who.list %who.kin %gone.value %toupper(who.name) %who.ip "é\\'
  const rule = {
    rule: 'W"',
    desc: 'd',
    condition: 'who.name exists',
    priority: 'INFO',
    source: 'people',
    output,
    tags: ['t"'],
  }
  expect(engine.load([{ name: 'r.yaml', content: JSON.stringify([rule]) }]).errors).toEqual([])
  const few = fc.constantFrom('ada', 'a"', 'é\ud800', '\udcff')
  const list: unknown[] = []
  const optional = { nick: fc.oneof(few, text) }
  const required = {
    name: fc.oneof(few, text),
    time: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 64n }),
    big: fc.oneof(fc.constant(5n), fc.bigInt({ min: 0n, max: 2n ** 64n - 1n })),
    load: fc.oneof(fc.constantFrom(0, -0, 5, Number.NaN), fc.double()),
    list: fc.oneof(
      fc.array(scalar),
      // The same list with other elements.
      scalar.map(value => {
        list.splice(0, 1, value)
        return list
      }),
    ),
  }
  const event = fc.record({ ...required, ...optional }, { requiredKeys: ['name', 'time', 'big', 'load', 'list'] })
  const sink = new ByteSink(1)
  const include = fc.record({
    ...{ id: fc.boolean(), output: fc.boolean(), tags: fc.boolean(), message: fc.boolean() },
    output_fields: fc.boolean(),
  })
  fc.assert(
    fc.property(fc.array(event, { minLength: 1, maxLength: 5 }), include, (events, include) => {
      sink.clear()
      let copies = ''
      for (const event of events) {
        const alert = engine.evaluate(people, event)[0]!
        const copy = alert.toObject()
        expect(alertJson(alert, include)).toBe(alertJson(copy, include))
        expect(alertText(alert)).toBe(alertText(copy))
        for (let twice = 0; twice < 2; twice++) {
          writeAlertJson(alert, sink, include)
          writeAlertText(alert, sink)
          copies += alertJson(copy, include) + alertText(copy)
        }
      }
      expect(bytesToText(sink.written)).toBe(copies)
    }),
  )
})
