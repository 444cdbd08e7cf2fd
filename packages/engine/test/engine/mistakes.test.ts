import { describe, test } from 'vitest'
import { readCases } from '../../../../scripts/testing/cases.ts'
import { Engine } from '../../src/engine/engine.ts'
import { defineSource, type EventTypes, type FieldDef } from '../../src/fields/field.ts'
import { formatResult } from '../../src/text/report.ts'

const TYPES = ['open', 'openat', 'execve', 'execveat', 'connect', 'listen']
const eventTypes: EventTypes = {
  all: TYPES.map((_, i) => i),
  fields: ['evt.type'],
  typesOf: (_, value) => (TYPES.includes(value) ? [TYPES.indexOf(value)] : undefined),
  valueOf: (_, type) => TYPES[type],
}

/** Fields that are declared, never read. */
function source(name: string, fields: Record<string, object>, more = {}) {
  const declared = Object.entries(fields).map(([field, def]) => [
    field,
    { type: 'string', doc: 'for mistakes', extract: () => undefined, ...def } as FieldDef,
  ])
  return defineSource({ name, fields: Object.fromEntries(declared), ...more })
}

const syscall = source(
  'syscall',
  {
    ...{ 'evt.type': {}, 'evt.is_open_write': { type: 'bool' }, 'evt.arg': { arg: 'required', argKind: 'key' } },
    ...{
      'proc.name': {},
      'proc.pname': {},
      'proc.cmdline': {},
      'proc.pid': { type: 'int64' },
      'proc.tty': { type: 'uint32' },
    },
    ...{ 'proc.aname': { arg: 'optional', argKind: 'index', anyOf: true } },
    ...{ 'user.name': {}, 'user.uid': { type: 'uint32' } },
    ...{ 'fd.name': { type: 'path' }, 'fd.num': { type: 'int64' }, 'fd.sport': { type: 'port' } },
    ...{ 'fd.sip': { type: 'ipaddr' }, 'fd.snet': { type: 'ipnet' } },
    ...{ 'container.id': {}, 'k8s.pod.label': { arg: 'required', argKind: 'key' } },
  },
  { eventType: () => 0, eventTypes },
)
const k8sAudit = source('k8s_audit', { 'ka.verb': {}, 'ka.target.name': {} })

describe.each(readCases(new URL('../cases/mistakes/', import.meta.url)))('$file', ({ cases }) => {
  test.each(cases)('$title', one => {
    const engine = new Engine({ sources: [syscall, k8sAudit] })
    const { files } = engine.load([{ name: 'rules.yaml', content: one.sections.get('rules')! }])
    one.expect('report', formatResult(files[0]!))
  })
})
