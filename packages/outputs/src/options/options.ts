/** Derives from option records: the parsed values, the JSON Schema, and the list of secrets. */
import {
  type AlertData,
  ConditionError,
  compileCondition,
  compileOutput,
  nearest,
  PRIORITIES,
  PRIORITY_NAMES,
  parsePriority,
  type Source,
} from '@falc/engine'
import type { Option, OptionTable, OptionValues, TransportDefinition } from '../model/transport.ts'
import { readFile } from '../net/read-file.ts'
import { decoded } from '../text/decoded.ts'
import { parseBytes, parseDuration, parseRate, printBytes, printDuration } from '../text/units.ts'

/** Where a value is: `['queue', 'max_bytes']`. */
export type OptionPath = readonly (string | number)[]

/** Options are not valid. */
export class OptionError extends Error {
  override readonly name = 'OptionError'
  readonly path: OptionPath

  constructor(path: OptionPath, reason: string) {
    super(reason)
    this.path = path
  }
}

/** The context in which options are read. */
export interface OptionReading {
  readonly path: OptionPath
  /** The fields that conditions and templates may name. */
  readonly source: () => Source<AlertData>
  /** Types of outputs beside falc's own. */
  readonly transports?: readonly TransportDefinition<any>[]
  /** Something is wrong that does not matter: an unknown key. */
  readonly warn: (path: OptionPath, reason: string) => void
}

type Values = Readonly<Record<string, unknown>>

/**
 * Reads the options of a table. Scalars may be text, as in a file, or of their own type.
 * @param others keys that are read elsewhere
 * @throws {OptionError}
 */
export function readOptions(
  table: OptionTable,
  values: Values,
  at: OptionReading,
  others: readonly string[] = [],
): Values {
  for (const name of Object.keys(values)) {
    if (Object.hasOwn(table, name) || others.includes(name)) continue
    const meant = nearest(name, [...Object.keys(table), ...others])
    at.warn([...at.path, name], `unknown key ${name}${meant === undefined ? '' : `: did you mean ${meant}?`}`)
  }
  return Object.fromEntries(
    Object.entries(table).map(([name, option]) => {
      const path = [...at.path, name]
      const value = isMissing(values[name]) ? undefined : read(option, values[name], { ...at, path })
      if (value === undefined && option.required)
        throw new OptionError(at.path, `needs the key ${name}: ${firstSentence(option.doc)}`)
      return [name, value ?? option.default]
    }),
  )
}

function isMissing(value: unknown): boolean {
  return value === undefined || value === null || value === ''
}

function firstSentence(doc: string): string {
  return doc.split(/(?<=\.)\s/)[0]!.replaceAll('`', '')
}

type Readers = {
  readonly [K in keyof OptionValues]: (value: unknown, option: Option, at: OptionReading) => OptionValues[K] | undefined
}

const READERS: Readers = {
  text: scalar,
  path: scalar,
  secret: (value, _, at) => (isMap(value) ? secretFile(value, at) : scalar(value, _, at)),
  url: (value, _, at) =>
    URL.canParse(scalar(value, _, at)) ? scalar(value, _, at) : fail(at, 'must be an absolute URL'),
  boolean(value, option, at) {
    const text = scalar(value, option, at)
    if (/^(true|yes|on|y|1)$/i.test(text)) return true
    return /^(false|no|off|n|0)$/i.test(text) ? false : fail(at, `must be true or false, not "${text}"`)
  },
  integer: (value, option, at) =>
    within(value, option, at, text => (/^-?\d+$/.test(text) ? Number(text) : undefined), 'a whole number', String),
  duration: (value, option, at) =>
    within(value, option, at, parseDuration, 'a duration such as 15s or 1h30m', printDuration),
  bytes: (value, option, at) => within(value, option, at, parseBytes, 'a size such as 4096 or 64MiB', printBytes),
  rate: (value, option, at) =>
    parseRate(scalar(value, option, at)) ??
    fail(at, `must be a rate such as 20/min or 5/s, not "${scalar(value, option, at)}"`),
  template: (value, option, at) => checked(scalar(value, option, at), at, text => compileOutput(text, at.source())),
  condition: (value, option, at) => checked(scalar(value, option, at), at, text => compileCondition(text, at.source())),
  choice(value, { choices = [] }, at) {
    const text = scalar(value, undefined, at)
    return choices.find(choice => choice.toLowerCase() === text.toLowerCase()) ?? noChoice(text, choices, at)
  },
  priority(value, _, at) {
    const text = scalar(value, undefined, at)
    return parsePriority(text) ?? noChoice(text, PRIORITIES, at)
  },
  list(value, option, at) {
    if (isMap(value)) return fail(at, 'must be a list')
    const items = Array.isArray(value) ? value : [value]
    return items
      .filter(item => !isMissing(item))
      .map((item, i) => scalar(item, option, { ...at, path: [...at.path, i] }))
  },
  map(value, option, at) {
    if (!isMap(value)) return fail(at, 'must be a map')
    const pairs = Object.entries(value).filter(([, one]) => !isMissing(one))
    return Object.fromEntries(pairs.map(([key, one]) => [key, scalar(one, option, { ...at, path: [...at.path, key] })]))
  },
}

function noChoice(text: string, choices: readonly string[], at: OptionReading): never {
  const meant = nearest(text, choices)
  const hint = meant === undefined ? '' : `: did you mean ${meant}?`
  return fail(at, `must be one of ${choices.join(', ')}, not "${text}"${hint}`)
}

function read(option: Option, value: unknown, at: OptionReading): unknown {
  return READERS[option.kind](value, option, at)
}

function scalar(value: unknown, _: Option | undefined, at: OptionReading): string {
  if (typeof value === 'string') return value
  if (typeof value === 'number' || typeof value === 'boolean' || typeof value === 'bigint') return String(value)
  return fail(at, `must be a single value, not a ${Array.isArray(value) ? 'list' : 'map'}`)
}

/** `{ file: PATH }`: the file's text, without line breaks at its end. */
function secretFile(value: Values, at: OptionReading): string {
  const { file, ...rest } = value
  if (typeof file !== 'string' || Object.keys(rest).length > 0) return fail(at, 'must be a text, or {file: PATH}')
  try {
    const text = readFile(file)
      .toString('utf8')
      .replace(/[\r\n]+$/, '')
    return text === '' ? fail(at, `${file} is empty`) : text
  } catch (error) {
    if (error instanceof OptionError) throw error
    return fail(at, (error as Error).message)
  }
}

function within(
  value: unknown,
  { min = 0, max = Number.MAX_SAFE_INTEGER }: Option,
  at: OptionReading,
  parse: (text: string) => number | undefined,
  what: string,
  print: (value: number) => string,
): number {
  const text = scalar(value, undefined, at)
  const number = parse(text)
  if (number !== undefined && number >= min && number <= max) return number
  const upper = max < Number.MAX_SAFE_INTEGER
  const range = upper ? `, from ${print(min)} to ${print(max)}` : min > 0 ? ` of at least ${print(min)}` : ''
  return fail(at, `must be ${what}${range}, not "${text}"`)
}

function checked(text: string, at: OptionReading, check: (text: string) => unknown): string {
  try {
    check(text)
    return text
  } catch (error) {
    if (!(error instanceof ConditionError)) throw error
    return fail(at, error.message)
  }
}

function isMap(value: unknown): value is Values {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** @throws {OptionError} the key and what is wrong with it; never the value of a secret */
function fail({ path }: OptionReading, reason: string): never {
  throw new OptionError(path, `${path.at(-1)} ${reason}`)
}

/** The part of JSON Schema that options need. */
export type OptionSchema = Readonly<Record<string, unknown>>

const SCHEMAS: Readonly<Record<keyof OptionValues, OptionSchema>> = {
  text: { type: 'string' },
  path: { type: 'string' },
  secret: {
    anyOf: [
      { type: 'string' },
      { type: 'object', properties: { file: { type: 'string' } }, required: ['file'], additionalProperties: false },
    ],
  },
  url: { type: 'string', format: 'uri' },
  boolean: { type: 'boolean' },
  integer: { type: 'integer' },
  duration: { type: 'string' },
  bytes: { anyOf: [{ type: 'integer', minimum: 0 }, { type: 'string' }] },
  rate: { type: 'string', pattern: '^\\d+\\s*/\\s*\\w+$' },
  template: { type: 'string' },
  condition: { type: 'string' },
  choice: { type: 'string' },
  priority: { type: 'string', enum: PRIORITY_NAMES.flat() },
  list: { anyOf: [{ type: 'array', items: { type: 'string' } }, { type: 'string' }] },
  map: { type: 'object', additionalProperties: { type: 'string' } },
}

export function schemaOf(table: OptionTable, more: Readonly<Record<string, OptionSchema>> = {}): OptionSchema {
  const properties = Object.entries(table).map(([name, option]) => {
    const { kind, doc, choices, min, max } = option
    const limits =
      kind === 'integer'
        ? { ...(min !== undefined && { minimum: min }), ...(max !== undefined && { maximum: max }) }
        : {}
    const shown = defaultOf(option)
    return [
      name,
      {
        ...SCHEMAS[kind],
        ...(choices && { enum: choices }),
        ...limits,
        description: doc.replaceAll('`', ''),
        ...(shown !== undefined && { default: shown }),
      },
    ]
  })
  const required = Object.entries(table).flatMap(([name, option]) => (option.required ? [name] : []))
  return {
    type: 'object',
    properties: { ...more, ...Object.fromEntries(properties) },
    ...(required.length > 0 && { required }),
    additionalProperties: false,
  }
}

/** The default as it would be written; undefined: none. */
export function defaultOf({ kind, default: value }: Option): string | number | boolean | readonly string[] | undefined {
  if (value === undefined) return undefined
  if (kind === 'duration') return printDuration(value as number)
  if (kind === 'bytes') return printBytes(value as number)
  return value as string | number | boolean
}

/** Texts that no log line and no error may hold: secrets, and what in URLs may be one. */
export function secretsOf(table: OptionTable, values: Values): string[] {
  return Object.entries(table).flatMap(([name, option]) => {
    const value = values[name]
    const texts = isMap(value) ? Object.values(value) : [value].flat()
    return texts.flatMap(text => (typeof text === 'string' ? secretParts(option, text) : []))
  })
}

function secretParts({ kind, secret }: Option, text: string): string[] {
  if (kind === 'secret') return [text]
  if (!URL.canParse(text) || !/^\w+:\/\//.test(text)) return secret ? [text] : []
  const { password, search, pathname } = new URL(text)
  // The path of a webhook's URL is what authorises its user.
  const path = secret ? [pathname.slice(1)] : []
  return [password, decoded(password), search.slice(1), ...path]
}

/** Removes secrets from a text. */
export function scrubber(secrets: readonly string[]): (text: string) => string {
  const longest = [...new Set(secrets)].filter(secret => secret.length >= 4).sort((a, b) => b.length - a.length)
  return text => longest.reduce((shown, secret) => shown.replaceAll(secret, '***'), text)
}
