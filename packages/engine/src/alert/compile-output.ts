import { eventContext, nextEvent } from '../fields/evt.ts'
import type { Source } from '../fields/field.ts'
import { fieldTable } from '../fields/table.ts'
import { Format, Slots } from './format.ts'
import { parseTemplate } from './template.ts'

/**
 * Compiles an output template for a source: `%proc.name opened %fd.name`. Absent fields print as <NA>.
 * @param encode applied to the text of each field, so that it cannot leave its place in a subject, a path or a query
 * @throws {ConditionError} with the span of a token that is malformed or not a field of the source
 */
export function compileOutput<E>(
  template: string,
  source: Source<E>,
  encode?: (text: string) => string,
): (event: E) => string {
  const context = eventContext()
  const table = fieldTable(source, { context })
  const slots = new Slots(table)
  const format = new Format(
    parseTemplate(template, (name, arg) => table.lookup(name, arg) !== undefined),
    slots,
  )
  return event => {
    nextEvent(context)
    return format.text(slots, slots.capture(event), encode)
  }
}
