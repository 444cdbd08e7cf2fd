import { type AlertData, isoTime, type Json } from '@falc/engine'
import type { Item } from '../model/transport.ts'

/** How an absent value is shown, as in Falco's texts. */
const ABSENT = '<NA>'

/** A value of output_fields as text on one line. */
export function fieldText(value: AlertData['output_fields'][string]): string {
  if (value === null || value === undefined) return ABSENT
  const text = Array.isArray(value) ? `(${value.map(one => String(one)).join(',')})` : String(value)
  return text.toWellFormed().replace(/[\u0000-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069]+/g, ' ')
}

/** Name and text of each output field; of collapsed repeats, their number and times come first. */
export function fieldTexts({ output_fields, count, firstTime, lastTime }: AlertData): [name: string, text: string][] {
  const fields = Object.keys(output_fields).map((name): [string, string] => [name, fieldText(output_fields[name]!)])
  if (count === undefined) return fields
  const times = Object.entries({ 'alert.first_time': firstTime, 'alert.last_time': lastTime })
  const shown = times.flatMap(([name, time]): [string, string][] => (time === undefined ? [] : [[name, isoTime(time)]]))
  return [['alert.count', String(count)], ...shown, ...fields]
}

/** The output fields for `printJson`. */
export function fieldsJson({ output_fields }: AlertData): Record<string, Json> {
  return Object.fromEntries(
    Object.entries(output_fields).map(([name, value]) => [
      name,
      value instanceof Uint8Array ? [...value] : (value as Json),
    ]),
  )
}

/** The text of a field that the alert's output has; undefined: it is not there, or absent. */
export function fieldOf({ output_fields }: AlertData, name: string): string | undefined {
  const value = Object.hasOwn(output_fields, name) ? output_fields[name] : undefined
  return value === undefined || value === null || value === '' ? undefined : fieldText(value)
}

/** The alert's text with its ID in it, for receivers that have no other place for one. Formats with a dedicated field for it use that. */
export function bodyWithId({ id, body, contentType }: Pick<Item, 'id' | 'body' | 'contentType'>): string {
  if (!/[/+]json\b/.test(contentType) || !body.startsWith('{') || body.includes(`"${id}"`)) return body
  return `{"id":"${id}"${body === '{}' ? '' : ','}${body.slice(1)}`
}
