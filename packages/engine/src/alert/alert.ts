import type { Value } from '../fields/field.ts'
import type { Priority } from '../rules/priority.ts'

/** What outputs receive. */
export interface Alert {
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
  readonly hostname?: string
  /** Falco's JSON object (keys sorted; integers beyond 2^53 exact: print it with `alertJson`, not JSON.stringify, when it may hold a bigint). */
  toJSON(): Record<string, unknown>
}
