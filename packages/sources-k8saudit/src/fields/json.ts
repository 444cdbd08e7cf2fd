import { clockTime, type FieldDef, fraction, utcTime } from '@falc/engine'
import type { AuditEvent } from '../event.ts'
import type { PointerNode, PointerTree } from '../json/pointer.ts'
import { exactly } from './exactly.ts'

/** The fields of Falco's json plugin, for any JSON: `json.*`, and their older names `jevt.*`, which rule files still use. */
export function jsonFields(tree: PointerTree): Record<string, FieldDef<AuditEvent>> {
  const value: FieldDef<AuditEvent> = {
    type: 'string',
    arg: 'required',
    argKind: 'path',
    doc: 'Value at a JSON pointer (RFC 6901): json.value[/objectRef/name]; anything but a string as compact JSON',
    parseArg: pointer => tree.node(pointer),
    extract: exactly((document, node: PointerNode) => {
      const found = node.get(document)
      return typeof found === 'string' || found === undefined ? found : document.text(found)
    }),
  }
  const obj: FieldDef<AuditEvent> = {
    type: 'string',
    doc: 'The whole event as JSON, indented by two spaces',
    extract: exactly(document => document.indented()),
  }
  const time = (doc: string, format: (ns: bigint) => string): FieldDef<AuditEvent> => ({
    type: 'string',
    doc,
    extract: event => format(event.time),
  })
  const rawtime: FieldDef<AuditEvent> = {
    type: 'string',
    doc: "The event's time in nanoseconds since 1970",
    extract: event => event.timeText,
  }
  return {
    'json.value': value,
    'json.obj': obj,
    'json.rawtime': rawtime,
    'jevt.value': { ...value, doc: 'Deprecated: json.value' },
    'jevt.obj': { ...obj, doc: 'Deprecated: json.obj' },
    'jevt.rawtime': { ...rawtime, doc: 'Deprecated: json.rawtime' },
    'jevt.time': time("The event's local time of day, with nanoseconds", ns => clockTime(ns) + fraction(ns)),
    'jevt.time.iso8601': time("The event's time in UTC as ISO 8601, with nanoseconds", ns => `${utcTime(ns)}+0000`),
  }
}
