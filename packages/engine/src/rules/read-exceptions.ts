import type { Problem } from '../text/problem.ts'
import { type Context, LoadFailure } from './context.ts'
import { at, MapReader } from './decode.ts'
import type { Entry, ExceptionItem } from './item.ts'
import { mappedScalar, type YamlNode } from './yaml.ts'

/**
 * The exceptions of a rule item. With `partial` (an append) fields are optional, and missing values give a warning.
 * @throws {LoadFailure}
 */
export function readExceptions(rule: MapReader, partial: boolean, warnings: Problem[]): ExceptionItem[] {
  const value = rule.entry('exceptions')?.value
  // The key may be missing or empty.
  if (value === undefined || (value.kind === 'scalar' && value.isNull)) return []
  const { seq, context } = rule.sequence('exceptions', 'exceptions', 'Rule exceptions must be a sequence')
  const exceptions: ExceptionItem[] = []
  const names = new Set<string>()
  for (const node of seq.items) {
    const unnamed = at(context, 'exception', '', node)
    if (node.kind !== 'map')
      throw new LoadFailure(unnamed, 'LOAD_ERR_YAML_VALIDATE', 'Rule exception must be a mapping')
    const name = new MapReader(node, unnamed).text('name')
    const reader = new MapReader(node, at(rule.context, 'exception', name, node))
    if (names.has(name))
      warnings.push(
        reader.context.problem(
          'LOAD_EXCEPTION_NAME_NOT_UNIQUE',
          `Multiple definitions of exception '${name}' in the same rule`,
        ),
      )
    names.add(name)
    exceptions.push(readException(reader, name, partial, warnings))
  }
  return exceptions
}

function readException(reader: MapReader, name: string, partial: boolean, warnings: Problem[]): ExceptionItem {
  const { context } = reader
  if (!reader.has('fields') && !partial) reader.fail("Item has no mapping for key 'fields'")
  const fields = reader.has('fields') ? readEntry(reader.value('fields'), reader.at('fields'), 1) : undefined
  const comps = reader.has('comps') ? readEntry(reader.value('comps'), reader.at('comps'), 1) : undefined
  const values: Entry[] = []
  if (reader.has('values')) {
    const { seq, context: all } = reader.sequence(
      'values',
      'exception values',
      'Rule exception values must be a sequence',
    )
    for (const node of seq.items) values.push(readEntry(node, at(all, 'exception value', '', node), 2))
  } else if (partial) {
    warnings.push(context.problem('LOAD_APPEND_NO_VALUES', 'Overriding/appending exception with no values'))
  }
  const range = context.source.place(reader.map.offset, reader.map.length)
  return { name, ...(fields && { fields }), ...(comps && { comps }), values, context, range }
}

/** A scalar, or a sequence nested at most `levels` deep. */
function readEntry(node: YamlNode, context: Context, levels: number): Entry {
  if (node.kind === 'scalar') {
    if (node.text === '') throw new LoadFailure(context, 'LOAD_ERR_YAML_VALIDATE', 'Value must be non-empty')
    return { list: false, text: mappedScalar(node, context.source) }
  }
  if (node.kind === 'map' || levels === 0)
    throw new LoadFailure(context, 'LOAD_ERR_YAML_VALIDATE', 'Expected a scalar value or a list of them')
  return {
    list: true,
    items: node.items.map(item => readEntry(item, at(context, 'exception value', '', item), levels - 1)),
  }
}
