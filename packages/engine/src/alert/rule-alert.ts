import type { Value } from '../fields/field.ts'
import type { Priority } from '../rules/priority.ts'
import type { Alert } from './alert.ts'
import type { Captured } from './format.ts'
import { alertObject } from './object.ts'

/** What alerts of one rule share, and how their texts are made. */
export interface AlertWords {
  readonly rule: string
  readonly priority: Priority
  readonly source: string
  readonly tags: readonly string[]
  readonly hostname: string | undefined
  /** Output fields that are doubles. */
  readonly doubles: ReadonlySet<string>
  /** Time and priority, before the message. */
  prefix(captured: Captured): string
  message(captured: Captured): string
  fields(captured: Captured): Record<string, Value | null>
}

/** An alert of a rule. What the event held is read when it is made; texts are made when they are asked for. */
export class RuleAlert implements Alert {
  readonly rule: string
  readonly priority: Priority
  readonly source: string
  readonly tags: readonly string[]
  readonly time: bigint
  readonly hostname: string | undefined
  readonly #words: AlertWords
  readonly #captured: Captured
  #message: string | undefined
  #output: string | undefined
  #fields: Readonly<Record<string, Value | null>> | undefined

  constructor(words: AlertWords, captured: Captured, time: bigint) {
    this.rule = words.rule
    this.priority = words.priority
    this.source = words.source
    this.tags = words.tags
    this.time = time
    this.hostname = words.hostname
    this.#words = words
    this.#captured = captured
    this.#message = undefined
    this.#output = undefined
    this.#fields = undefined
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

  toJSON(): Record<string, unknown> {
    return alertObject(this, {}, value => (typeof value === 'bigint' ? exact(value) : value))
  }

  /** The names of output fields that are doubles, which print as such even when they are whole. */
  get doubles(): ReadonlySet<string> {
    return this.#words.doubles
  }
}

/** JSON.rawJSON (ES proposal, in every engine this runs on of late) lets JSON.stringify print an integer of any size. */
const rawJson = (JSON as { rawJSON?: (text: string) => unknown }).rawJSON

function exact(value: bigint): unknown {
  const number = Number(value)
  if (Number.isSafeInteger(number) || rawJson === undefined) return number
  return rawJson(String(value))
}
