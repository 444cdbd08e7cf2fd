import { ConditionError } from '../condition/error.ts'
import { nearest } from '../text/did-you-mean.ts'
import type { Span } from '../text/span.ts'
import { type EventContext, eventContext, genericFields, staticFields } from './evt.ts'
import type { FieldDef, FieldType, Source } from './field.ts'
import { pluginFields } from './plugin-fields.ts'

/** A field as a condition or template names it, looked up in a table. Per event only `def.extract(event, arg)` remains. */
export interface ResolvedField {
  /** The declared name. */
  readonly name: string
  /** The argument as written, without brackets. */
  readonly argText: string | undefined
  /** Canonical text: `proc.aname[2]`. A table has one object for each text. */
  readonly text: string
  readonly def: FieldDef
  /** The argument for `def.extract`. */
  readonly arg: any
  /** The type, list and print of the declaration, as the argument refined them. */
  readonly type: FieldType
  readonly list: boolean
  readonly print: FieldDef['print']
}

interface Found {
  readonly name: string
  readonly def: FieldDef
  readonly arg: string | undefined
}

const NO_SPAN: Span = { offset: 0, line: 1, column: 1, length: 0 }

export interface FieldTableOptions {
  /** What evt.num, evt.hostname and the relative times read. Default: one that is never updated, enough for checking names. */
  readonly context?: EventContext
  /** Falco plugins whose fields rules may name. Default: all known ones. */
  readonly plugins?: Iterable<string> | undefined
  /** Falco's `static_fields`, by name without `static.`. */
  readonly staticFields?: Readonly<Record<string, string>> | undefined
}

/** Every field that a condition or an output of this source may name; the source's own declarations take precedence. */
export function fieldTable(source: Source, options: FieldTableOptions = {}): FieldTable {
  const { context = eventContext(), plugins, staticFields: constants = {} } = options
  return new FieldTable(source, {
    ...pluginFields(source.name, plugins),
    ...genericFields(source, context),
    ...staticFields(constants),
  })
}

/** The fields of a source by name. `fieldTable` builds one. */
export class FieldTable {
  readonly source: Source
  readonly #defs: ReadonlyMap<string, FieldDef>
  readonly #resolved = new Map<string, ResolvedField>()

  /** @param generic fields that the source has besides its own; its own declarations take precedence */
  constructor(source: Source, generic: Readonly<Record<string, FieldDef>> = {}) {
    this.source = source
    this.#defs = new Map([...Object.entries(generic), ...Object.entries(source.fields)])
  }

  /** Whether the name is declared. */
  has(name: string): boolean {
    return this.#defs.has(name)
  }

  /** Declared names with their declarations. */
  entries(): Iterable<[string, FieldDef]> {
    return this.#defs.entries()
  }

  /**
   * Finds a field: `name[arg]`, or for keys also `name.arg` (`evt.arg.flags`).
   * @throws {ConditionError} code `unknown-field` or `field`, with Falco's words, at `span`
   */
  resolve(name: string, arg?: string, span: Span = NO_SPAN): ResolvedField {
    const text = arg === undefined ? name : `${name}[${arg}]`
    const known = this.#resolved.get(text)
    if (known) return known
    const found = this.#find(name, arg)
    if (!found) throw new ConditionError('unknown-field', this.#nonexistent(name, text), span)
    return this.#enter(text, resolved(found.name, found.def, found.arg, span))
  }

  /** As `resolve`, but returns undefined when there is no such field. Cheap, since it looks for no suggestion. */
  lookup(name: string, arg?: string): ResolvedField | undefined {
    const text = arg === undefined ? name : `${name}[${arg}]`
    const known = this.#resolved.get(text)
    if (known) return known
    const found = this.#find(name, arg)
    if (!found) return undefined
    try {
      return this.#enter(text, resolved(found.name, found.def, found.arg, NO_SPAN))
    } catch (error) {
      if (error instanceof ConditionError) return undefined
      throw error
    }
  }

  /** Stores a field under the text by which it was looked up; all spellings share one object. */
  #enter(text: string, field: ResolvedField): ResolvedField {
    const same = this.#resolved.get(field.text)
    this.#resolved.set(text, same ?? field)
    if (!same) this.#resolved.set(field.text, field)
    return same ?? field
  }

  #find(name: string, arg: string | undefined): Found | undefined {
    const def = this.#defs.get(name)
    if (def) return arg === undefined || takesArgument(def) ? { name, def, arg } : undefined
    if (arg !== undefined) return this.#undeclared(name, arg)
    for (let dot = name.lastIndexOf('.'); dot > 0; dot = name.lastIndexOf('.', dot - 1)) {
      const head = this.#defs.get(name.slice(0, dot))
      if (head && takesArgument(head) && (head.argKind ?? 'key') === 'key')
        return { name: name.slice(0, dot), def: head, arg: head.brackets ? undefined : name.slice(dot + 1) }
    }
    return this.#undeclared(name, arg)
  }

  #undeclared(name: string, arg: string | undefined): Found | undefined {
    const def = this.#defs.has(name) ? undefined : this.source.undeclared?.(name)
    return typeof def === 'object' && (arg === undefined || takesArgument(def)) ? { name, def, arg } : undefined
  }

  /** The field that `name` was probably meant to be. */
  nearest(name: string): string | undefined {
    return nearest(name, this.#defs.keys())
  }

  #nonexistent(name: string, text: string): string {
    const message = `filter_check called with nonexistent field ${text}`
    if (this.#defs.has(name)) return `${message} (${name} takes no argument)`
    const guess = this.nearest(name)
    const hint = this.source.undeclared?.(text)
    return `${message}${guess === undefined ? '' : `, did you mean ${guess}?`}${typeof hint === 'string' ? hint : ''}`
  }
}

function takesArgument(def: FieldDef): boolean {
  return def.arg === 'optional' || def.arg === 'required'
}

function resolved(name: string, def: FieldDef, argText: string | undefined, span: Span): ResolvedField {
  if (argText === undefined && def.arg === 'required' && (def.argKind ?? def.parseArg))
    throw new ConditionError('field', `filter error: field '${name}' requires an argument`, span)
  const text = argText === undefined ? name : `${name}[${argText}]`
  const arg = argText === undefined ? undefined : parseArgument(text, def, argText, span)
  const refined = def.refine?.(arg)
  return {
    name,
    argText,
    text,
    def,
    arg,
    type: refined?.type ?? def.type,
    list: refined?.list ?? def.list ?? false,
    print: refined?.print ?? def.print,
  }
}

function parseArgument(text: string, def: FieldDef, arg: string, span: Span): unknown {
  if (def.parseArg) {
    try {
      return def.parseArg(arg)
    } catch (error) {
      throw new ConditionError('field', `filter error: can't parse field expression '${text}': ${reason(error)}`, span)
    }
  }
  if (def.argKind !== 'index') return arg
  if (!/^[0-9]{1,9}$/.test(arg))
    throw new ConditionError('field', `filter error: can't parse field expression '${text}': not an index`, span)
  return Number(arg)
}

function reason(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
