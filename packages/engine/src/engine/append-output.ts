import type { Condition, FieldOperand } from '../condition/ast.ts'
import { fieldsOf } from '../condition/walk.ts'
import type { FieldTable } from '../fields/table.ts'
import type { ResolvedRule } from '../rules/rule.ts'

/** An entry of falco.yaml's append_output: what matching rules print in addition to their own output. */
export interface AppendOutput {
  /** A rule must satisfy every given property. An empty string or list matches every rule. */
  readonly match?: AppendOutputMatch
  /** A template that is appended to the output after a space. */
  readonly extra_output?: string
  /** Fields added to `output_fields`: a name keeps the field's type, `{name: template}` is text. */
  readonly extra_fields?: readonly (string | Readonly<Record<string, string>>)[]
  /** Appends `name=%field` to the output for every field that the source suggests. */
  readonly suggested_output?: boolean
  /** Keeps the values that the rule's condition reads, as `condition_fields` of alerts. */
  readonly condition_fields?: boolean
}

export interface AppendOutputMatch {
  readonly source?: string
  /** The rule must have all of these. */
  readonly tags?: readonly string[]
  readonly rule?: string
}

/** The same entry with its conditions at the top level, under the names of Falco's own interface. */
export interface AppendOutputFormat extends AppendOutputMatch {
  readonly format: string
}

/** A field that a rule's alerts have in addition to those of the output. */
export interface ExtraField {
  readonly name: string
  /** The field itself, or a template for a text. */
  readonly template: string
  readonly raw: boolean
}

export interface AppendedOutput {
  readonly output: string
  readonly fields: readonly ExtraField[]
  /** Fields of the condition that are kept. */
  readonly kept: readonly FieldOperand[]
}

/** A rule's output with the additions of all entries, in order. */
export function appendOutput(
  rule: Pick<ResolvedRule, 'name' | 'source' | 'tags' | 'condition'>,
  written: string,
  entries: readonly (AppendOutput | AppendOutputFormat)[],
  table: FieldTable,
): AppendedOutput {
  let output = written
  const fields: ExtraField[] = []
  let isKept = false
  for (const given of entries) {
    const entry: AppendOutput = 'format' in given ? { match: given, extra_output: given.format } : given
    if (!matches(rule, entry.match ?? {})) continue
    if (entry.extra_output) output += ` ${entry.extra_output}`
    if (entry.suggested_output) {
      for (const [name, def] of table.entries()) if (def.suggested) output += ` ${name.replaceAll('.', '_')}=%${name}`
    }
    isKept ||= entry.condition_fields === true
    for (const field of entry.extra_fields ?? []) {
      if (typeof field === 'string') fields.push({ name: field, template: `%${field}`, raw: true })
      else for (const [name, template] of Object.entries(field)) fields.push({ name, template, raw: false })
    }
  }
  return { output, fields, kept: isKept ? fieldsRead(rule.condition) : [] }
}

/** Fields of a condition, each once. */
function fieldsRead(condition: Condition): FieldOperand[] {
  const fields = new Map<string, FieldOperand>()
  for (const { name, arg } of fieldsOf(condition))
    fields.set(`${name}[${arg}]`, { kind: 'field', name, ...(arg !== undefined && { arg }) })
  return [...fields.values()]
}

function matches(rule: Pick<ResolvedRule, 'name' | 'source' | 'tags'>, match: AppendOutputMatch): boolean {
  return (
    (!match.source || match.source === rule.source) &&
    (!match.rule || match.rule === rule.name) &&
    (match.tags ?? []).every(tag => rule.tags.includes(tag))
  )
}
