/** The vocabulary of the tables in keys/: keys of the configuration, and sections of keys. */
import { nearest } from '@falc/engine'
import { ConfigError } from './error.ts'
import type { JsonSchema, Kind, Reading } from './kind.ts'
import { type ConfigNode, isNull } from './tree.ts'

/** Why a key that Falco acts on does nothing in falc. */
export interface NoEffect<T> {
  readonly why: string
  /** Whether a value asks for something that does not happen. Default: any value but the key's default. */
  readonly asks?: (value: T) => boolean
}

export interface KeyOptions<T> {
  /** Changes take effect after a restart. Default: with a reload. */
  readonly restart?: boolean
  readonly noEffect?: NoEffect<T>
  /** It may hold a password or a token: nothing prints its value. */
  readonly secret?: true
  /** Why the section is invalid without this key. */
  readonly needed?: string
  /** The default as the documentation shows it, where the value itself would not do. */
  readonly shown?: string
}

/** One key: all that is known about it. */
export interface Key<T> extends KeyOptions<T> {
  readonly kind: Kind<T>
  readonly default: T
  /** The documentation of the key, in Markdown. */
  readonly doc: string
}

export function key<T>(
  kind: Kind<T>,
  otherwise: NoInfer<T>,
  doc: string,
  options: KeyOptions<NoInfer<T>> = {},
): Key<T> {
  return { kind, default: otherwise, doc, ...options }
}

/** A key whose value may be missing. */
export function optional<T>(kind: Kind<T>, doc: string, options: KeyOptions<T | undefined> = {}): Key<T | undefined> {
  return { kind: kind as Kind<T | undefined>, default: undefined, doc, ...options }
}

export type Keys = Readonly<Record<string, Key<any> | Section<any>>>

/** The values of a section's keys. */
export type ValuesOf<K extends Keys> = {
  readonly [P in keyof K]: K[P] extends Section<infer S> ? ValuesOf<S> : K[P] extends Key<infer T> ? T : never
}

export interface SectionOptions {
  /** All of its keys take effect after a restart. */
  readonly restart?: boolean
  /** Keys that the JSON Schema requires; a warning when one is missing. */
  readonly required?: readonly string[]
  /**
   * Whether values are used. Invalid values in an unused section are only a warning. Default: `enabled` is not false.
   * @param own values of the section @param parent values of the section around it that come earlier
   */
  readonly used?: (own: Record<string, unknown>, parent: Record<string, unknown>) => boolean
  /** More for the warning about an unknown key, besides its name. */
  readonly unknown?: (name: string) => string | undefined
}

/** A map of known keys. It is a kind as well, for maps in lists. */
export interface Section<K extends Keys> extends SectionOptions, Kind<ValuesOf<K>> {
  readonly keys: K
  /** Reads a section that may be missing: every key then has its default. @throws {ConfigError} */
  values(node: ConfigNode | undefined, at: Reading, parent?: Record<string, unknown>): ValuesOf<K>
}

export function section<const K extends Keys>(keys: K, options: SectionOptions = {}): Section<K> {
  return {
    ...options,
    keys,
    // Made when it is asked for, as in kind.ts: a start needs none.
    get schema(): JsonSchema {
      return schemaOf(keys, options.required)
    },
    read: (node, at) => readSection(keys, options, node, at, {}),
    values: (node, at, parent = {}) => readSection(keys, options, node, at, parent),
  }
}

export function isSection(entry: Key<any> | Section<any>): entry is Section<any> {
  return 'keys' in entry
}

function schemaOf(keys: Keys, required: readonly string[] = []): JsonSchema {
  const properties = Object.entries(keys).map(([name, entry]): [string, JsonSchema] => {
    if (isSection(entry)) return [name, entry.schema]
    return [name, { ...entry.kind.schema, description: entry.doc.replaceAll('`', '') }]
  })
  return {
    type: 'object',
    properties: Object.fromEntries(properties),
    additionalProperties: false,
    ...(required.length > 0 && { required }),
  }
}

function readSection<K extends Keys>(
  keys: K,
  options: SectionOptions,
  node: ConfigNode | undefined,
  at: Reading,
  parent: Record<string, unknown>,
): ValuesOf<K> {
  const missing = isNull(node)
  if (!missing && node!.kind !== 'map')
    throw new ConfigError(`${at.path || 'the configuration'} must be a map`, node!.place)
  const entries = !missing && node!.kind === 'map' ? node!.entries : undefined
  const pathOf = (name: string) => (at.path === '' ? name : `${at.path}.${name}`)
  for (const [name, { key: place }] of entries ?? [])
    if (!Object.hasOwn(keys, name)) at.warn(unknownKey(pathOf(name), name, keys, options), place)
  for (const name of options.required ?? [])
    if (entries !== undefined && !entries.has(name)) at.warn(`${at.path} has no key ${name}`, node!.place)

  const { used = (own: Record<string, unknown>) => own.enabled !== false } = options
  const around = entries?.get('enabled')?.value ?? entries?.get('kind')?.value ?? node ?? at.around
  const values: Record<string, unknown> = {}
  for (const [name, entry] of Object.entries(keys)) {
    const child = entries?.get(name)?.value
    const inner = { ...at, path: pathOf(name), around }
    if (isSection(entry)) values[name] = entry.values(child, inner, values)
    else values[name] = readKey(entry, child, inner, () => used(values, parent))
  }
  return values as ValuesOf<K>
}

function readKey<T>(
  { kind, default: otherwise, noEffect, needed }: Key<T>,
  node: ConfigNode | undefined,
  at: Reading,
  used: () => boolean,
): T {
  let value: T | undefined
  try {
    if (!isNull(node)) value = kind.read(node!, at)
  } catch (error) {
    if (!(error instanceof ConfigError) || (noEffect === undefined && used())) throw error
    at.warn(error.reason, error.place ?? node!.place)
    return otherwise
  }
  if (needed !== undefined && (value === undefined || value === '') && used())
    throw new ConfigError(needed, at.around?.place)
  if (value === undefined) return otherwise
  const { why, asks = (one: T) => one !== otherwise } = noEffect ?? {}
  if (why !== undefined && used() && asks(value)) at.warn(`${at.path} has no effect: ${why}`, node!.place)
  return value
}

function unknownKey(path: string, name: string, keys: Keys, options: SectionOptions): string {
  const more = options.unknown?.(name)
  if (more !== undefined) return `unknown key ${path}: ${more}`
  const meant = nearest(name, Object.keys(keys))
  return meant === undefined ? `unknown key ${path}` : `unknown key ${path}: did you mean ${meant}?`
}

/** A key with its dotted path. */
export interface KeyAt {
  readonly path: string
  readonly key: Key<any>
  readonly restart: boolean
}

/** All keys below a section, those of maps in lists not included. */
export function keysOf(from: Section<any>, path = '', restart = false): KeyAt[] {
  return Object.entries(from.keys as Keys).flatMap(([name, entry]) => {
    const full = path === '' ? name : `${path}.${name}`
    if (isSection(entry)) return keysOf(entry, full, restart || entry.restart === true)
    return [{ path: full, key: entry, restart: restart || entry.restart === true }]
  })
}
