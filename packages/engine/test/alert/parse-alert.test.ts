import fc from 'fast-check'
import { expect, test } from 'vitest'
import { readCaseFile } from '../../../../scripts/testing/cases.ts'
import { parseAlert } from '../../src/alert/parse-alert.ts'
import { alertJson } from '../../src/alert/print.ts'

const cases = readCaseFile(new URL('../cases/alerts/parse.txt', import.meta.url))

test.each(cases.map(one => [one.title, one] as const))('%s', (_, one) => {
  const json = one.text('json')
  try {
    const alert = parseAlert(json)
    expect(alert.id).toMatch(/^[0-9a-f]{32}$/)
    one.expect('printed', alertJson(alert, { id: json.includes('"id"') }))
    if (one.sections.has('message')) one.expect('message', alert.message)
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error
    one.expect('error', error.message)
  }
})

test('an alert without a usable id gets one derived from its contents', () => {
  const [falco] = cases
  const text = falco!.text('json')
  const id = (json: string) => parseAlert(json).id
  expect(id(JSON.stringify({ uuid: 'other', ...JSON.parse(text.replace('1700000000123456789', '17')) }))).toBe(
    id(text.replace('1700000000123456789', '17')),
  )
  for (const [part, other] of [
    ['"h"', '"i"'],
    ['Shell', 'Bash'],
    ['789Z', '788Z'],
    ['"ada"', '"eve"'],
    ['(user=ada)', '(user=eve)'],
  ] as const)
    expect(id(text.replace(part, other)), part).not.toBe(id(text))
  expect(id(text.replace('"h"', '"h","id":"no id"'))).toBe(id(text))
})

test('a printed alert, parsed and printed again, gives the same text', () => {
  const scalar = fc.oneof(
    fc.string({ unit: 'grapheme' }),
    fc.bigInt({ min: -(2n ** 63n), max: 2n ** 64n - 1n }),
    fc.boolean(),
    fc.constant(null),
  )
  const fields = fc.dictionary(fc.string(), fc.oneof(scalar, fc.array(fc.integer())))
  fc.assert(
    fc.property(
      fields,
      fc.string(),
      fc.bigInt({ min: 0n, max: 4_000_000_000_000_000_000n }),
      (output_fields, output, time) => {
        const same = { rule: 'R', priority: 'Alert', source: 's', tags: ['a'], hostname: 'h' } as const
        const alert = { ...same, id: '0'.repeat(32), time, output, message: output, output_fields }
        const printed = alertJson(alert, { id: true, message: true })
        expect(alertJson(parseAlert(printed), { id: true, message: true })).toBe(printed)
      },
    ),
  )
})

test('long integers are parsed the same whether or not the parser inspects each value', () => {
  const long = fc.bigInt({ min: -(10n ** 41n), max: 10n ** 41n }).map(String)
  const text = fc.oneof(fc.string(), fc.constantFrom('a', '__proto__', '"a":1767225600000000001,', '\\"a'))
  const plain = fc.oneof(
    text.map(one => JSON.stringify(one)),
    long,
    fc.constantFrom('5', 'null', 'true'),
  )
  const value = fc.oneof(
    plain,
    fc.array(plain).map(list => `[${list}]`),
    fc.tuple(text, plain).map(([key, one]) => `{${JSON.stringify(key)}:${one}}`),
  )
  const members = fc
    .array(fc.tuple(text, fc.constantFrom(':', ' : ', ': '), value), { maxLength: 4 })
    .map(list => list.map(([key, colon, one]) => JSON.stringify(key) + colon + one).join())
  const head = '"rule":"R","priority":"Error","time":"2026-01-01T00:00:00Z","id":"0123456789abcdef0123456789abcdef"'
  const outcome = (json: string) => {
    try {
      return parseAlert(json)
    } catch (error) {
      return (error as Error).message
    }
  }
  fc.assert(
    fc.property(members, members, (fields, more) => {
      const json = `${head},"output_fields":{${fields}}${more === '' ? '' : `,"more":{${more}}`}}`
      // A number with a point makes the parser inspect each value.
      expect(outcome(`{${json}`)).toEqual(outcome(`{"point":0.5,${json}`))
    }),
  )
  const { output_fields } = parseAlert(`{${head},"output_fields":{"evt.time":1767225600000000001,"big":${10n ** 41n}}}`)
  expect(output_fields['evt.time']).toBe(1767225600000000001n)
})

test('text that is not an alert always throws a SyntaxError', () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.json()), text => {
      expect(() => parseAlert(text)).toThrow(SyntaxError)
    }),
  )
  const deep = `{"a":${'['.repeat(200_000)}1234567890123456${']'.repeat(200_000)}}`
  expect(() => parseAlert(deep)).toThrow(SyntaxError)
  const deepField = `{"rule":"R","priority":"Error","time":"2026-01-01T00:00:00Z","output_fields":{"a":${'['.repeat(200_000)}${']'.repeat(200_000)}}}`
  expect(() => parseAlert(deepField)).toThrow(SyntaxError)
})
