/** YAML as plain data with positions. */
import { SourceText, snippet } from '@falc/engine'
import { type Document, isCollection, isMap, isNode, isPair, type Node, parseDocument } from 'yaml'

/** Limits above which a file was hardly written by hand. */
const MAX_BYTES = 4 << 20

export type Path = readonly (string | number)[]

/** A file is malformed. The message has file, line, column and a caret. */
export class PlaybookError extends Error {
  override readonly name = 'PlaybookError'
  /** The message without its place. */
  readonly reason: string

  constructor(reason: string, source: SourceText, offset: number, length: number) {
    const place = source.place(offset, length)
    const excerpt = snippet(source, place).trimEnd().replace(/^/gm, '  ')
    super(`${source.name}:${place.line}:${place.column}: ${reason}${excerpt.trim() === '' ? '' : `\n${excerpt}`}`)
    this.reason = reason
  }
}

export class PlaybookDocument {
  readonly source: SourceText
  /** As YAML types it. */
  readonly value: unknown
  readonly #document: Document

  /** @throws {PlaybookError} when the text is not YAML */
  constructor(name: string, content: string) {
    this.source = new SourceText(name, content)
    if (content.length > MAX_BYTES) throw new PlaybookError(`more than ${MAX_BYTES} bytes`, this.source, 0, 0)
    this.#document = parseDocument(content, { prettyErrors: false, stringKeys: true })
    const [error] = this.#document.errors
    if (error) throw new PlaybookError(`YAML: ${error.message}`, this.source, error.pos[0], error.pos[1] - error.pos[0])
    try {
      this.value = this.#document.toJS({ maxAliasCount: 100 })
    } catch (error) {
      throw new PlaybookError(`YAML: ${(error as Error).message}`, this.source, 0, 0)
    }
  }

  /** @param key the fault is this key of the value at the path */
  error(reason: string, path: Path, key?: string): PlaybookError {
    const [offset, end] = this.#rangeOf(path, key)
    return new PlaybookError(reason, this.source, offset, end - offset)
  }

  /** A fault inside of a scalar, `offset` units from its beginning: exact for a text that is written on one line as it is. */
  errorWithin(reason: string, path: Path, offset: number, length: number): PlaybookError {
    const [start, end] = this.#rangeOf(path)
    const raw = this.source.content.slice(start, end)
    const value = this.#at(path)
    const quoted = /^["']/.test(raw) ? 1 : 0
    const plain = typeof value === 'string' && raw.slice(quoted, quoted + value.length) === value
    return plain ? new PlaybookError(reason, this.source, start + quoted + offset, length) : this.error(reason, path)
  }

  #at(path: Path): unknown {
    return path.reduce<any>((value, step) => value?.[step], this.value)
  }

  #rangeOf(path: Path, key?: string): [number, number] {
    let node: Node | null = this.#document.contents
    for (const step of path) {
      const next: unknown = isCollection(node) ? node.get(isMap(node) ? step : Number(step), true) : undefined
      if (!isNode(next)) break
      node = next
    }
    const pair =
      key !== undefined && isMap(node) ? node.items.find(item => isPair(item) && String(item.key) === key) : undefined
    const [from = 0, to = from] = (isNode(pair?.key) ? pair.key : node)?.range ?? []
    return [from, to]
  }
}
