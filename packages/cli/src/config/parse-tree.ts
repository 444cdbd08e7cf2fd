import type { SourceText } from '@falc/engine'
import { TOO_MANY_PARTS, tooManyParts } from '@falc/engine/analysis'
import { isAlias, isMap, isScalar, isSeq, type Node, parseDocument } from 'yaml'
import { ConfigError, type ConfigPlace } from './error.ts'
import type { ConfigEntry, ConfigNode } from './tree.ts'

/** More nodes than any configuration has: nested aliases can multiply exponentially. */
const MAX_NODES = 100_000

/** @throws {ConfigError} with its place, when the text is not YAML */
export function parseTree(source: SourceText): ConfigNode {
  const beyond = tooManyParts(source.content)
  if (beyond !== undefined) throw new ConfigError(TOO_MANY_PARTS, { source, offset: beyond, length: 1 })
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
