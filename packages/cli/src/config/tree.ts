import type { SourceText } from '@falc/engine'
import type { ConfigPlace } from './error.ts'

/**
 * The configuration as written: every value knows its position, and scalars keep their text. The table of keys decides their types after
 * `${VAR}` has been expanded, as in Falco.
 */
export type ConfigNode = ConfigScalar | ConfigMap | ConfigList

export interface ConfigScalar {
  readonly kind: 'scalar'
  /** Empty for null. */
  readonly text: string
  readonly quoted: boolean
  readonly place: ConfigPlace
}
export interface ConfigMap {
  readonly kind: 'map'
  readonly entries: Map<string, ConfigEntry>
  readonly place: ConfigPlace
}
export interface ConfigEntry {
  readonly key: ConfigPlace
  readonly value: ConfigNode
}
export interface ConfigList {
  readonly kind: 'list'
  readonly items: ConfigNode[]
  readonly place: ConfigPlace
}

export function emptyMap(source: SourceText): ConfigMap {
  return { kind: 'map', entries: new Map(), place: { source, offset: 0, length: 0 } }
}

/** True for a missing value, `null` and nothing: the key then has its default. */
export function isNull(node: ConfigNode | undefined): boolean {
  return node === undefined || (node.kind === 'scalar' && node.text === '' && !node.quoted)
}

/** The tree as plain data, every scalar as its text, for readers that know the types: a password of digits keeps its zeros. */
export function texts(node: ConfigNode, text: (scalar: ConfigScalar) => string): unknown {
  return dataOf(node, text)
}

/** The tree as plain data, its scalars typed as YAML types them. */
export function plain(node: ConfigNode, text: (scalar: ConfigScalar) => string = scalar => scalar.text): unknown {
  return dataOf(node, scalar => plainScalar(text(scalar), scalar.quoted))
}

function dataOf(node: ConfigNode, of: (scalar: ConfigScalar) => unknown): unknown {
  switch (node.kind) {
    case 'map':
      return Object.fromEntries([...node.entries].map(([key, { value }]) => [key, dataOf(value, of)]))
    case 'list':
      return node.items.map(item => dataOf(item, of))
    case 'scalar':
      return of(node)
  }
}

function plainScalar(text: string, quoted: boolean): string | number | boolean | null {
  if (quoted) return text
  if (/^[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?$/i.test(text)) return Number(text)
  if (/^(true|false)$/i.test(text)) return text.toLowerCase() === 'true'
  return text === '' || text === '~' || text === 'null' ? null : text
}
