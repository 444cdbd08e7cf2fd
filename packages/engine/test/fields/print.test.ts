import { describe, expect, test } from 'vitest'
import type { FieldType, Value } from '../../src/fields/field.ts'
import { jsonValue, type Printed, printValue } from '../../src/fields/print.ts'

const as = (type: FieldType, print?: Printed['print'], list = false): Printed => ({ type, list, print })
const bytes = (...values: number[]) => Uint8Array.from(values)

describe('printing values', () => {
  test.each<[Value, Printed, string, Value | null]>([
    ['text', as('string'), 'text', 'text'],
    ['bad \udcff end', as('string'), 'bad \ufffd end', 'bad \ufffd end'],
    [-22, as('int32', 'dec'), '-22', -22],
    [512, as('flags16', 'hex'), '200', '200'],
    [255, as('uint8', 'hex'), 'FF', 'FF'],
    [-1, as('int32', 'hex'), 'FFFFFFFF', 'FFFFFFFF'],
    [0o644, as('mode', 'oct'), '644', '644'],
    [18446744073709551615n, as('uint64'), '18446744073709551615', 18446744073709551615n],
    [5, as('reltime', 'padded'), '000000005', 5],
    [1.25, as('double'), '1.3', 1.25],
    [true, as('bool'), 'true', true],
    [bytes(0x61, 0xff, 0x62, 0), as('bytes'), 'a\ufffdb', 'a\ufffdb'],
    [bytes(0x61, 0xff, 0x0a, 0), as('bytes', 'dots'), 'a...', 'a...'],
    [bytes(0x61, 0xff, 0x0a, 0), as('bytes', 'base64'), 'Yf8KAA==', 'Yf8KAA=='],
    [bytes(0x61, 0xff, 0xfe), as('bytes', 'base64'), 'Yf/+', 'Yf/+'],
    [bytes(0x61, 0xff), as('bytes', 'base64'), 'Yf8=', 'Yf8='],
    [bytes(), as('bytes', 'base64'), '', ''],
    [bytes(10, 0, 0, 1), as('ipaddr'), '10.0.0.1', '10.0.0.1'],
    ['10.0.0.1', as('ipaddr'), '10.0.0.1', '10.0.0.1'],
    [['a', 'b'], as('string', undefined, true), '(a,b)', ['a', 'b']],
    [[1, 2n], as('uint64', 'dec', true), '(1,2)', [1, 2n]],
    [['a', 'b'], as('string'), 'a b', 'a b'],
  ])('$1.type $1.print: $2', (value, printed, text, json) => {
    expect(printValue(value, printed)).toBe(text)
    expect(jsonValue(value, printed)).toEqual(json)
  })

  test('absent is null in JSON', () => {
    expect(jsonValue(undefined, as('string'))).toBeNull()
  })
})
