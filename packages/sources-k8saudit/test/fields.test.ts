import { describe, expect, test } from 'vitest'
import { readCases } from '../../../scripts/testing/cases.ts'
import { k8sAudit, parseAuditEvents } from '../src/index.ts'

/** `event`: an event as JSON; `fields`: a table of fields and their values, as JSON or `absent`. */
const files = readCases(new URL('cases/fields/', import.meta.url))
const source = k8sAudit()

describe.each(files)('$file', ({ cases }) => {
  test.each(cases)('$title', one => {
    one.expectRows('fields', (field, expected) => {
      const [, name, arg] = /^([\w.]+)(?:\[(.*)\])?$/.exec(field)!
      const def = source.fields[name!]!
      const given =
        arg === undefined ? undefined : (def.parseArg?.(arg) ?? (def.argKind === 'index' ? Number(arg) : arg))
      const value = def.extract(parseAuditEvents(one.text('event'))[0]!, given)
      if (value === undefined) return 'absent'
      return expected.startsWith('absent') || JSON.stringify(JSON.parse(expected)) !== JSON.stringify(value)
        ? JSON.stringify(value)
        : expected
    })
  })
})

test('every field has a case', () => {
  const shown = new Set(
    files.flatMap(({ cases }) => cases.flatMap(one => one.rows('fields').map(row => row.input.replace(/\[.*/, '')))),
  )
  // The init and ephemeral containers share the rows of the containers.
  const names = Object.keys(source.fields).filter(
    name => !/\.(init|ephemeral)Containers\./.test(name) && name !== 'jevt.time',
  )
  expect(names.filter(name => !shown.has(name))).toEqual([])
})

test('jevt.time is the local time of day', () => {
  const event = parseAuditEvents('{"auditID":"a","stageTimestamp":"2026-03-17T11:41:07.000000042Z"}')[0]!
  expect(source.fields['jevt.time']!.extract(event)).toMatch(/^\d\d:\d\d:07\.000000042$/)
})

test('an event without a time has the time of the first call', () => {
  const event = parseAuditEvents('{"auditID":"a"}')[0]!
  const now = BigInt(Date.now()) * 1_000_000n
  expect(event.time - now).toBeLessThan(10_000_000_000n)
  expect(event.time).toBe(event.time)
})

test('one source can look at several events in turn', () => {
  const [a, b] = parseAuditEvents('[{"auditID":"a","verb":"get"},{"auditID":"b","verb":"list"}]')
  const verb = source.fields['ka.verb']!
  expect([a, b, a, b].map(event => verb.extract(event))).toEqual(['get', 'list', 'get', 'list'])
})
