import type { FieldOperand } from '../condition/ast.ts'
import type { ExtractErrors } from '../fields/failures.ts'
import type { Value } from '../fields/field.ts'
import type { FieldTable, ResolvedField } from '../fields/table.ts'
import type { Priority } from '../rules/priority.ts'
import type { ByteSink } from '../text/byte-sink.ts'
import { type Captured, Format, nameOf, Slots } from './format.ts'
import { byCodePoint } from './json.ts'
import { LinePrinter, type LineWords } from './line.ts'
import type { JsonOptions } from './object.ts'
import { type AlertWords, RuleAlert, weightOf } from './rule-alert.ts'
import type { Template } from './template.ts'

/** The parsed parts of a rule's alerts. Plain data, so that it can be saved. */
export interface AlertTemplate {
  readonly rule: string
  readonly priority: Priority
  readonly source: string
  readonly tags: readonly string[]
  readonly message: Template
  /** Output fields besides those of the message: with their own type when `raw`, otherwise the text of a template. */
  readonly extra: readonly { readonly name: string; readonly template: Template; readonly raw: boolean }[]
  /** Fields of the condition whose values are kept beside those. */
  readonly kept?: readonly FieldOperand[]
}

export interface AlertSettings {
  readonly hostname?: string | undefined
  /** The machine or cluster, for ids. Default: `hostname`. */
  readonly identity?: string | undefined
  /** Times as ISO 8601 in UTC instead of the local time of day. */
  readonly iso8601?: boolean | undefined
}

/** Makes the alerts of one rule. */
export class AlertPlan implements AlertWords {
  readonly rule: string
  readonly priority: Priority
  readonly source: string
  readonly tags: readonly string[]
  readonly hostname: string | undefined
  readonly identity: string
  readonly doubles: readonly string[] | undefined
  readonly #slots: Slots
  readonly #prefix: Format
  readonly #message: Format
  /** Typed output fields by name, sorted. */
  readonly #raw: readonly (readonly [string, number])[]
  readonly #formatted: readonly (readonly [string, Format])[]
  /** Fields of the condition that are no output fields, by name, sorted. */
  readonly #kept: readonly (readonly [string, number])[]
  /** Made with the first alert. */
  readonly #printers = new Map<number, LinePrinter>()

  /** @throws {ConditionError} when a template does not fit the source */
  constructor(template: AlertTemplate, table: FieldTable, settings: AlertSettings, errors?: ExtractErrors) {
    this.rule = template.rule
    this.priority = template.priority
    this.source = template.source
    this.tags = template.tags
    this.hostname = settings.hostname
    this.identity = settings.identity ?? settings.hostname ?? ''
    this.#slots = new Slots(table, errors)
    this.#prefix = new Format(prefixOf(template.priority, settings.iso8601 === true), this.#slots)
    this.#message = new Format(template.message, this.#slots)
    const raw = new Map([...this.#message.fields, ...this.#prefix.fields])
    const formatted: (readonly [string, Format])[] = []
    for (const extra of template.extra) {
      const format = new Format(extra.template, this.#slots)
      if (!extra.raw) formatted.push([extra.name, format])
      else for (const [name, slot] of format.fields) raw.set(name, slot)
    }
    for (const [name] of formatted) raw.delete(name)
    this.#raw = [...raw].sort(([a], [b]) => byCodePoint(a, b))
    this.#formatted = formatted
    const kept = new Map(template.kept?.map(field => [nameOf(field), this.#slots.add(field)]))
    for (const name of raw.keys()) kept.delete(name)
    this.#kept = [...kept].sort(([a], [b]) => byCodePoint(a, b))
    const doubles = this.#raw.filter(([, slot]) => this.#slots.expr(slot).type === 'double')
    this.doubles = doubles.length > 0 ? doubles.map(([name]) => name) : undefined
  }

  /** Every field that the alerts read from an event. */
  get fieldsRead(): readonly ResolvedField[] {
    return this.#slots.fields
  }

  /** The alert for an event that matched. All values are read from the event now; `key` distinguishes events of the same time. */
  alert(event: unknown, time: bigint, key: string | number | bigint): RuleAlert {
    return new RuleAlert(this, this.#slots.capture(event), time, key)
  }

  write(words: LineWords, captured: Captured, include: JsonOptions | undefined, sink: ByteSink): void {
    this.#printer(include).print(words, captured, sink)
  }

  #printer(include: JsonOptions | undefined): LinePrinter {
    const key = include === undefined ? -1 : whatOf(include)
    let printer = this.#printers.get(key)
    if (printer === undefined) {
      const { hostname, rule, priority, source, tags } = this
      const fields = new Map<string, number | Format>([...this.#raw, ...this.#formatted])
      const parts = {
        ...{ slots: this.#slots, hostname, rule, priority, source, tags, prefix: this.#prefix, message: this.#message },
        fields: [...fields].sort(([a], [b]) => byCodePoint(a, b)),
      }
      printer = include ? LinePrinter.json(parts, include) : LinePrinter.text(parts)
      this.#printers.set(key, printer)
    }
    return printer
  }

  prefix(captured: Captured): string {
    return this.#prefix.text(this.#slots, captured)
  }

  message(captured: Captured): string {
    return this.#message.text(this.#slots, captured)
  }

  fields(captured: Captured): Record<string, Value | null> {
    const fields: Record<string, Value | null> = {}
    for (const [name, slot] of this.#raw) fields[name] = this.#slots.json(slot, captured)
    for (const [name, format] of this.#formatted) fields[name] = format.text(this.#slots, captured)
    return fields
  }

  /** Values that the condition read besides the output fields; undefined: they are not kept. Long values are left out. */
  conditionFields(captured: Captured): Record<string, Value | null> | undefined {
    if (this.#kept.length === 0) return undefined
    const fields: Record<string, Value | null> = {}
    for (const [name, slot] of this.#kept) {
      const value = this.#slots.json(slot, captured)
      if (weightOf([value]) <= MAX_KEPT) fields[name] = value
    }
    return fields
  }

  /** In the order of their names. */
  absences({ absences }: Captured): Record<string, string> | undefined {
    const known = this.#raw.flatMap(([name, slot]) => {
      const why = absences?.get(slot)
      return why === undefined ? [] : [[name, why] as const]
    })
    return known.length === 0 ? undefined : Object.fromEntries(known)
  }
}

/** Characters of a value that is kept for a condition. */
const MAX_KEPT = 1024

/** The options as a number. */
function whatOf({ absences, condition_fields, id, message, output, output_fields, tags }: JsonOptions): number {
  return (
    (id === true ? 1 : 0) +
    (message === true ? 2 : 0) +
    (output === false ? 4 : 0) +
    (output_fields === false ? 8 : 0) +
    (tags === false ? 16 : 0) +
    (absences === true ? 32 : 0) +
    (condition_fields === true ? 64 : 0)
  )
}

/** `TIME: Priority ` before every message. */
function prefixOf(priority: Priority, iso8601: boolean): Template {
  return [
    { kind: 'value', operand: { kind: 'field', name: iso8601 ? 'evt.time.iso8601' : 'evt.time' }, width: 0 },
    { kind: 'text', text: `: ${priority} ` },
  ]
}
