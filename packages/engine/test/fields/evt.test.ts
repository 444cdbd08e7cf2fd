import { describe, expect, test } from 'vitest'
import { decodeBase64 } from '../../src/fields/base64.ts'
import { eventContext, genericFields } from '../../src/fields/evt.ts'
import { defineSource } from '../../src/fields/field.ts'

const START = 1_700_000_000_000_000_001n
const source = defineSource<{ at: bigint; kind: string }>({
  name: 'shop',
  fields: {},
  time: e => e.at,
  eventType: e => e.kind,
  plugin: { name: 'shop-log', info: e => `${e.kind}!` },
})

describe('generic fields', () => {
  const context = { ...eventContext('host-1'), num: 7, firstTime: START }
  const fields = genericFields(source, context)
  const event = { at: START + 2_000_000_005n, kind: 'order' }
  const local = new Date(1_700_000_002_000)
  const two = (n: number) => String(n).padStart(2, '0')
  const clock = `${two(local.getHours())}:${two(local.getMinutes())}:${two(local.getSeconds())}`
  const day = `${local.getFullYear()}-${two(local.getMonth() + 1)}-${two(local.getDate())}`

  test.each([
    ['evt.num', 7],
    ['evt.time', `${clock}.000000006`],
    ['evt.time.s', clock],
    ['evt.time.iso8601', '2023-11-14T22:13:22.000000006+0000'],
    ['evt.datetime', `${day} ${clock}.000000006`],
    ['evt.datetime.s', `${day} ${clock}`],
    ['evt.rawtime', 1700000002000000006n],
    ['evt.rawtime.s', 1700000002],
    ['evt.rawtime.ns', 6],
    ['evt.reltime', 2000000005],
    ['evt.reltime.s', 2],
    ['evt.reltime.ns', 5],
    ['evt.type', 'order'],
    ['evt.source', 'shop'],
    ['evt.hostname', 'host-1'],
    ['evt.pluginname', 'shop-log'],
    ['evt.plugininfo', 'order!'],
    ['evt.is_async', false],
    ['evt.asynctype', undefined],
  ])('%s', (name, value) => {
    context.time = undefined
    expect(fields[name]!.extract(event)).toEqual(value)
  })

  test('evt.time is nanoseconds in JSON', () => {
    context.time = undefined
    expect(fields['evt.time']!.toJson!(event)).toBe(1700000002000000006n)
  })

  test('negative times and times outside the range of Date do not throw', () => {
    for (const at of [2n ** 64n, -(2n ** 64n), -1n]) {
      context.time = undefined
      expect(typeof fields['evt.time.iso8601']!.extract({ at, kind: '' })).toBe('string')
    }
  })
})

test.each([
  ['', ''],
  ['TQ==', 'M'],
  ['TQ', 'M'],
  ['TWE=', 'Ma'],
  ['TWFu', 'Man'],
  ['TWFuTWFu', 'ManMan'],
])('base64 %s', (text, decoded) => {
  expect(new TextDecoder().decode(decodeBase64(text))).toBe(decoded)
})

test.each(['T', 'TQ=', 'TW=u', 'T*==', '====', 'TQ===', 'TQ\n=='])('%j is not base64', text => {
  expect(decodeBase64(text)).toBeUndefined()
})
