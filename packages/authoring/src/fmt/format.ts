import { TOO_MANY_PARTS, tooManyParts } from '@falc/engine/analysis'
import {
  type Document,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Pair,
  parseAllDocuments,
  type Scalar,
  type YAMLMap,
} from 'yaml'
import { layOut } from './condition-layout.ts'

/** Characters of a line. */
const WIDTH = 130
const INDENT = 4
/** Scalars on one line that are longer are not broken. */
const LONG = 40

/** The order of keys. Others follow in their own order. */
const KEYS: readonly string[] = [
  ...['required_engine_version', 'required_plugin_versions', 'rule', 'macro', 'list', 'desc', 'condition', 'items'],
  ...['exceptions', 'output', 'priority', 'source', 'tags', 'enabled', 'capture', 'capture_duration'],
  ...['warn_evttypes', 'skip-if-unknown-filter', 'append', 'override'],
]

/** A file that cannot be formatted. Lines and columns count from 1. */
export class FormatError extends Error {
  readonly line: number
  readonly column: number
  constructor(message: string, line: number, column: number) {
    super(message)
    this.name = 'FormatError'
    this.line = line
    this.column = column
  }
}

/**
 * Rules in their canonical layout: a blank line between items, keys in one order, conditions on one line or a part per line. Comments,
 * the style of texts, and the meaning stay.
 * @throws {FormatError} when it is not YAML, or not a list of items
 */
export function format(content: string): string {
  // The parser rejects a list right behind a byte order mark.
  const marks = /^\ufeff+/.exec(content)?.[0]
  if (marks !== undefined) return marks + format(content.slice(marks.length))
  const beyond = tooManyParts(content)
  if (beyond !== undefined) {
    const before = content.slice(0, beyond)
    throw new FormatError(TOO_MANY_PARTS, before.split('\n').length, beyond - before.lastIndexOf('\n'))
  }
  const lineCounter = new LineCounter()
  const documents = parseAllDocuments(content, {
    schema: 'failsafe',
    uniqueKeys: false,
    logLevel: 'silent',
    lineCounter,
    prettyErrors: false,
  })
  if (!Array.isArray(documents) || documents.length === 0) return content
  const texts = documents.map((document, i) => {
    const [error] = document.errors
    if (error) throw failure(error.message, error.pos[0], lineCounter)
    const { contents } = document
    if (contents !== null && !isSeq(contents) && !(isScalar(contents) && contents.value === ''))
      throw failure('not a rules file: a list of items is expected', contents.range?.[0] ?? 0, lineCounter)
    return formatDocument(document, content, i < documents.length - 1)
  })
  return texts.join('')
}

function failure(message: string, offset: number, lines: LineCounter): FormatError {
  const { line, col } = lines.linePos(offset)
  return new FormatError(message.split('\n')[0]!, line, col)
}

function formatDocument(document: Document.Parsed, content: string, more: boolean): string {
  const kept = new Kept(content)
  const { contents } = document
  if (isSeq(contents)) {
    const anchored = /(^|[\s[{,])[&*][\w-]+/.test(content)
    for (const [i, item] of contents.items.entries()) {
      if (!isMap(item)) continue
      if (i > 0) item.spaceBefore = true
      if (!anchored) item.items = inOrder(item.items)
      keep(item, kept)
    }
  }
  const text = document.toString({
    lineWidth: WIDTH,
    indentSeq: true,
    flowCollectionPadding: false,
    singleQuote: false,
  })
  const restored = kept.restore(text)
  return more && !/\n(---|\.\.\.)\s*$/.test(restored) ? restored : restored.replace(/\n*$/, '\n')
}

function inOrder<P extends Pair>(pairs: readonly P[]): P[] {
  const rank = ({ key }: P) => {
    const at = KEYS.indexOf(isScalar(key) ? String(key.value) : '')
    return at < 0 ? KEYS.length : at
  }
  return pairs.toSorted((a, b) => rank(a) - rank(b))
}

/** Replaces texts whose layout is not the YAML printer's business with names. */
function keep(map: YAMLMap, kept: Kept): void {
  // In braces, a comma ends a text without quotes, and there are no blocks.
  if (map.flow) return
  for (const { key, value } of map.items) {
    if (isMap(value)) keep(value, kept)
    else if (isSeq(value)) {
      for (const item of value.items) if (isMap(item)) keep(item, kept)
    } else if (isScalar(value) && typeof value.value === 'string') {
      const name = isScalar(key) ? key.value : undefined
      const lines = name === 'condition' ? layOut(value.value, WIDTH - INDENT) : undefined
      const [flat] = lines ?? []
      if (lines?.length === 1 && flat!.length + 'condition: '.length + 2 <= WIDTH && isPlain(flat!))
        kept.put(value, flat!)
      else if (lines) kept.put(value, `>\n${lines.join('\n')}`)
      else kept.keep(value)
    }
  }
}

/** YAML reads the text as it is, without quotes. */
function isPlain(text: string): boolean {
  return /^[A-Za-z(]/.test(text) && !/: |:$| #|[\n\r\t]/.test(text)
}

/** Texts by the placeholders that represent them while YAML is printed. */
class Kept {
  readonly #content: string
  readonly #texts: string[] = []
  /** Begins a name; the content has no such text. */
  readonly #mark: string

  constructor(content: string) {
    this.#content = content
    this.#mark = 'falc\ue000'
    while (content.includes(this.#mark)) this.#mark += '\ue000'
  }

  /** Keeps a scalar as it is written, when it is a block or would be broken into lines. */
  keep(scalar: Scalar): void {
    const [from, to] = scalar.range!
    const source = this.#content.slice(from, to)
    if (scalar.type === 'BLOCK_FOLDED' || scalar.type === 'BLOCK_LITERAL') {
      // With an indentation indicator, blanks at the start of lines count.
      const [header, ...lines] = source.replace(/\r\n?/g, '\n').split('\n')
      if (/^[>|][+-]?\s*(#.*)?$/.test(header!)) this.put(scalar, [header!, ...dedented(lines)].join('\n'))
    } else if (source.length > LONG && !/[\r\n]/.test(source)) this.put(scalar, source.trimEnd())
  }

  put(scalar: Scalar, text: string): void {
    scalar.value = `${this.#mark}${this.#texts.length}\ue001`
    scalar.type = 'PLAIN'
    this.#texts.push(text)
  }

  restore(text: string): string {
    return text.replace(
      new RegExp(`^( *)(.*?)${this.#mark}(\\d+)\ue001(.*)$`, 'gm'),
      (_, indent: string, before: string, number: string, after: string) => {
        const [head, ...lines] = this.#texts[Number(number)]!.split('\n')
        const dashes = /^(- +)+/.exec(before)?.[0].length ?? 0
        const inner = ' '.repeat(indent.length + dashes + 2)
        // A comment after a block belongs after its header.
        const rest = lines.map(line => (line === '' ? '\n' : `\n${inner}${line}`)).join('')
        return `${indent}${before}${head}${lines.length > 0 && head!.includes('#') ? '' : after}${rest}`
      },
    )
  }
}

/** Lines of a block without their common indentation and without the empty ones at the end. */
function dedented(lines: readonly string[]): string[] {
  const filled = lines.filter(line => line.trim() !== '')
  const indent = Math.min(...filled.map(line => /^ */.exec(line)![0].length))
  const cut = lines.map(line => (line.trim() === '' ? '' : line.slice(indent)))
  while (cut.at(-1) === '') cut.pop()
  return cut
}
