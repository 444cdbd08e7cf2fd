import type { FieldOperand, Operand } from '../condition/ast.ts'
import { ConditionError } from '../condition/error.ts'
import { parseOperand } from '../condition/parse.ts'
import { isTransformer } from '../condition/transformers.ts'
import { SourceText } from '../text/source.ts'
import type { Span } from '../text/span.ts'

/** A parsed output template. Plain data, so that it can be saved and formatted without a parser. */
export type Template = readonly Token[]

export type Token =
  | { readonly kind: 'text'; readonly text: string }
  /** `%proc.name`; `width` > 0 pads with blanks or cuts to that many bytes. */
  | { readonly kind: 'value'; readonly operand: Operand; readonly width: number }

/** Whether the source has a field and accepts the argument. */
type IsField = (name: string, arg: string | undefined) => boolean

const FIELD = /[a-zA-Z]\w*(?:\.\w+)+/y
const ARGUMENT = /\[(?:"([^"]*)"|'([^']*)'|([^\][\s"']*))\]/y
const TRANSFORMER = /[a-zA-Z]\w*[ \t\r\n]*\(/y

/**
 * Parses `text %field %field[arg] %10field %tolower(field)`. After a `%`, the longest prefix that is a field of the source is taken:
 * `%proc.names` is `%proc.name` and an s. A `*` at the start, by which Falco prints <NA> for absent fields, is dropped: falc always prints
 * it. `%` cannot be escaped.
 * @throws {ConditionError} `template` or `unknown-field` with the span of the token in `text`
 */
export function parseTemplate(text: string, isField: IsField): Template {
  const tokens: Token[] = []
  let at = text.startsWith('*') ? 1 : 0
  if (at === text.length) throw new ConditionError('template', 'empty formatting token', spanAt(text, 0, text.length))
  while (at < text.length) {
    const percent = text.indexOf('%', at)
    const end = percent < 0 ? text.length : percent
    if (end > at) tokens.push({ kind: 'text', text: text.slice(at, end) })
    if (percent < 0) break
    const digits = /^\d*/.exec(text.slice(percent + 1))![0]
    const start = percent + 1 + digits.length
    if (start === text.length) {
      const what = digits === '' ? '%' : 'number'
      const message = `invalid formatting syntax: formatting cannot end with a ${what}`
      throw new ConditionError('template', message, spanAt(text, percent, start - percent))
    }
    const value = transformed(text, start, isField) ?? field(text, start, isField)
    if (value === undefined) throw unknown(text, percent, start, isField)
    tokens.push({ kind: 'value', operand: value.operand, width: Math.min(Number(digits), MAX_WIDTH) })
    at = value.end
  }
  return tokens
}

/** The widest column. */
const MAX_WIDTH = 65_535

interface Found<T> {
  readonly operand: T
  readonly end: number
}

function field(text: string, start: number, isField: IsField): Found<FieldOperand> | undefined {
  FIELD.lastIndex = start
  const longest = FIELD.exec(text)?.[0]
  if (longest === undefined) return undefined
  ARGUMENT.lastIndex = start + longest.length
  const argument = ARGUMENT.exec(text)
  if (argument) {
    const arg = argument[1] ?? argument[2] ?? argument[3]!
    // Empty brackets are text, unless the field requires an argument: the JSON pointer to the whole document is empty.
    if (isField(longest, arg) && (arg !== '' || !isField(longest, undefined)))
      return { operand: { kind: 'field', name: longest, arg }, end: start + longest.length + argument[0].length }
  }
  for (let length = longest.length; length > 0; length--) {
    const name = longest.slice(0, length)
    if (!name.endsWith('.') && isField(name, undefined))
      return { operand: { kind: 'field', name }, end: start + length }
  }
  return undefined
}

/** A transformer is read up to its closing parenthesis by the parser of conditions. */
function transformed(text: string, start: number, isField: IsField): Found<Operand> | undefined {
  TRANSFORMER.lastIndex = start
  const head = TRANSFORMER.exec(text)
  if (!head) return undefined
  let depth = 0
  let quote = ''
  for (let at = start + head[0].length - 1; at < text.length; at++) {
    const char = text[at]!
    if (quote !== '') {
      if (char === quote && text[at - 1] !== '\\') quote = ''
    } else if (char === '"' || char === "'") quote = char
    else if (char === '(') depth++
    else if (char === ')' && --depth === 0) return asOperand(text, start, at + 1, isField)
  }
  return undefined
}

function asOperand(text: string, start: number, closed: number, isField: IsField): Found<Operand> {
  ARGUMENT.lastIndex = closed
  const argument = ARGUMENT.exec(text)
  const ends = argument ? [closed + argument[0].length, closed] : [closed]
  for (const end of ends) {
    try {
      return { operand: parseOperand(text.slice(start, end)), end }
    } catch (error) {
      if (!(error instanceof ConditionError)) throw error
      if (end === closed)
        throw new ConditionError('unknown-field', `unknown filter: ${error.message}`, spanAt(text, start, end - start))
    }
  }
  throw unknown(text, start, start, isField)
}

function unknown(text: string, from: number, start: number, isField: IsField): ConditionError {
  const token = /^\w*(?:\.\w+)*(?:\[[^\]]*\])?/.exec(text.slice(start))![0] || text[start]!
  const hint = hintFor(text.slice(start), token, isField)
  const message = `unknown filter: nonexistent field ${token}${hint === undefined ? '' : `: ${hint}`}`
  return new ConditionError('unknown-field', message, spanAt(text, from, start + token.length - from))
}

/** The field that the author probably meant by the text after a percent sign. */
function hintFor(rest: string, token: string, isField: IsField): string | undefined {
  const inner = /^[{(<-]\s*\d*([a-zA-Z]\w*(?:\.\w+)+)/.exec(rest)?.[1]
  if (inner !== undefined && isField(inner, undefined)) return `write %${inner}`
  if (!/^\w/.test(token)) return "'%' begins a field, and cannot be printed as such"
  if (isTransformer(token) && rest.startsWith('(', token.length)) return "no ')' closes it"
  return isField(token, '1') || isField(token, 'x') ? `it needs an argument: %${token}[…]` : undefined
}

function spanAt(text: string, offset: number, length: number): Span {
  const { file: _, ...span } = new SourceText('', text).place(offset, length)
  return span
}
