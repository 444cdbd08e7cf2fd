import { defineSource, type EventTypes, type FieldDef } from '../../src/fields/field.ts'

const TYPES = ['open', 'openat', 'execve', 'execveat', 'connect', 'listen']
const eventTypes: EventTypes = {
  all: TYPES.map((_, i) => i),
  fields: ['evt.type'],
  typesOf: (_, value) => (TYPES.includes(value) ? [TYPES.indexOf(value)] : undefined),
  valueOf: (_, type) => TYPES[type],
}

function source(name: string, fields: Record<string, object>, more = {}) {
  const declared = Object.entries(fields).map(([field, def]) => [
    field,
    { type: 'string', doc: 'of a test', extract: () => undefined, ...def } as FieldDef,
  ])
  return defineSource({ name, fields: Object.fromEntries(declared), ...more })
}

/** Sources with Falco's names, whose fields are declared but always absent: for tests of loading. */
export const syscall = source(
  'syscall',
  {
    ...{ 'evt.type': {}, 'evt.is_open_write': { type: 'bool' }, 'evt.arg': { arg: 'required', argKind: 'key' } },
    ...{ 'proc.name': {}, 'proc.pname': {}, 'proc.cmdline': {}, 'proc.pid': { type: 'int64' } },
    ...{ 'proc.aname': { arg: 'optional', argKind: 'index', anyOf: true }, 'proc.tty': { type: 'uint32' } },
    ...{ 'user.name': {}, 'user.uid': { type: 'uint32' } },
    ...{ 'fd.name': { type: 'path' }, 'fd.num': { type: 'int64' }, 'fd.sport': { type: 'port' } },
    ...{ 'fd.sip': { type: 'ipaddr' }, 'fd.snet': { type: 'ipnet' } },
    ...{ 'container.id': {}, 'k8s.pod.label': { arg: 'required', argKind: 'key', brackets: true } },
  },
  { eventType: () => 0, eventTypes },
)
export const k8sAudit = source('k8s_audit', { 'ka.verb': {}, 'ka.target.name': {} })
