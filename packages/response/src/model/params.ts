/** Parameters of actions: JSON Schemas, and the types that follow from them. */
import { nearest } from '@falc/engine'
import { parseDuration } from '@falc/outputs'
import { Ajv, type ErrorObject, type ValidateFunction } from 'ajv'

/** The part of JSON Schema that parameters use. `format`: `duration`; `template` (text for people), `value` (a template whose fields must be there). */
export interface Schema {
  readonly type?: 'string' | 'integer' | 'number' | 'boolean' | 'array' | 'object'
  readonly description?: string
  readonly format?: 'duration' | 'template' | 'value'
  readonly default?: unknown
  readonly enum?: readonly unknown[]
  readonly pattern?: string
  readonly minimum?: number
  readonly maximum?: number
  readonly minItems?: number
  readonly maxItems?: number
  readonly minLength?: number
  readonly maxLength?: number
  readonly items?: Schema
  readonly properties?: Readonly<Record<string, Schema>>
  readonly required?: readonly string[]
  readonly additionalProperties?: boolean | Schema
  readonly [keyword: string]: unknown
}

type Given<S, K> = S extends { readonly default: unknown } ? true : K extends true ? true : false

export type ValueOf<S> = S extends { readonly enum: readonly (infer T)[] }
  ? T
  : S extends { readonly type: 'string' }
    ? string
    : S extends { readonly type: 'integer' | 'number' }
      ? number
      : S extends { readonly type: 'boolean' }
        ? boolean
        : S extends { readonly type: 'array'; readonly items: infer I }
          ? readonly ValueOf<I>[]
          : S extends { readonly type: 'object'; readonly properties: infer P }
            ? ParamsOf<S & { readonly properties: P }>
            : S extends { readonly type: 'object'; readonly additionalProperties: infer I }
              ? Readonly<Record<string, ValueOf<I>>>
              : unknown

/** The values that a schema of an object describes. */
export type ParamsOf<S> = S extends { readonly properties: infer P }
  ? {
      readonly [K in keyof P]:
        | ValueOf<P[K]>
        | (Given<
            P[K],
            S extends { readonly required: readonly (infer R)[] } ? (K extends R ? true : false) : false
          > extends true
            ? never
            : undefined)
    }
  : Readonly<Record<string, never>>

const ajv = new Ajv({ allErrors: true, useDefaults: true, strict: false, verbose: true, allowUnionTypes: true })
ajv.addFormat('duration', text => parseDuration(text) !== undefined)
// Templates are compiled with the fields of alerts, where these are known.
ajv.addFormat('template', true)
ajv.addFormat('value', true)

export interface Fault {
  /** The path in the value. */
  readonly path: readonly (string | number)[]
  readonly reason: string
  /** The fault is a key, not its value. */
  readonly key?: string
}

const compiled = new WeakMap<Schema, ValidateFunction>()

/** Fills in defaults, and finds what does not fit. Unknown keys do not. */
export function faultsOf(schema: Schema, value: unknown): Fault[] {
  let validate = compiled.get(schema)
  if (!validate) compiled.set(schema, (validate = ajv.compile(closed(schema))))
  if (validate(value)) return []
  return (validate.errors ?? []).flatMap(error => faultOf(error) ?? [])
}

/** Objects take no other keys than those that they name. */
function closed(schema: Schema): Schema {
  if (schema.type === 'array') return schema.items ? { ...schema, items: closed(schema.items) } : schema
  if (schema.properties === undefined) return schema
  const properties = Object.fromEntries(Object.entries(schema.properties).map(([name, one]) => [name, closed(one)]))
  return { additionalProperties: false, ...schema, properties }
}

function faultOf({ keyword, instancePath, params, parentSchema, message, data }: ErrorObject): Fault | undefined {
  const path = instancePath
    .split('/')
    .slice(1)
    .map(step => step.replaceAll('~1', '/').replaceAll('~0', '~'))
  const name = path.at(-1) ?? 'it'
  switch (keyword) {
    case 'additionalProperties': {
      const known = Object.keys((parentSchema as Schema).properties ?? {})
      return { path, key: params.additionalProperty, reason: unknownKey(params.additionalProperty, known) }
    }
    case 'required':
      return { path, reason: `needs the key ${params.missingProperty}` }
    case 'enum':
      return { path, reason: `${name} must be one of ${params.allowedValues.join(', ')}` }
    case 'format':
      return { path, reason: `${name} must be a duration such as 15s or 1h30m, not "${String(data).slice(0, 40)}"` }
    case 'type':
      return { path, reason: `${name} must be ${article(params.type)}` }
    default:
      return { path, reason: `${name} ${message}` }
  }
}

const article = (type: string) => (/^[aio]/.test(type) ? `an ${type}` : `a ${type}`)

function unknownKey(name: string, known: readonly string[]): string {
  const meant = nearest(name, known)
  return `unknown key ${name}${meant === undefined ? `; there ${known.length === 0 ? 'are none' : `are ${known.join(', ')}`}` : `: did you mean ${meant}?`}`
}

/** Replaces each text of a value whose schema has a format by the result of `change`. */
export function mapTexts(schema: Schema, value: unknown, change: (text: string, format: string) => unknown): unknown {
  if (typeof value === 'string') return schema.format === undefined ? value : change(value, schema.format)
  if (Array.isArray(value)) return value.map(one => mapTexts(schema.items ?? {}, one, change))
  if (typeof value !== 'object' || value === null) return value
  const rest = typeof schema.additionalProperties === 'object' ? schema.additionalProperties : {}
  return Object.fromEntries(
    Object.entries(value).map(([name, one]) => [name, mapTexts(own(schema.properties, name) ?? rest, one, change)]),
  )
}

const own = (properties: Schema['properties'], name: string): Schema | undefined =>
  properties && Object.hasOwn(properties, name) ? properties[name] : undefined
