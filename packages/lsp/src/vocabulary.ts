import type { EventTypes, FieldDef, Source } from '@falc/engine'
import { type FieldTable, fieldTable, type Kind, type ResolvedField, TYPES } from '@falc/engine/analysis'

export interface FieldEntry {
  readonly name: string
  readonly def: FieldDef
}

/** What a source lets rules say. */
export class SourceWords {
  readonly name: string
  readonly table: FieldTable
  /** Without hidden and removed ones, by name. */
  readonly fields: readonly FieldEntry[]
  readonly #types: EventTypes | undefined

  constructor(source: Source) {
    this.name = source.name
    this.table = fieldTable(source)
    this.#types = source.eventTypes
    this.fields = [...this.table.entries()]
      .filter(([, def]) => !def.hidden && !def.removed)
      .map(([name, def]) => ({ name, def }))
      .sort((a, b) => (a.name < b.name ? -1 : 1))
  }

  /** `evt.arg.flags`, `proc.aname[2]`. */
  field(name: string, arg?: string): ResolvedField | undefined {
    return this.table.lookup(name, arg) ?? (arg === undefined ? undefined : this.table.lookup(name))
  }

  /** How the values of a field compare. Of a transformer or an unknown field, as text. */
  kindOf(name: string): Kind {
    const field = this.field(name)
    return field ? TYPES[field.type].kind : this.#declared(name)
  }

  /** A field that needs an argument is known by its name, too. */
  #declared(name: string): Kind {
    const def = this.fields.find(field => field.name === name)?.def
    return def ? TYPES[def.type].kind : 'text'
  }

  /** The values that a field can have, where they are few enough to list. */
  valuesOf(name: string): readonly string[] {
    const types = this.#types
    if (types?.fields.includes(name)) {
      const values = types.all.map(type => types.valueOf(name, type))
      return [...new Set(values.filter(value => typeof value === 'string'))].sort()
    }
    const field = this.field(name)
    if (field?.def.names) return field.def.names.map(([value]) => value)
    return field && TYPES[field.type].kind === 'bool' ? ['true', 'false'] : []
  }
}

/** All words of the rule language that do not come from rules files. */
export class Vocabulary {
  readonly sources: readonly SourceWords[]

  /** @param sources the first one is that of rules that name none */
  constructor(sources: readonly Source[]) {
    this.sources = sources.map(source => new SourceWords(source))
  }

  source(name: string): SourceWords | undefined {
    return this.sources.find(source => source.name === name)
  }

  /** The source that has a field; most have the generic ones, so the first one comes first. */
  sourceOf(field: string): SourceWords | undefined {
    return this.sources.find(source => source.field(field) !== undefined || source.table.has(field))
  }
}
