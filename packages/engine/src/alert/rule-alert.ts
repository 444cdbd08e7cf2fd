import type { Scalar, Value } from '../fields/field.ts'
import type { Priority } from '../rules/priority.ts'
import type { ByteSink } from '../text/byte-sink.ts'
import type { Alert, AlertData } from './alert.ts'
import type { Captured } from './format.ts'
import { alertId } from './id.ts'
import { printDouble, printJson } from './json.ts'
import type { LineWords } from './line.ts'
import { alertObject, type JsonOptions } from './object.ts'

/** The common properties of a rule's alerts, and functions that make their texts. */
export interface AlertWords {
  readonly rule: string
  readonly priority: Priority
  readonly source: string
  readonly tags: readonly string[]
  readonly hostname: string | undefined
  readonly identity: string
  readonly doubles: readonly string[] | undefined
  /** Time and priority, before the message. */
  prefix(captured: Captured): string
  message(captured: Captured): string
  fields(captured: Captured): Record<string, Value | null>
  absences(captured: Captured): Record<string, string> | undefined
  conditionFields(captured: Captured): Record<string, Value | null> | undefined
  /** @param include of its JSON; undefined: its line of text */
  write(words: LineWords, captured: Captured, include: JsonOptions | undefined, sink: ByteSink): void
}

/** The values of an alert of a rule. */
export interface AlertParts {
  readonly words: AlertWords
  readonly captured: Captured
  readonly time: bigint
  /** Distinguishes events of the same time. */
  readonly key: string | number | bigint
}

/** An alert of a rule. The event's values are read when it is created, its texts are made when they are first read. */
export class RuleAlert implements Alert {
  readonly time: bigint
  readonly #words: AlertWords
  readonly #captured: Captured
  readonly #key: string | number | bigint
  #id: string | undefined
  #message: string | undefined
  #output: string | undefined
  #fields: Readonly<Record<string, Value | null>> | undefined

  constructor(words: AlertWords, captured: Captured, time: bigint, key: string | number | bigint) {
    this.time = time
    this.#words = words
    this.#captured = captured
    this.#key = key
    this.#id = undefined
    this.#message = undefined
    this.#output = undefined
    this.#fields = undefined
  }

  get rule(): string {
    return this.#words.rule
  }

  get priority(): Priority {
    return this.#words.priority
  }

  get source(): string {
    return this.#words.source
  }

  get tags(): readonly string[] {
    return this.#words.tags
  }

  get hostname(): string | undefined {
    return this.#words.hostname
  }

  get id(): string {
    const { rule, source, time } = this
    this.#id ??= alertId({ identity: this.#words.identity, source, rule, time, event: this.#key })
    return this.#id
  }

  get message(): string {
    this.#message ??= this.#words.message(this.#captured)
    return this.#message
  }

  get output(): string {
    this.#output ??= this.#words.prefix(this.#captured) + this.message
    return this.#output
  }

  get output_fields(): Readonly<Record<string, Value | null>> {
    this.#fields ??= this.#words.fields(this.#captured)
    return this.#fields
  }

  /** Writes what `alertJson` prints, or without `include`, what `alertText` prints. */
  write(sink: ByteSink, include?: JsonOptions): void {
    this.#words.write(this, this.#captured, include, sink)
  }

  /** The captured values. */
  get parts(): AlertParts {
    return { words: this.#words, captured: this.#captured, time: this.time, key: this.#key }
  }

  /** Characters of the values that were read. */
  get weight(): number {
    return weightOf(this.#captured.values) + weightOf(this.#captured.json)
  }

  toObject(): AlertData {
    const { id, rule, priority, source, tags, time, output, message, output_fields, doubles, hostname } = this
    const { absences, condition_fields } = this
    const fields = copiedFields(output_fields)
    return {
      ...{ id, rule, priority, source, tags: [...tags], time, output, message, output_fields: fields },
      ...(doubles === undefined ? {} : { doubles: [...doubles] }),
      ...(hostname === undefined ? {} : { hostname }),
      ...(absences === undefined ? {} : { absences }),
      ...(condition_fields === undefined ? {} : { condition_fields: copiedFields(condition_fields) }),
    }
  }

  toJSON(): Record<string, unknown> {
    return alertObject(this, {}, (value, name) => exact(value, this.doubles?.includes(name) === true))
  }

  get absences(): Readonly<Record<string, string>> | undefined {
    return this.#captured.absences === undefined ? undefined : this.#words.absences(this.#captured)
  }

  get condition_fields(): Readonly<Record<string, Value | null>> | undefined {
    return this.#words.conditionFields(this.#captured)
  }

  get doubles(): readonly string[] | undefined {
    return this.#words.doubles
  }
}

/** Characters of texts and elements of lists. */
export function weightOf(values: readonly (Value | null | undefined)[]): number {
  let weight = 0
  for (let i = 0; i < values.length; i++) {
    const value = values[i]
    if (typeof value === 'string' || value instanceof Uint8Array) weight += value.length
    else if (typeof value === 'object' && value !== null) weight += 8 * value.length + weightOf(value)
  }
  return weight
}

function copiedFields(fields: Readonly<Record<string, Value | null>>): Record<string, Value | null> {
  return Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, copied(value)]))
}

function copied(value: Value | null): Value | null {
  if (value instanceof Uint8Array) return value.slice()
  return Array.isArray(value) ? value.map(element => copied(element) as Scalar) : value
}

/** JSON.rawJSON (ES2026) makes JSON.stringify print a number as the given text. */
const rawJson = (JSON as { rawJSON?: (text: string) => unknown }).rawJSON

/** A value that JSON.stringify prints as `alertJson` does. */
function exact(value: Value | null, double: boolean): unknown {
  if (Array.isArray(value)) return value.map(element => exact(element, false))
  if (typeof value === 'string') return value.toWellFormed()
  if (value instanceof Uint8Array) return Array.from(value)
  if (typeof value !== 'number' && typeof value !== 'bigint') return value
  const printed = double && typeof value === 'number' ? printDouble(value) : printJson(value)
  const number = Number(value)
  return rawJson === undefined || JSON.stringify(number) === printed ? number : rawJson(printed)
}
