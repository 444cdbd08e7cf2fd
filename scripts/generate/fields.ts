import { eventContext, genericFields } from '../../packages/engine/src/fields/evt.ts'
import type { FieldDef, Source } from '../../packages/engine/src/index.ts'
import { table } from './markdown.ts'

type Fields = Readonly<Record<string, FieldDef>>

/** docs/fields.md: every field of every source, from the tables that rules are compiled with. */
export function fieldsPage(sources: readonly Source[]): string {
  const generic = genericFields({ kind: 'source', name: '', fields: {} }, eventContext())
  const parts = [
    '# Fields',
    '_Generated from the field tables of the engine and the sources by `npm run generate`: do not edit._',
    [
      'What a condition may ask of an event and an output may print. `falc list SOURCE` shows the same.',
      'An argument goes into brackets, `proc.aname[2]`; one in _(parentheses)_ may be left out.',
    ].join('\n'),
    [
      '- **list**: several values. `in` asks for all of them, `intersects` for one of them; printed as `(a,b)`.',
      '- **any of**: several values of which any one may match; printed with spaces between.',
      '- **filter only**: for conditions, not for outputs. **deprecated**, **removed**: rules may name it, and get a warning; a',
      '  removed one is always absent.',
    ].join('\n'),
    ...section('Every source', generic),
    ...sources.flatMap(source => section(`Source \`${source.name}\``, ownFields(source))),
  ]
  return `${parts.join('\n\n')}\n`
}

function ownFields(source: Source): Fields {
  return Object.fromEntries(Object.entries(source.fields).filter(([, def]) => !def.hidden))
}

function section(title: string, fields: Fields): string[] {
  const classes = Map.groupBy(Object.entries(fields), ([name]) => classOf(name))
  const count = Object.keys(fields).length
  const removed = Object.entries(fields).filter(([, def]) => def.removed)
  const parts = [`## ${title}`, `${count - removed.length} fields.`]
  for (const [name, entries] of classes) {
    const rows = entries
      .filter(([, def]) => !def.removed)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([field, def]) => [`\`${field}\``, typeText(def), argumentText(def), sentence(def.doc)])
    if (rows.length === 0) continue
    if (classes.size > 1) parts.push(`### ${name}`)
    parts.push(table(['name', 'type', 'argument', 'description'], rows))
  }
  if (removed.length > 0) {
    parts.push(
      `### Removed`,
      'Falco has dropped these; rules that name them load with a warning, and find nothing in them.',
    )
    parts.push(`${removed.map(([name]) => `\`${name}\``).join(', ')}.`)
  }
  return parts
}

/** `proc` of `proc.name`. */
function classOf(field: string): string {
  return field.split('.', 1)[0]!
}

function typeText(def: FieldDef): string {
  const notes = [
    def.list && 'list',
    def.anyOf && 'any of',
    def.filterOnly && 'filter only',
    def.deprecated && 'deprecated',
  ]
  return [def.type, ...notes].filter(Boolean).join(', ')
}

function argumentText({ arg = 'none', argKind = 'key' }: FieldDef): string {
  if (arg === 'none') return ''
  return arg === 'required' ? argKind : `_(${argKind})_`
}

/** The first word gets a capital letter, unless it is the name of a field. */
function sentence(doc: string): string {
  const text = doc.replace(/\s+/g, ' ').trim()
  const start = /^[a-z]+(?![\w.])/.test(text) ? text.charAt(0).toUpperCase() + text.slice(1) : text
  return start.endsWith('.') ? start : `${start}.`
}
