import type { Value } from '../fields/field.ts'
import { isoTime } from '../fields/time.ts'
import type { AlertData } from './alert.ts'
import { byCodePoint } from './json.ts'
import { withoutPrefix } from './parse-alert.ts'

/** Which optional properties of the JSON object to print; falco.yaml's json_include_*_property. */
export interface JsonOptions {
  /** Default false. */
  readonly id?: boolean
  /** Default true. */
  readonly output?: boolean
  /** Default true. */
  readonly tags?: boolean
  /** Default false. `apart`: only where it is not the output without time and priority, from which `parseAlert` takes it. */
  readonly message?: boolean | 'apart'
  /** Default true. */
  readonly output_fields?: boolean
  /** Why output fields are absent, as `output_fields_absent`, where any is and it is known. Default false. */
  readonly absences?: boolean
  /** Values that the rule's condition read besides the output fields, if kept. Default false. */
  readonly condition_fields?: boolean
}

export function printsMessage({ output, priority, message }: AlertData, include: JsonOptions): boolean {
  return include.message === 'apart' ? withoutPrefix(output, priority) !== message : include.message === true
}

/** Falco's JSON object of an alert, its keys in order. Alerts into which others were collapsed also have `count`, `first_time` and `last_time`. */
export function alertObject(
  alert: AlertData,
  include: JsonOptions,
  convert: (value: Value | null, name: string) => unknown,
): Record<string, unknown> {
  const converted = (fields: AlertData['output_fields']) =>
    Object.fromEntries(
      Object.keys(fields)
        .sort(byCodePoint)
        .map(name => [name, convert(fields[name]!, name)]),
    )
  const { count, firstTime, lastTime } = alert
  return {
    ...(include.condition_fields === true && alert.condition_fields
      ? { condition_fields: converted(alert.condition_fields) }
      : {}),
    ...(count === undefined ? {} : { count }),
    ...(firstTime === undefined ? {} : { first_time: isoTime(firstTime) }),
    ...(alert.hostname === undefined ? {} : { hostname: alert.hostname }),
    ...(include.id === true ? { id: alert.id } : {}),
    ...(lastTime === undefined ? {} : { last_time: isoTime(lastTime) }),
    ...(printsMessage(alert, include) ? { message: alert.message.toWellFormed() } : {}),
    ...(include.output === false ? {} : { output: alert.output.toWellFormed() }),
    ...(include.output_fields === false ? {} : { output_fields: converted(alert.output_fields) }),
    ...(include.absences === true && alert.absences ? { output_fields_absent: alert.absences } : {}),
    priority: alert.priority,
    rule: alert.rule,
    source: alert.source,
    ...(include.tags === false ? {} : { tags: alert.tags }),
    time: isoTime(alert.time),
  }
}
