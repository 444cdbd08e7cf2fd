import type { FieldType } from '@falc/engine'
import type { Field, Fields } from './table.ts'

/** `name` or `name type`; brackets after the name mean that it takes an argument. */
const DEPRECATED = `
  container.healthcheck container.liveness_probe container.readiness_probe
  proc.is_container_healthcheck:bool proc.is_container_liveness_probe:bool proc.is_container_readiness_probe:bool
`

const REMOVED = `
  mesos.framework.name
  span.id:int64 span.time span.ntags:uint32 span.nargs:uint32 span.tags span.tag[] span.args span.arg[]
  span.enterargs span.enterarg[] span.duration:reltime span.duration.quantized:uint64 span.duration.human
  span.duration.fortag[]:reltime span.count:uint64 span.count.fortag[]:uint64 span.childcount.fortag[]:uint64
  span.idtag[] span.rawtime span.rawparenttime
`

/** Tracer fields: of the span, its parent, any ancestor and its root. */
const TRACER = ['', 'p.', 's.', 'm.'].flatMap(whose =>
  ['id:int64', 'ntags:uint32', 'nargs:uint32', 'tags', 'tag[]', 'args', 'arg[]'].map(
    part => `evtin.span.${whose}${part}`,
  ),
)

function absent(words: readonly string[], doc: string, mark: Partial<Field>): Fields {
  const fields: Record<string, Field> = {}
  for (const word of words) {
    const [head, type = 'string'] = word.split(':') as [string, FieldType?]
    const takesName = head.endsWith('[]')
    fields[takesName ? head.slice(0, -2) : head] = {
      type,
      ...(takesName ? { arg: 'required', argKind: 'key' } : {}),
      ...mark,
      doc,
      extract: () => undefined,
    } as Field
  }
  return fields
}

const words = (text: string) => text.trim().split(/\s+/)

/** Fields that old rules use and that nothing fills any more: always absent, with a warning when a rule is loaded. */
export const REMOVED_FIELDS: Fields = {
  ...absent(words(DEPRECATED), 'Deprecated: always absent.', { deprecated: true }),
  ...absent([...words(REMOVED), ...TRACER], 'Removed from Falco: always absent.', { removed: true }),
}
