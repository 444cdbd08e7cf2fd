import { isAlias, isMap, isScalar, isSeq, LineCounter, type ParsedNode, parseAllDocuments, type YAMLError } from 'yaml'
import type { MappedText } from '../text/mapped.ts'
import type { SourceText } from '../text/source.ts'
import { mapScalar, type ScalarStyle } from './scalar.ts'
import { explainYamlError } from './yaml-error.ts'
import { TOO_MANY_PARTS, tooManyParts } from './yaml-size.ts'

/** Maximum nesting (a rules file needs 6). */
export const MAX_YAML_DEPTH = 64
/** Maximum number of nodes that the aliases of a document expand to. */
export const MAX_ALIASED_NODES = 100_000

interface Node {
  /** Its place in the file. */
  readonly offset: number
  readonly length: number
  /** Number of nodes in it, itself included, with aliases expanded. */
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
  /** The first entry of each key: the others are ignored, as in Falco. */
  readonly entries: ReadonlyMap<string, YamlEntry>
  readonly duplicates: readonly YamlEntry[]
}
export type YamlNode = YamlScalar | YamlSeq | YamlMap
export interface YamlEntry {
  readonly key: string
  readonly keyOffset: number
  readonly value: YamlNode
}

/** Thrown when a file is not YAML, or exceeds the limits of a rules file. */
export class YamlError extends Error {
  readonly offset: number
  readonly length: number
  constructor(message: string, offset: number, length = 1) {
    super(message)
    this.name = 'YamlError'
    this.offset = offset
    this.length = length
  }
}

/** Something that is not YAML; the other errors are limits, and values that YAML allows and rules do not. */
export class YamlMistake extends YamlError {}

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
 * The documents of a YAML file; a document without content is undefined. Scalars stay text: the reader of an item
 * decides what they mean.
 * @throws {YamlError}
 */
export function parseYaml(source: SourceText): (YamlNode | undefined)[] {
  const documents = parseDocuments(source)
  return documents.map(document => {
    const error = document.errors[0]
    if (error) throw explained(error, source)
    const { contents } = document
    return contents === null ? undefined : new Composer().node(contents, 0)
  })
}

function parseDocuments(source: SourceText) {
  const beyond = tooManyParts(source.content)
  if (beyond !== undefined) throw new YamlError(TOO_MANY_PARTS, beyond)
  try {
    // The parser rejects a list right behind a byte order mark. A line break leaves every offset as it is.
    const documents = parseAllDocuments(source.content.replace(/^\ufeff/, '\n'), {
      schema: 'failsafe',
      uniqueKeys: false,
      prettyErrors: false,
      strict: true,
      logLevel: 'silent',
      lineCounter: new LineCounter(),
    })
    // An empty stream has no document.
    return 'empty' in documents ? [] : documents
  } catch (error) {
    if (error instanceof RangeError) throw new YamlError(TOO_DEEP, 0)
    throw error
  }
}

function explained(error: YAMLError, source: SourceText): YamlError {
  if (error.code === 'RESOURCE_EXHAUSTION') return new YamlError(TOO_DEEP, error.pos[0])
  const { message, offset, length } = explainYamlError(source, error.code, error.message.split('\n')[0]!, error.pos[0])
  return new YamlMistake(message, offset, length)
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
      const duplicates: YamlEntry[] = []
      let size = 1
      for (const pair of node.items as { key: ParsedNode | null; value: ParsedNode | null }[]) {
        const key = this.node(pair.key, depth + 1)
        if (key.kind !== 'scalar') throw new YamlError('a key must be a scalar', key.offset)
        const value = pair.value === null ? nullNode(key.offset + key.length) : this.node(pair.value, depth + 1)
        size += 1 + value.size
        const entry = { key: key.text, keyOffset: key.offset, value }
        if (entries.has(key.text)) duplicates.push(entry)
        else entries.set(key.text, entry)
      }
      return { kind: 'map', entries, duplicates, offset, length, size }
    }
    if (!isScalar(node)) throw new YamlError('unexpected node', offset)
    const text = String(node.value ?? '')
    const style = STYLES[node.type ?? 'PLAIN'] ?? 'plain'
    return { kind: 'scalar', text, style, isNull: style === 'plain' && NULLS.has(text), offset, length, size: 1 }
  }

  #alias(name: string, offset: number): YamlNode {
    const target = this.#anchors.get(name)
    if (target === undefined)
      throw new YamlError(`alias '*${name}' is not defined: quote text that starts with '*'`, offset, name.length + 1)
    this.#aliased += target.size
    if (this.#aliased > MAX_ALIASED_NODES)
      throw new YamlError(`aliases stand for more than ${MAX_ALIASED_NODES} nodes`, offset)
    return target
  }
}

function nullNode(offset: number): YamlScalar {
  return { kind: 'scalar', text: '', style: 'plain', isNull: true, offset, length: 0, size: 1 }
}

/** The scalar's text, mapped to the file. */
export function mappedScalar(scalar: YamlScalar, source: SourceText): MappedText {
  return mapScalar(scalar.text, scalar.style, source, scalar.offset, scalar.offset + scalar.length)
}
