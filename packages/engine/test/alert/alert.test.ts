import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Alert } from '../../src/alert/alert.ts'
import { alerts } from '../../src/alert/alerts.ts'
import { compileOutput } from '../../src/alert/compile-output.ts'
import { parseAlert } from '../../src/alert/parse-alert.ts'
import { alertJson, alertText } from '../../src/alert/print.ts'
import { compileCondition } from '../../src/bytecode/compile-condition.ts'
import { Engine } from '../../src/engine/engine.ts'
import type { EngineOptions } from '../../src/engine/options.ts'
import { explanationText } from '../../src/explain/explanation-text.ts'
import { isoTime } from '../../src/fields/time.ts'
import { type Person, people, scalar, text } from './people.ts'

function alertOf(
  output: string,
  event: Person,
  options: Partial<EngineOptions> = {},
  condition = 'who.name exists',
): Alert {
  const engine = new Engine({ sources: [people], timeFormatIso8601: true, hostname: 'box', ...options })
  const rule = {
    rule: 'Watch',
    desc: 'd',
    condition,
    output,
    priority: 'WARNING',
    source: 'people',
    tags: ['z', 'b'],
  }
  const report = engine.load([{ name: 'r.yaml', content: JSON.stringify([rule]) }])
  expect(report.errors).toEqual([])
  return engine.evaluate(people, event)[0]!
}

const FIELDS = '"evt.time.iso8601":1700000000123456789'

test('JSON: keys sorted, absent fields null, numbers and lists typed, integers exact', () => {
  const alert = alertOf('%who.name %who.id %gone.value %file.tags %who.big %who.raw %who.up %who.ip %who.parents', {
    name: 'ada',
    big: 18_446_744_073_709_551_615n,
  })
  expect(alertJson(alert)).toBe(
    '{"hostname":"box",' +
      '"output":"2023-11-14T22:13:20.123456789+0000: Warning ada 7 <NA> (a,b) 18446744073709551615 FF true 10.0.0.1 sh init",' +
      `"output_fields":{${FIELDS},"file.tags":["a","b"],"gone.value":null,"who.big":18446744073709551615,"who.id":7,` +
      '"who.ip":"10.0.0.1","who.name":"ada","who.parents":"sh init","who.raw":"FF","who.up":true},' +
      '"priority":"Warning","rule":"Watch","source":"people","tags":["b","z"],"time":"2023-11-14T22:13:20.123456789Z"}',
  )
})

test('JSON: options choose what is included', () => {
  const alert = alertOf('%who.name', { name: 'ada' })
  expect(alertJson(alert, { output: false, tags: false, output_fields: false, message: true })).toBe(
    '{"hostname":"box","message":"ada","priority":"Warning","rule":"Watch","source":"people","time":"2023-11-14T22:13:20.123456789Z"}',
  )
})

test('reasons for absent output fields are kept by field, counted by reason, and printed only on request', () => {
  const engine = new Engine({ sources: [people] })
  const rule = {
    ...{ rule: 'Watch', desc: 'd', condition: 'not who.pet exists', priority: 'WARNING', source: 'people' },
    output: '%who.name %gone.value %tolower(who.pet)',
  }
  engine.load([{ name: 'r.yaml', content: JSON.stringify([rule]) }])
  const [alert] = engine.evaluate(people, { name: 'ada' })
  const [other] = engine.evaluate(people, { name: 'eve' })
  expect([alert!.absences, other!.absences]).toEqual([{ 'who.pet': 'nobody was asked' }, undefined])
  expect(engine.stats().absences).toEqual({ 'nobody was asked': 1 })
  const json = alertJson(alert!, { absences: true })
  expect(json).toContain('"who.pet":null},"output_fields_absent":{"who.pet":"nobody was asked"},"priority"')
  expect(alertJson(alert!.toObject(), { absences: true })).toBe(json)
  expect(alertJson(other!, { absences: true })).toBe(alertJson(other!))
  for (const plain of [alertJson(alert!), JSON.stringify(alert)]) expect(plain).not.toContain('absent')
  const parsed = parseAlert(json)
  expect(parsed.absences).toEqual({ 'who.pet': 'nobody was asked' })
  expect(parseAlert(json.replace('{"who.pet":"nobody was asked"}', '["theirs"]')).absences).toBeUndefined()
  // As an event, the alert gives the reason in alert.absence.
  const source = alerts({ sources: [people] })
  expect(compileOutput('%alert.absence[who.pet] %alert.absence[who.name]', source)(parsed)).toBe(
    'nobody was asked <NA>',
  )
  expect(explanationText(engine.explain(people, { name: 'ada' }, 'Watch'))).toContain('is <NA> (nobody was asked)')
})

test('JSON.stringify prints the same as alertJson, whatever the values', () => {
  fc.assert(
    fc.property(
      text,
      fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
      fc.double(),
      fc.array(scalar),
      (name, big, load, list) => {
        const alert = alertOf('%who.name %who.big %who.load %who.list', { name, big, load, list })
        expect(JSON.stringify(alert)).toBe(alertJson(alert))
        expect(JSON.stringify({ alerts: [alert] })).toBe(`{"alerts":[${alertJson(alert)}]}`)
      },
    ),
  )
})

test('toObject returns plain data that can be cloned, spread and printed', () => {
  const alert = alertOf('%who.name %who.big %file.tags', { name: 'ada', big: 2n ** 63n })
  const data = alert.toObject()
  const { id, output, message, rule, time, tags, output_fields } = alert
  expect(data).toEqual({
    ...{ id, rule, priority: 'Warning', source: 'people', tags, time, output, message, output_fields, hostname: 'box' },
  })
  for (const copy of [structuredClone(data), { ...data }]) expect(copy).toEqual(data)
  expect(alertJson(structuredClone(data))).toBe(alertJson(alert))
  expect(alertText(data)).toBe(alertText(alert))
})

test('escaping: quotes, control characters, and U+FFFD for bytes that are not UTF-8', () => {
  const alert = alertOf('%who.name', { name: 'a"\\\n\u0001\u007fé\udcffz' })
  expect(alertText(alert)).toBe('2023-11-14T22:13:20.123456789+0000: Warning a\\"\\\\\\n\\u0001\u007fé\ufffdz')
  expect(alertJson(alert)).toContain('"who.name":"a\\"\\\\\\n\\u0001\u007fé\ufffdz"')
})

test('JSON: a double always has a decimal point or an exponent', () => {
  const json = (load: number) => /"who.load":([^,}]*)/.exec(alertJson(alertOf('%who.load', { name: 'a', load })))![1]
  expect([5, 0, 0.03, 1e22, 1e-7, 123456.75, 1e15].map(json)).toEqual([
    '5.0',
    '0.0',
    '0.03',
    '1e+22',
    '1e-07',
    '123456.75',
    '1e+15',
  ])
})

test('a copy prints the same as the alert, even after a structured clone or a JSON round trip', () => {
  const alert = alertOf('%who.load %who.name %who.id', { name: '5.0', load: 5 })
  const json = alertJson(alert)
  expect(json).toContain('"who.load":5.0')
  for (const copy of [alert.toObject(), structuredClone(alert.toObject()), { ...alert.toObject() }, parseAlert(json)])
    expect(alertJson(copy)).toBe(json)
})

test('fields inside transformers are output fields, transformed values are not', () => {
  expect(alertJson(alertOf('%toupper(who.name)', { name: 'ada' }))).toContain(`{${FIELDS},"who.name":"ada"}`)
})

test('append_output adds text and fields to the rules that it matches', () => {
  const { output, output_fields } = alertOf(
    '%who.name',
    { name: 'ada' },
    {
      appendOutput: [
        {
          match: { source: 'people', tags: ['b'] },
          extra_output: 'on %file.path',
          extra_fields: ['who.id', { who: 'is %who.id' }],
        },
        { match: { rule: 'Other' }, extra_output: 'never' },
        { suggested_output: true },
      ],
    },
  )
  expect(output).toBe('2023-11-14T22:13:20.123456789+0000: Warning ada on /etc/passwd who_name=ada')
  expect(output_fields).toEqual({
    'evt.time.iso8601': 1_700_000_000_123_456_789n,
    'file.path': '/etc/passwd',
    who: 'is 7',
    'who.id': 7,
    'who.name': 'ada',
  })
})

test('fields that only the condition reads are kept and printed on request', () => {
  const [condition, name] = ['who.name exists and not who.pet exists and who.load < 2 and env.of[A] != who.id', 'ada']
  const appendOutput = [{ match: { rule: 'Watch' }, condition_fields: true }, { match: { rule: 'Other' } }]
  const kept = alertOf('%who.id', { name, load: 1 }, { appendOutput }, condition)
  const fields = '{"env.of[A]":"env A","who.load":1,"who.name":"ada","who.pet":null}'
  expect(alertJson(kept, { condition_fields: true }).startsWith(`{"condition_fields":${fields},"hostname"`)).toBe(true)
  expect(alertJson(kept)).not.toContain('condition_fields')
  const copy = kept.toObject()
  const printed = alertJson(copy, { id: true, condition_fields: true })
  expect(printed).toBe(alertJson(kept, { id: true, condition_fields: true }))
  expect(parseAlert(printed).condition_fields).toEqual(copy.condition_fields)
  // Values that are too long are left out, and without the option nothing is kept.
  const long = alertOf('%who.id', { name: 'x'.repeat(2000), load: 1 }, { appendOutput }, condition)
  expect(Object.keys(long.condition_fields!)).toEqual(['env.of[A]', 'who.load', 'who.pet'])
  expect(alertOf('%who.id', { name, load: 1 }, {}, condition).condition_fields).toBeUndefined()
})

test('local time of day with nanoseconds, without the ISO option', () => {
  const alert = alertOf('%who.name', { name: 'ada' }, { timeFormatIso8601: false })
  const time = new Date(1_700_000_000_000).toTimeString().slice(0, 8)
  expect(alert.output).toBe(`${time}.123456789: Warning ada`)
  expect(alert.output_fields['evt.time']).toBe(1_700_000_000_123_456_789n)
})

test('static fields', () => {
  expect(alertOf('in %static.zone', { name: 'a' }, { staticFields: { zone: 'dmz' } }).message).toBe('in dmz')
})

test('an alert keeps the values that its event had when it was evaluated', () => {
  const event = { name: 'before' }
  const alert = alertOf('%who.name', event)
  event.name = 'after'
  expect(alert.message).toBe('before')
})

test.each([
  [0n, '1970-01-01T00:00:00.000000000Z'],
  [-1n, '1969-12-31T23:59:59.999999999Z'],
  [1_700_000_000_000_000_001n, '2023-11-14T22:13:20.000000001Z'],
  [2n ** 80n, '+275760-09-13T00:00:00.174706176Z'],
])('ISO time of %s', (time, text) => expect(isoTime(time)).toBe(text))

test('a field may print a different value from the one that conditions see', () => {
  const alert = alertOf('%who.elders %who.parents', { name: 'a' })
  expect([alert.message, alert.output_fields['who.elders']]).toEqual(['eve sh init', 'eve'])
  expect(compileCondition('who.elders = ada', people).test({ name: 'a' })).toBe(true)
})

test('a field can define a separate JSON value, even when the event has none to print', () => {
  const alert = alertOf('%who.kin', { name: 'a' })
  expect([alert.message, alert.output_fields['who.kin']]).toEqual(['<NA>', 'eve'])
})

test('times are text in the line and nanoseconds in JSON; only the line has leading zeros', () => {
  const alert = alertOf('%evt.time.iso8601 %evt.rawtime.ns', { name: 'a', time: 1_700_000_000_000_000_042n })
  expect(alert.message).toBe('2023-11-14T22:13:20.000000042+0000 000000042')
  expect(alert.output_fields).toMatchObject({ 'evt.time.iso8601': 1_700_000_000_000_000_042n, 'evt.rawtime.ns': 42 })
  for (const name of ['evt.time', 'evt.time.s', 'evt.datetime', 'evt.datetime.s'])
    expect(alertOf(`%${name}`, { name: 'a' }).output_fields[name]).toBe(1_700_000_000_123_456_789n)
})
