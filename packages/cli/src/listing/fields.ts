import { allFields, type FieldDef, type Source } from '@falc/engine'
import { loadSource, loadSources } from '../sources/load.ts'
import { columns, type ListFormat, markdownTable } from './format.ts'

export interface FieldListOptions {
  readonly format: ListFormat
  readonly names: boolean
}

interface Row {
  readonly name: string
  readonly def: FieldDef
}

/** Fields of one source, or of all for the empty name. @throws {CliError} for an unknown source */
export async function listFields(name: string, { format, names }: FieldListOptions): Promise<string> {
  const sources = name === '' ? await loadSources() : [await loadSource(name)]
  if (names)
    return sources
      .flatMap(rowsOf)
      .map(row => `${row.name}\n`)
      .join('')
  if (format === 'json')
    return `${JSON.stringify({ fields: sources.flatMap(source => rowsOf(source).map(row => jsonOf(row, source.name))) }, null, 2)}\n`
  return sources.map(source => (format === 'markdown' ? markdown(source) : text(source))).join('\n')
}

function rowsOf(source: Source): Row[] {
  return Object.entries(allFields(source))
    .filter(([, def]) => !def.hidden)
    .map(([name, def]) => ({ name, def }))
    .sort((a, b) => (a.name < b.name ? -1 : 1))
}

function text(source: Source): string {
  const rows = rowsOf(source).map(row => [row.name + argument(row.def), `(${typeOf(row.def)}) ${row.def.doc}`] as const)
  return `Event source ${source.name}: ${rows.length} fields\n\n${columns(rows)}`
}

function markdown(source: Source): string {
  const rows = rowsOf(source).map(row => [`\`${row.name}${argument(row.def)}\``, typeOf(row.def), row.def.doc])
  return `## Event source ${source.name}\n\n${markdownTable(['Name', 'Type', 'Description'], rows)}`
}

function jsonOf({ name, def }: Row, source: string): Record<string, unknown> {
  return {
    name,
    source,
    type: def.type,
    list: Boolean(def.list || def.anyOf),
    argument: def.arg ?? 'none',
    ...(def.argKind && { argument_kind: def.argKind }),
    ...(def.deprecated && { deprecated: true }),
    ...(def.filterOnly && { filter_only: true }),
    description: def.doc,
  }
}

function typeOf(def: FieldDef): string {
  const words = [
    def.type,
    (def.list || def.anyOf) && 'list',
    def.arg === 'optional' && 'argument optional',
    def.deprecated && 'deprecated',
  ]
  return words.filter(Boolean).join(', ')
}

function argument({ arg = 'none', argKind = 'key' }: FieldDef): string {
  return arg === 'none' ? '' : `[${argKind.toUpperCase()}]`
}
