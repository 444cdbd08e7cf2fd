import type { Value } from '../fields/field.ts'
import type { AlertData } from './alert.ts'
import { byCodePoint, escapeLine, printDouble, printJson, quoteJson } from './json.ts'
import { alertObject, type JsonOptions } from './object.ts'

/** A line of text output as Falco prints it: the output, escaped like the inside of a JSON string. No line break at the end. */
export function alertText(alert: AlertData): string {
  return escapeLine(alert.output)
}

/** An alert as Falco prints it in JSON: one line without a line break at the end, keys sorted, integers exact. */
export function alertJson(alert: AlertData, include: JsonOptions = {}): string {
  const object = alertObject(alert, include, value => value)
  const parts = Object.keys(object).map(key => {
    const printed = key === 'output_fields' ? printFields(alert) : printJson(object[key] as string)
    return `${quoteJson(key)}:${printed}`
  })
  return `{${parts.join(',')}}`
}

function printFields({ output_fields, doubles }: AlertData): string {
  const parts = Object.keys(output_fields)
    .sort(byCodePoint)
    .map(name => {
      const value = output_fields[name]!
      const printed =
        typeof value === 'number' && doubles?.includes(name) ? printDouble(value) : printJson(printable(value))
      return `${quoteJson(name)}:${printed}`
    })
  return `{${parts.join(',')}}`
}

function printable(value: Value | null): Parameters<typeof printJson>[0] {
  return value instanceof Uint8Array ? Array.from(value) : (value as Parameters<typeof printJson>[0])
}
