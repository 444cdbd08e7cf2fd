import type { FieldDef } from '@falc/engine'
import type { AuditEvent } from '../event.ts'
import { PointerTree } from '../json/pointer.ts'
import { ACCESS } from './access.ts'
import { CONTAINERS } from './container.ts'
import { exactly } from './exactly.ts'
import { jsonFields } from './json.ts'
import { METADATA_FIELDS } from './metadata.ts'
import { OBJECTS } from './objects.ts'
import { POD } from './pod.ts'
import { READERS, type Read } from './readers.ts'
import { REQUEST, RESPONSE } from './request.ts'
import type { Row, Rows } from './row.ts'

/** Every `ka.*` field, by name. */
export const ROWS: Rows = { ...REQUEST, ...ACCESS, ...OBJECTS, ...POD, ...CONTAINERS, ...RESPONSE }

/** The fields of one source, on their own pointer tree. */
export function auditFields(): Record<string, FieldDef<AuditEvent>> {
  const tree = new PointerTree()
  const fields: Record<string, FieldDef<AuditEvent>> = {}
  for (const [name, row] of Object.entries(ROWS)) fields[name] = fieldOf(tree, row)
  return Object.assign(fields, METADATA_FIELDS, jsonFields(tree))
}

function fieldOf(tree: PointerTree, row: Row): FieldDef<AuditEvent> {
  const read = exactly(READERS[row.reader](tree, row) as Read)
  return {
    type: 'string',
    ...(row.list && { list: true }),
    ...(row.arg === 'index' && { arg: 'optional', argKind: 'index' }),
    ...(row.arg === 'key' && { arg: 'required', argKind: 'key' }),
    doc: row.doc,
    extract: (event, arg) => (event.isAudit ? read(event, arg) : undefined),
  } as FieldDef<AuditEvent>
}
