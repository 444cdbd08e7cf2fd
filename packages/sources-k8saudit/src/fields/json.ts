import type { FieldDef } from '@falc/engine'
import type { AuditEvent } from '../event.ts'
import type { PointerNode, PointerTree } from '../json/pointer.ts'
import { indented, textOf } from '../json/text.ts'
import { formatIso8601, formatTime } from '../time.ts'
import { exactly } from './exact.ts'

/** The event as JSON, whatever it says: `json.*`, and `jevt.*`, which rule files still use. */
export function jsonFields(tree: PointerTree): Record<string, FieldDef<AuditEvent>> {
  const value: FieldDef<AuditEvent> = {
    type: 'string',
    arg: 'required',
    argKind: 'path',
    doc: 'Value at a JSON pointer (RFC 6901): json.value[/objectRef/name]; what is no string as compact JSON',
    parseArg: pointer => tree.node(pointer),
    extract: exactly((event, node: PointerNode) => {
      const found = node.get(event)
      return typeof found === 'string' || found === undefined ? found : textOf(found, event)
    }),
  }
  const obj: FieldDef<AuditEvent> = {
    type: 'string',
    doc: 'The whole event as JSON, indented by two spaces',
    extract: exactly(indented),
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
    'jevt.time': time("The event's local time of day, with nanoseconds", formatTime),
    'jevt.time.iso8601': time("The event's time in UTC as ISO 8601, with nanoseconds", formatIso8601),
  }
}
