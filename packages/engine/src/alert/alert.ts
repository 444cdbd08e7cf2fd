import type { Value } from '../fields/field.ts'
import type { Priority } from '../rules/priority.ts'

/** The contents of an alert, as plain data. */
export interface AlertData {
  /** 128 bits as 32 hex digits, the same whenever and wherever the same event is evaluated: `alertId` says of what. Idempotency key of receivers. */
  readonly id: string
  readonly rule: string
  readonly priority: Priority
  readonly source: string
  /** Sorted. */
  readonly tags: readonly string[]
  /** Nanoseconds since 1970. */
  readonly time: bigint
  /** The whole line as Falco prints it: time, priority and message. */
  readonly output: string
  /** The message alone. */
  readonly message: string
  /** By field as written in the output template; null = absent. */
  readonly output_fields: Readonly<Record<string, Value | null>>
  /** Why output fields are absent, by field, if the source knows. */
  readonly absences?: Readonly<Record<string, string>> | undefined
  /** Values that the rule's condition read besides the output fields, if kept (`append_output`'s `condition_fields`); null = absent. */
  readonly condition_fields?: Readonly<Record<string, Value | null>> | undefined
  /** The names of output fields that are doubles, if any are: JSON shows them with a point even when they are whole. */
  readonly doubles?: readonly string[] | undefined
  readonly hostname?: string | undefined
  /** The number of alerts that were collapsed into this one. */
  readonly count?: number | undefined
  /** Times of the first and the last of them. */
  readonly firstTime?: bigint | undefined
  readonly lastTime?: bigint | undefined
}

/**
 * An alert as outputs receive it. Its texts are made when they are first read, so that `structuredClone`, `postMessage` and spread would
 * not copy them: copy `toObject()`.
 */
export interface Alert extends AlertData {
  /** A copy as plain data, which can be cloned, spread and sent to other threads. */
  toObject(): AlertData
  /** Falco's JSON object, keys sorted. `JSON.stringify(alert)` prints the same text as `alertJson(alert)`. */
  toJSON(): Record<string, unknown>
}
