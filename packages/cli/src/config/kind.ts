/** Types of configuration values: how each is read, and its JSON Schema. */
import { type AlertData, PRIORITIES, PRIORITY_NAMES, type Priority, parsePriority, type Source } from '@falc/engine'
import { parseDuration } from '@falc/outputs'
import { ConfigError, type ConfigPlace } from './error.ts'
import { type Env, expand } from './expand.ts'
import { type ConfigNode, plain } from './tree.ts'

/** The part of JSON Schema that `--config-schema` prints. */
export interface JsonSchema {
  readonly $schema?: string
  readonly title?: string
  readonly description?: string
  readonly default?: unknown
  readonly type?: 'object' | 'array' | 'string' | 'boolean' | 'integer' | 'number'
  readonly properties?: Readonly<Record<string, JsonSchema>>
  readonly additionalProperties?: boolean | JsonSchema
  readonly required?: readonly string[]
  readonly items?: JsonSchema
  readonly enum?: readonly string[]
  readonly anyOf?: readonly JsonSchema[]
}

/** The surroundings of a value that is being read. */
export interface Reading {
  /** The value's key, dotted, for messages. */
  readonly path: string
  readonly env: Env
  /** The place at which a missing value would be written. */
  readonly around?: ConfigNode | undefined
  /** The fields that conditions about alerts may name. */
  readonly alerts?: (() => Source<AlertData>) | undefined
  warn(reason: string, place: ConfigPlace): void
}

/** A type of value. */
export interface Kind<T> {
  readonly schema: JsonSchema
  /** undefined = the value is empty, so the key has its default. @throws {ConfigError} */
  read(node: ConfigNode, at: Reading): T | undefined
}

export type ValueOf<K> = K extends Kind<infer T> ? T : never

/** The text of a scalar, `${VAR}` expanded. @throws {ConfigError} */
function scalar(node: ConfigNode, { path, env }: Reading): string {
  if (node.kind === 'scalar') return expand(node.text, env)
  throw new ConfigError(`${path} must be a single value, not a ${node.kind}`, node.place)
}

/** A kind whose values are written as a scalar. @param parse undefined = not a value of this kind */
function scalarKind<T>(schema: JsonSchema, must: string, parse: (text: string) => T | undefined): Kind<T> {
  return {
    schema,
    read(node, at) {
      const text = scalar(node, at)
      if (text === '') return undefined
      const value = parse(text)
      if (value === undefined) throw new ConfigError(`${at.path} must be ${must}, not "${text}"`, node.place)
      return value
    },
  }
}

export const text: Kind<string> = { schema: { type: 'string' }, read: scalar }

export const boolean: Kind<boolean> = scalarKind({ type: 'boolean' }, 'true or false', text => {
  if (/^(true|yes|on|y|1)$/i.test(text)) return true
  return /^(false|no|off|n|0)$/i.test(text) ? false : undefined
})

export function integer(min = 0, max = Number.MAX_SAFE_INTEGER): Kind<number> {
  const range = max === Number.MAX_SAFE_INTEGER ? `of at least ${min}` : `from ${min} to ${max}`
  return scalarKind({ type: 'integer' }, `a whole number ${range}`, text => {
    const value = Number(text)
    return /^[-+]?\d+$/.test(text) && value >= min && value <= max ? value : undefined
  })
}

export function number(min = 0, max = Number.POSITIVE_INFINITY): Kind<number> {
  const range = max === Number.POSITIVE_INFINITY ? `of at least ${min}` : `from ${min} to ${max}`
  return scalarKind({ type: 'number' }, `a number ${range}`, text => {
    const value = Number(text)
    return /^[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?$/i.test(text) && value >= min && value <= max ? value : undefined
  })
}

/** One of some words, in any case of letters. */
export function choice<const T extends string>(...values: readonly T[]): Kind<T> {
  return scalarKind({ type: 'string', enum: values }, `one of ${values.join(', ')}`, text =>
    values.find(value => value.toLowerCase() === text.toLowerCase()),
  )
}

export const priority: Kind<Priority> = scalarKind(
  { type: 'string', enum: PRIORITY_NAMES.flat() },
  `one of ${PRIORITIES.join(', ')}`,
  parsePriority,
)

/** Milliseconds. @param min @param max milliseconds */
export function duration(min: number, max: number, range: string): Kind<number> {
  return scalarKind({ type: 'string' }, `a duration such as 15s or 1h30m, ${range}`, text => {
    const value = parseDuration(text)
    return value !== undefined && value >= min && value <= max ? value : undefined
  })
}

export function list<T>(item: Kind<T>): Kind<readonly T[]> {
  return {
    get schema(): JsonSchema {
      return { type: 'array', items: item.schema }
    },
    read(node, at) {
      if (node.kind !== 'list') throw new ConfigError(`${at.path} must be a list`, node.place)
      return node.items.flatMap((one, i) => item.read(one, { ...at, path: `${at.path}[${i}]` }) ?? [])
    },
  }
}

/** A list, or one item without the list. */
export function oneOrMore<T>(item: Kind<T>): Kind<readonly T[]> {
  const items = list(item)
  return {
    get schema(): JsonSchema {
      return { anyOf: [item.schema, items.schema] }
    },
    read: (node, at) => (node.kind === 'list' ? items.read(node, at) : ([item.read(node, at) ?? []].flat() as T[])),
  }
}

/** A map with keys of any name. */
export function mapOf<T>(value: Kind<T>): Kind<Readonly<Record<string, T>>> {
  return {
    get schema(): JsonSchema {
      return { type: 'object', additionalProperties: value.schema }
    },
    read(node, at) {
      if (node.kind !== 'map') throw new ConfigError(`${at.path} must be a map`, node.place)
      const read = [...node.entries].map(([key, entry]) => [
        key,
        value.read(entry.value, { ...at, path: `${at.path}.${key}` }),
      ])
      return Object.fromEntries(read.filter(([, one]) => one !== undefined))
    },
  }
}

/** Any value; the consumer interprets it. */
export const anything: Kind<unknown> = {
  schema: {},
  read: (node, { env }) => plain(node, one => expand(one.text, env)),
}

/** Reads another kind and then checks or converts its value. @param convert throws a string's reason */
export function converted<T, U>(kind: Kind<T>, convert: (value: T, fail: (reason: string) => never) => U): Kind<U> {
  return {
    get schema(): JsonSchema {
      return kind.schema
    },
    read(node, at) {
      const value = kind.read(node, at)
      if (value === undefined) return undefined
      return convert(value, reason => {
        throw new ConfigError(reason, node.place)
      })
    },
  }
}

/** The kinds in order: a map is read by the one for maps, a scalar by the one for scalars. */
export function scalarOrMap<T, U>(scalars: Kind<T>, maps: Kind<U>): Kind<T | U> {
  return {
    get schema(): JsonSchema {
      return { anyOf: [scalars.schema, maps.schema] }
    },
    read: (node, at) => (node.kind === 'map' ? maps.read(node, at) : scalars.read(node, at)),
  }
}
