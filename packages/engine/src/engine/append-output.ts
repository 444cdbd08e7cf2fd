import type { FieldTable } from '../fields/table.ts'
import type { ResolvedRule } from '../rules/rule.ts'

/** One entry of falco.yaml's append_output: what matching rules print besides their own output. */
export interface AppendOutput {
  /** A rule must satisfy all that is given; an empty text or list matches every rule. */
  readonly match?: AppendOutputMatch
  /** Text, with fields, that is put behind the output after a blank. */
  readonly extra_output?: string
  /** Fields added to `output_fields`: a name keeps its type, `{name: template}` becomes text. */
  readonly extra_fields?: readonly (string | Readonly<Record<string, string>>)[]
  /** Puts `name=%field` behind the output for every field that its source suggests. */
  readonly suggested_output?: boolean
}

export interface AppendOutputMatch {
  readonly source?: string
  /** The rule must have all of them. */
  readonly tags?: readonly string[]
  readonly rule?: string
}

/** The same with the conditions beside the text, as Falco's own interface names them. */
export interface AppendOutputFormat extends AppendOutputMatch {
  readonly format: string
}

/** A field that a rule's alerts carry besides those of the output. */
export interface ExtraField {
  readonly name: string
  /** The field itself, or a template that gives a text. */
  readonly template: string
  readonly raw: boolean
}

export interface AppendedOutput {
  readonly output: string
  readonly fields: readonly ExtraField[]
}

/** A rule's output with everything that the entries add to it, in their order. */
export function appendOutput(
  rule: Pick<ResolvedRule, 'name' | 'source' | 'tags'>,
  written: string,
  entries: readonly (AppendOutput | AppendOutputFormat)[],
  table: FieldTable,
): AppendedOutput {
  let output = written
  const fields: ExtraField[] = []
  for (const given of entries) {
    const entry: AppendOutput = 'format' in given ? { match: given, extra_output: given.format } : given
    if (!matches(rule, entry.match ?? {})) continue
    if (entry.extra_output) output += ` ${entry.extra_output}`
    if (entry.suggested_output) {
      for (const [name, def] of table.entries()) if (def.suggested) output += ` ${name.replaceAll('.', '_')}=%${name}`
    }
    for (const field of entry.extra_fields ?? []) {
      if (typeof field === 'string') fields.push({ name: field, template: `%${field}`, raw: true })
      else for (const [name, template] of Object.entries(field)) fields.push({ name, template, raw: false })
    }
  }
  return { output, fields }
}

function matches(rule: Pick<ResolvedRule, 'name' | 'source' | 'tags'>, match: AppendOutputMatch): boolean {
  return (
    (!match.source || match.source === rule.source) &&
    (!match.rule || match.rule === rule.name) &&
    (match.tags ?? []).every(tag => rule.tags.includes(tag))
  )
}
