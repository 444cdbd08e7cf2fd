import { describe, expect, test } from 'vitest'
import { readCases } from '../../../scripts/testing/cases.ts'
import { k8sAudit, type PodFinder, parseAuditEvents } from '../src/index.ts'

/** `event`: an event as JSON; `fields`: a table of fields and their values, as JSON or `absent`. */
const files = readCases(new URL('cases/fields/', import.meta.url))
const source = k8sAudit()

const owner = (of: string) => [of, { name: 'web', uid: `o-${of}`, labels: { of } }]
const POD = {
  ...{ name: 'web-1', uid: 'p1', ip: '10.0.0.1', labels: { tier: 'front', app: 'web' } },
  ns: { name: 'shop', uid: 'n1', labels: { team: 'blue' } },
  node: { name: 'node-1', uid: 'k1', labels: { zone: 'z' } },
  owners: Object.fromEntries(['deployment', 'rs', 'rc', 'statefulset', 'daemonset', 'job'].map(owner)),
  services: [
    { name: 'all', uid: 's2', labels: { x: 'y' } },
    { name: 'front', uid: 's1', labels: {} },
  ],
}
const pods: PodFinder = {
  podsSynced: true,
  find: uid => (uid === POD.uid ? { description: POD } : undefined),
  findNamed: (namespace, name) => (namespace === 'shop' && name === POD.name ? { description: POD } : undefined),
}

describe.each(files)('$file', ({ cases }) => {
  test.each(cases)('$title', one => {
    one.expectRows('fields', (field, expected) => {
      const [, name, arg] = /^([\w.]+)(?:\[(.*)\])?$/.exec(field)!
      const def = source.fields[name!]!
      const given =
        arg === undefined ? undefined : (def.parseArg?.(arg) ?? (def.argKind === 'index' ? Number(arg) : arg))
      const event = parseAuditEvents(one.text('event'))[0]!
      event.pods = pods
      const value = def.extract(event, given)
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
  // The init and ephemeral containers share the rows of the containers, as both pods of an event share theirs.
  const names = Object.keys(source.fields).filter(
    name => !/\.(init|ephemeral)Containers\.|^ka\.user\.meta\./.test(name) && name !== 'jevt.time',
  )
  expect(names.filter(name => !shown.has(name))).toEqual([])
})

test('jevt.time is the local time of day', () => {
  const event = parseAuditEvents('{"auditID":"a","stageTimestamp":"2026-03-17T11:41:07.000000042Z"}')[0]!
  expect(source.fields['jevt.time']!.extract(event)).toMatch(/^\d\d:\d\d:07\.000000042$/)
})

test('an event without a time takes the current time when it is first read, and keeps it', () => {
  const event = parseAuditEvents('{"auditID":"a"}')[0]!
  const now = () => BigInt(Date.now()) * 1_000_000n
  const before = now()
  const { time } = event
  // The two clocks may differ by some milliseconds.
  expect(time).toBeGreaterThan(before - 1_000_000_000n)
  expect(time).toBeLessThan(now() + 1_000_000_000n)
  expect(event.time).toBe(time)
})

test('a field can be read from several events in turn', () => {
  const [a, b] = parseAuditEvents('[{"auditID":"a","verb":"get"},{"auditID":"b","verb":"list"}]')
  const verb = source.fields['ka.verb']!
  expect([a, b, a, b].map(event => verb.extract(event))).toEqual(['get', 'list', 'get', 'list'])
})
