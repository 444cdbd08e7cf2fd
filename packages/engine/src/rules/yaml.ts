import { isAlias, isMap, isScalar, isSeq, LineCounter, type ParsedNode, parseAllDocuments, type YAMLError } from 'yaml'
import type { MappedText } from '../text/mapped.ts'
import type { SourceText } from '../text/source.ts'
import { mapScalar, type ScalarStyle } from './scalar.ts'

/** Nesting that a rules file may have (a rules file needs 6). */
export const MAX_YAML_DEPTH = 64
/** Nodes that aliases may stand for in one document, counting what they repeat. */
export const MAX_ALIASED_NODES = 100_000

interface Node {
  /** Where the node stands in the file. */
  readonly offset: number
  readonly length: number
  /** Nodes in it, itself included, with aliases counted as what they stand for. */
  readonly size: number
}
export interface YamlScalar extends Node {
  readonly kind: 'scalar'
  readonly text: string
  readonly style: ScalarStyle
  /** Plain and empty, `~` or `null`. */
  readonly isNull: boolean
}
export interface YamlSeq extends Node {
  readonly kind: 'seq'
  readonly items: readonly YamlNode[]
}
export interface YamlMap extends Node {
  readonly kind: 'map'
  readonly entries: ReadonlyMap<string, YamlEntry>
}
export type YamlNode = YamlScalar | YamlSeq | YamlMap
export interface YamlEntry {
  readonly key: string
  readonly keyOffset: number
  readonly value: YamlNode
}

/** Thrown when a file is not YAML, or more than a rules file may be. */
export class YamlError extends Error {
  readonly offset: number
  constructor(message: string, offset: number) {
    super(message)
    this.name = 'YamlError'
    this.offset = offset
  }
}

const TOO_DEEP = 'the file is nested too deeply'
const NULLS: ReadonlySet<string> = new Set(['', '~', 'null', 'Null', 'NULL'])
const STYLES: Readonly<Record<string, ScalarStyle>> = {
  PLAIN: 'plain',
  QUOTE_SINGLE: 'single',
  QUOTE_DOUBLE: 'double',
  BLOCK_FOLDED: 'block',
  BLOCK_LITERAL: 'block',
}

/**
 * The documents of a YAML file; a document without content is undefined. Scalars stay text: what they mean is decided
 * where they are read. Of a key that is given twice the first one counts, as in Falco.
 * @throws {YamlError}
 */
export function parseYaml(source: SourceText): (YamlNode | undefined)[] {
  const documents = parseDocuments(source)
  return documents.map(document => {
    const error = document.errors[0]
    if (error) throw new YamlError(firstLine(error), error.pos[0])
    const { contents } = document
    return contents === null ? undefined : new Composer().node(contents, 0)
  })
}

function parseDocuments(source: SourceText) {
  try {
    const documents = parseAllDocuments(source.content, {
      schema: 'failsafe',
      uniqueKeys: false,
      prettyErrors: false,
      strict: true,
      logLevel: 'silent',
      lineCounter: new LineCounter(),
    })
    // An empty stream is no document at all.
    return 'empty' in documents ? [] : documents
  } catch (error) {
    if (error instanceof RangeError) throw new YamlError(TOO_DEEP, 0)
    throw error
  }
}

function firstLine(error: YAMLError): string {
  return error.code === 'RESOURCE_EXHAUSTION' ? TOO_DEEP : error.message.split('\n')[0]!
}

class Composer {
  #anchors = new Map<string, YamlNode>()
  #aliased = 0

  node(node: ParsedNode | null, depth: number): YamlNode {
    const offset = node?.range?.[0] ?? 0
    if (depth > MAX_YAML_DEPTH) throw new YamlError(`the file is nested deeper than ${MAX_YAML_DEPTH} levels`, offset)
    if (node !== null && isAlias(node)) return this.#alias(node.source, offset)
    const length = (node?.range?.[1] ?? offset) - offset
    const made = node === null ? nullNode(offset) : this.#make(node, offset, length, depth)
    const anchor = node === null ? undefined : (node as { anchor?: string }).anchor
    if (anchor !== undefined) this.#anchors.set(anchor, made)
    return made
  }

  #make(
    node: Exclude<ParsedNode, { source: string; anchor?: never }>,
    offset: number,
    length: number,
    depth: number,
  ): YamlNode {
    if (isSeq(node)) {
      const items = (node.items as (ParsedNode | null)[]).map(item => this.node(item, depth + 1))
      return { kind: 'seq', items, offset, length, size: items.reduce((n, item) => n + item.size, 1) }
    }
    if (isMap(node)) {
      const entries = new Map<string, YamlEntry>()
      let size = 1
      for (const pair of node.items as { key: ParsedNode | null; value: ParsedNode | null }[]) {
        const key = this.node(pair.key, depth + 1)
        if (key.kind !== 'scalar') throw new YamlError('a key must be a scalar', key.offset)
        const value = pair.value === null ? nullNode(key.offset + key.length) : this.node(pair.value, depth + 1)
        size += 1 + value.size
        if (!entries.has(key.text)) entries.set(key.text, { key: key.text, keyOffset: key.offset, value })
      }
      return { kind: 'map', entries, offset, length, size }
    }
    if (!isScalar(node)) throw new YamlError('unexpected node', offset)
    const text = String(node.value ?? '')
    const style = STYLES[node.type ?? 'PLAIN'] ?? 'plain'
    return { kind: 'scalar', text, style, isNull: style === 'plain' && NULLS.has(text), offset, length, size: 1 }
  }

  #alias(name: string, offset: number): YamlNode {
    const target = this.#anchors.get(name)
    if (target === undefined) throw new YamlError(`alias '*${name}' has no anchor before it`, offset)
    this.#aliased += target.size
    if (this.#aliased > MAX_ALIASED_NODES)
      throw new YamlError(`aliases stand for more than ${MAX_ALIASED_NODES} nodes`, offset)
    return target
  }
}

function nullNode(offset: number): YamlScalar {
  return { kind: 'scalar', text: '', style: 'plain', isNull: true, offset, length: 0, size: 1 }
}

/** The scalar's text with the places of its units. */
export function mappedScalar(scalar: YamlScalar, source: SourceText): MappedText {
  return mapScalar(scalar.text, scalar.style, source, scalar.offset, scalar.offset + scalar.length)
}
