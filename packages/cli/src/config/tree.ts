import type { SourceText } from '@falc/engine'
import { isAlias, isMap, isScalar, isSeq, type Node, parseDocument } from 'yaml'
import { ConfigError, type ConfigPlace } from './error.ts'

/**
 * Configuration as it was written: every value knows its place, and scalars keep their text. The table of keys decides
 * their types after `${VAR}` has been expanded, as in Falco.
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

/** More nodes than any configuration has: nested aliases can multiply exponentially. */
const MAX_NODES = 100_000

export function emptyMap(source: SourceText): ConfigMap {
  return { kind: 'map', entries: new Map(), place: { source, offset: 0, length: 0 } }
}

/** True for a missing value, `null` and nothing: the key then has its default. */
export function isNull(node: ConfigNode | undefined): boolean {
  return node === undefined || (node.kind === 'scalar' && node.text === '' && !node.quoted)
}

/** @throws {ConfigError} with its place, when the text is not YAML */
export function parseTree(source: SourceText): ConfigNode {
  try {
    const document = parseDocument(source.content, { strict: false, uniqueKeys: false, prettyErrors: false })
    const [error] = document.errors
    if (error) {
      const [offset, end] = error.pos
      throw new ConfigError(`YAML: ${error.message}`, { source, offset, length: end - offset })
    }
    return new Composer(source, alias => alias.resolve(document)).node(document.contents, 0)
  } catch (error) {
    if (error instanceof RangeError) throw new ConfigError(`${source.name}: nested too deeply`)
    throw error
  }
}

class Composer {
  readonly #source: SourceText
  readonly #resolve: (alias: any) => Node | undefined
  #count = 0

  constructor(source: SourceText, resolve: (alias: any) => Node | undefined) {
    this.#source = source
    this.#resolve = resolve
  }

  /** @param at where a node that YAML leaves out would be */
  node(node: unknown, at: number): ConfigNode {
    const place = this.#place(node as Node | null, at)
    if (++this.#count > MAX_NODES) throw new ConfigError(`more than ${MAX_NODES} values`, place)
    if (isAlias(node)) {
      const target = this.#resolve(node)
      if (!target) throw new ConfigError(`no anchor is named ${node.source}`, place)
      return this.node(target, at)
    }
    if (isMap(node)) {
      const entries = new Map<string, ConfigEntry>()
      for (const pair of node.items) {
        const key = this.#place(pair.key as Node | null, place.offset)
        if (!isScalar(pair.key)) throw new ConfigError('a key must be a scalar', key)
        entries.set(String(pair.key.value), { key, value: this.node(pair.value, key.offset + key.length) })
      }
      return { kind: 'map', entries, place }
    }
    if (isSeq(node)) return { kind: 'list', items: node.items.map(item => this.node(item, place.offset)), place }
    if (!isScalar(node) || node.value === null) return { kind: 'scalar', text: '', quoted: false, place }
    const quoted = node.type !== 'PLAIN'
    const text = typeof node.value === 'string' ? node.value : (node.source ?? String(node.value))
    return { kind: 'scalar', text, quoted, place }
  }

  #place(node: Node | null, at: number): ConfigPlace {
    const [offset, end] = node?.range ?? [at, at]
    return { source: this.#source, offset, length: end - offset }
  }
}

/** The tree as plain data, its scalars typed as YAML types them. */
export function plain(node: ConfigNode, text: (scalar: ConfigScalar) => string = scalar => scalar.text): unknown {
  switch (node.kind) {
    case 'map':
      return Object.fromEntries([...node.entries].map(([key, { value }]) => [key, plain(value, text)]))
    case 'list':
      return node.items.map(item => plain(item, text))
    case 'scalar':
      return plainScalar(text(node), node.quoted)
  }
}

function plainScalar(text: string, quoted: boolean): string | number | boolean | null {
  if (quoted) return text
  if (/^[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?$/i.test(text)) return Number(text)
  if (/^(true|false)$/i.test(text)) return text.toLowerCase() === 'true'
  return text === '' || text === '~' || text === 'null' ? null : text
}
