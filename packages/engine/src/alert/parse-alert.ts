import type { Scalar, Value } from '../fields/field.ts'
import { nanoseconds } from '../fields/time.ts'
import { narrow } from '../fields/values.ts'
import { PRIORITIES, parsePriority } from '../rules/priority.ts'
import { nearest } from '../text/did-you-mean.ts'
import type { AlertData } from './alert.ts'
import { digest } from './id.ts'
import { byCodePoint, type Json, printJson } from './json.ts'

/**
 * Reads an alert that was printed as JSON by falc, Falco or falcosidekick. Integers beyond 2^53 keep their digits. As in falcosidekick, a
 * missing source is `syscall`. Without an id (Falco has none, and falcosidekick's uuid differs each time), the id is a hash of the
 * contents: the same alert has the same id however often it is sent.
 * @throws {SyntaxError} with the reason, when the text is not an alert
 */
export function parseAlert(text: string): AlertData {
  try {
    const doubles = new Set<string>()
    return alertOf(parseExactly(text, doubles), doubles)
  } catch (error) {
    const reason = error instanceof RangeError ? 'it is nested too deeply' : String((error as Error).message)
    throw error instanceof NotAnAlert ? error : new NotAnAlert(reason)
  }
}

class NotAnAlert extends SyntaxError {
  constructor(reason: string) {
    super(`not an alert: ${reason}`)
    this.name = 'SyntaxError'
  }
}

function alertOf(json: unknown, points: ReadonlySet<string>): AlertData {
  if (!isObject(json)) throw new NotAnAlert(`expected a JSON object, got ${kindOf(json)}`)
  const rule = required(json, 'rule')
  const priority = priorityOf(required(json, 'priority'))
  const time = timeOf(json, 'time')!
  const output = optional(json, 'output') ?? ''
  const source = optional(json, 'source') || 'syscall'
  const hostname = optional(json, 'hostname')
  const fields = own(json, 'output_fields') ?? {}
  if (!isObject(fields)) throw wrong('output_fields', 'an object', fields)
  const output_fields = valuesOf(fields)
  const doubles = Object.keys(output_fields).filter(name => points.has(name) && typeof output_fields[name] === 'number')
  const absences = absencesOf(json)
  const condition_fields = own(json, 'condition_fields')
  const count = countOf(json)
  const firstTime = timeOf(json, 'first_time')
  const lastTime = timeOf(json, 'last_time')
  const id = idOf(json) ?? digest([hostname ?? '', source, rule, String(time), output, printJson(fields as Json)])
  return {
    ...{ id, rule, priority, source, tags: tagsOf(json), time, output },
    ...{ message: optional(json, 'message') ?? withoutPrefix(output, priority), output_fields },
    ...(doubles.length === 0 ? {} : { doubles }),
    ...(hostname === undefined ? {} : { hostname }),
    ...(absences === undefined ? {} : { absences }),
    ...(isObject(condition_fields) && { condition_fields: valuesOf(condition_fields) }),
    ...(count === undefined ? {} : { count }),
    ...(firstTime === undefined ? {} : { firstTime }),
    ...(lastTime === undefined ? {} : { lastTime }),
  }
}

type JsonObject = { readonly [key: string]: unknown }

/**
 * JSON.parse that reads integers beyond 2^53 as bigints, where the platform shows a reviver the source text (Node ≥ 22).
 * @param doubles gets the keys of whole numbers that are written as doubles: `5.0`
 */
function parseExactly(text: string, doubles: Set<string>): unknown {
  const exact = (key: string, value: unknown, context?: { readonly source?: string }) => {
    if (typeof value !== 'number' || context?.source === undefined) return value
    if (/[.e]/i.test(context.source)) doubles.add(key)
    else if (!Number.isSafeInteger(value) && context.source.length <= 40) return narrow(BigInt(context.source))
    return value
  }
  // A reviver visits every value, which costs more than all the rest, and nearly every alert has the time of its event.
  const json: unknown = DOUBLE.test(text) ? undefined : JSON.parse(text)
  return isObject(json) && isMended(json, text) ? json : JSON.parse(text, exact)
}

const DOUBLE = /"\s*:\s*-?\d+(?:\.\d|e[+-]?\d)/i

/** Gives the fields of an alert their long integers, where each is written once, as printers do. @returns false: it has others */
function isMended(json: JsonObject, text: string): boolean {
  for (const [key, value] of Object.entries(json)) {
    if ((key === 'output_fields' || key === 'condition_fields') && isObject(value)) {
      if (!areMended(value as Record<string, unknown>, text)) return false
    } else if (!isExact(value)) return false
  }
  return true
}

function areMended(fields: Record<string, unknown>, text: string): boolean {
  for (const name in fields) {
    const one = fields[name]
    if (isExact(one)) continue
    const digits = typeof one === 'number' && name !== '__proto__' ? digitsOf(name, text) : undefined
    if (digits === undefined || Number(digits) !== one) return false
    fields[name] = narrow(BigInt(digits))
  }
  return true
}

function isExact(value: unknown): boolean {
  if (typeof value === 'string') return true
  if (typeof value === 'number') return Number.isSafeInteger(value)
  return typeof value !== 'object' || value === null || Object.values(value).every(one => typeof one === 'string')
}

/** undefined: the text has this key more than once, or written in another way, or what follows is too long */
function digitsOf(name: string, text: string): string | undefined {
  const key = `${JSON.stringify(name)}:`
  const at = text.indexOf(key)
  if (at < 1 || text[at - 1] === '\\' || text.includes(key, at + 1)) return undefined
  return /^-?\d{1,39}(?=[,}])/.exec(text.slice(at + key.length, at + key.length + 41))?.[0]
}

function own(json: JsonObject, key: string): unknown {
  return Object.hasOwn(json, key) && json[key] !== null ? json[key] : undefined
}

function optional(json: JsonObject, key: string): string | undefined {
  const value = own(json, key)
  if (value !== undefined && typeof value !== 'string') throw wrong(key, 'a string', value)
  return value
}

function required(json: JsonObject, key: string): string {
  const value = optional(json, key)
  if (value === undefined || value === '') throw new NotAnAlert(`it has no ${key}`)
  return value
}

function priorityOf(name: string): AlertData['priority'] {
  const priority = parsePriority(name)
  if (priority !== undefined) return priority
  const guess = nearest(name, PRIORITIES)
  throw new NotAnAlert(
    `unknown priority '${name.slice(0, 40)}'${guess === undefined ? '' : `, did you mean ${guess}?`}`,
  )
}

function timeOf(json: JsonObject, key: string): bigint | undefined {
  const text = key === 'time' ? required(json, key) : optional(json, key)
  if (text === undefined) return undefined
  try {
    return nanoseconds(text)
  } catch {
    throw new NotAnAlert(`${key} is not a time in ISO 8601: '${text.slice(0, 40)}'`)
  }
}

function tagsOf(json: JsonObject): string[] {
  const tags = own(json, 'tags') ?? []
  if (!Array.isArray(tags) || !tags.every(tag => typeof tag === 'string'))
    throw wrong('tags', 'a list of strings', tags)
  return tags.sort(byCodePoint)
}

/** Another program's property of this name says something else: it is left alone. */
function absencesOf(json: JsonObject): Record<string, string> | undefined {
  const absences = own(json, 'output_fields_absent')
  if (!isObject(absences)) return undefined
  const known = Object.entries(absences).filter((pair): pair is [string, string] => typeof pair[1] === 'string')
  return known.length === 0 ? undefined : Object.fromEntries(known)
}

function countOf(json: JsonObject): number | undefined {
  const count = own(json, 'count')
  if (count === undefined) return undefined
  if (!Number.isSafeInteger(count) || (count as number) < 1) throw wrong('count', 'a positive integer', count)
  return count as number
}

function idOf(json: JsonObject): string | undefined {
  const id = optional(json, 'id')
  return id !== undefined && /^[0-9a-f]{32}$/.test(id) ? id : undefined
}

function valuesOf(fields: JsonObject): Record<string, Value | null> {
  // As they were parsed, if there is nothing to change.
  if (Object.values(fields).every(value => typeof value !== 'object' || value === null))
    return fields as Record<string, Value | null>
  return Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, fieldValue(value)]))
}

/** An output field: scalars and lists of scalars as they are, anything deeper as its JSON text. */
function fieldValue(value: unknown): Value | null {
  if (value === null) return null
  return Array.isArray(value) ? value.map(element => (element === null ? 'null' : scalarOf(element))) : scalarOf(value)
}

function scalarOf(value: unknown): Scalar {
  return typeof value === 'object' ? printJson(value as Json) : (value as Scalar)
}

/** The output without time and priority, which Falco puts in front of the message. */
export function withoutPrefix(output: string, priority: string): string {
  const prefix = /^(?:\d{4}-\d\d-\d\dT)?\d\d:\d\d:\d\d\.\d{9}(?:[+-]\d{4}|Z)?: (\w+) /.exec(output)
  return prefix && prefix[1] === priority ? output.slice(prefix[0].length) : output
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function wrong(key: string, wanted: string, value: unknown): NotAnAlert {
  return new NotAnAlert(`${key} must be ${wanted}, not ${kindOf(value)}`)
}

function kindOf(value: unknown): string {
  if (value === null) return 'null'
  return Array.isArray(value) ? 'a list' : typeof value === 'object' ? 'an object' : `a ${typeof value}`
}
