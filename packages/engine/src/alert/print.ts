import type { Value } from '../fields/field.ts'
import type { AlertData } from './alert.ts'
import { byCodePoint, escapeLine, printDouble, printJson, quoteJson } from './json.ts'
import { alertObject, type JsonOptions } from './object.ts'
import { RuleAlert } from './rule-alert.ts'

/** A line of text output as Falco prints it: the output, escaped like the inside of a JSON string. No line break at the end. */
export function alertText(alert: AlertData): string {
  return escapeLine(alert.output)
}

/** An alert as Falco prints it in JSON: one line without a line break at the end, keys sorted, integers exact. */
export function alertJson(alert: AlertData, include: JsonOptions = {}): string {
  const doubles = alert instanceof RuleAlert ? alert.doubles : undefined
  const object = alertObject(alert, include, value => value)
  const parts = Object.keys(object).map(key => {
    const printed =
      key === 'output_fields' ? printFields(alert.output_fields, doubles) : printJson(object[key] as string)
    return `${quoteJson(key)}:${printed}`
  })
  return `{${parts.join(',')}}`
}

function printFields(fields: Readonly<Record<string, Value | null>>, doubles: ReadonlySet<string> | undefined): string {
  const parts = Object.keys(fields)
    .sort(byCodePoint)
    .map(name => {
      const value = fields[name]!
      const printed = typeof value === 'number' && doubles?.has(name) ? printDouble(value) : printJson(printable(value))
      return `${quoteJson(name)}:${printed}`
    })
  return `{${parts.join(',')}}`
}

function printable(value: Value | null): Parameters<typeof printJson>[0] {
  return value instanceof Uint8Array ? Array.from(value) : (value as Parameters<typeof printJson>[0])
}
