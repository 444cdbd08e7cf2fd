import type { IToken } from 'chevrotain'
import type { MappedText } from '../text/mapped.ts'
import { SourceText } from '../text/source.ts'
import type { Span } from '../text/span.ts'
import type { Check, Condition, Operand } from './ast.ts'
import { ConditionError } from './error.ts'
import { QuoteError, unquote } from './quote.ts'
import { isTransformer, TRANSFORMERS, VAL } from './transformers.ts'

/** Makes the nodes of one condition's tree from its tokens. A node spans the text from its first token to its last. */
export class Nodes {
  readonly #text: SourceText
  readonly #mapped: MappedText | undefined

  /** @param mapped the file that the text comes from: conditions then also get their place there */
  constructor(text: string, mapped: MappedText | undefined) {
    this.#text = new SourceText('', text)
    this.#mapped = mapped
  }

  group(kind: 'and' | 'or', children: Condition[], first: IToken, last: IToken): Condition {
    return { kind, children, ...this.#written(first, last) }
  }

  not(child: Condition, first: IToken, last: IToken): Condition {
    return { kind: 'not', child, ...this.#written(first, last) }
  }

  macro(name: IToken): Condition {
    return { kind: 'macro', name: name.image, ...this.#written(name, name) }
  }

  /** @param right undefined for a unary operator */
  check(left: Operand, op: string, right: Operand | Operand[] | undefined, first: IToken, last: IToken): Check {
    const written = this.#written(first, last)
    return right === undefined
      ? { kind: 'check', left, op, ...written }
      : { kind: 'check', left, op, right, ...written }
  }

  field(name: IToken, arg: string | undefined, last: IToken): Operand {
    const span = this.#spanTo(name, last)
    return arg === undefined
      ? { kind: 'field', name: name.image, span }
      : { kind: 'field', name: name.image, arg, span }
  }

  /** @param name with its opening parenthesis */
  transform(name: IToken, args: (Operand | Operand[])[], arg: string | undefined, last: IToken): Operand {
    const node = { kind: 'transform', name: transformerOf(name), args, span: this.#spanTo(name, last) } as const
    return arg === undefined ? node : { ...node, arg }
  }

  /** @throws {ConditionError} when Falco's grammar does not allow such arguments */
  checkArguments(name: IToken, args: readonly (Operand | Operand[])[], last: IToken): void {
    const transformer = transformerOf(name)
    if (isTransformer(transformer) && TRANSFORMERS[transformer].arity[1] > 1) return
    const only = args[0]!
    const fits = args.length === 1 && !Array.isArray(only) && only.kind !== 'literal'
    if (fits && (transformer !== VAL || only.kind === 'field')) return
    const due = transformer === VAL ? `a field within '${VAL}' transformer` : 'one field or a nested valid transformer'
    const quoted = args.length === 1 && !Array.isArray(only) && only.kind === 'literal' && only.text.includes('.')
    const hint = quoted ? ': write the field without quotes' : ''
    throw new ConditionError('syntax', `expected ${due}${hint}`, this.#spanTo(name, last))
  }

  /** A bare word or number. */
  literal(token: IToken): Operand {
    return { kind: 'literal', text: token.image, span: this.spanOf(token) }
  }

  /** A quoted text. */
  string(token: IToken): Operand {
    return { kind: 'literal', text: this.unquoted(token), span: this.spanOf(token) }
  }

  /** @throws {ConditionError} at a bad escape */
  unquoted(token: IToken): string {
    try {
      return unquote(token.image)
    } catch (error) {
      if (!(error instanceof QuoteError)) throw error
      const place = this.#text.place(token.startOffset + 1 + error.offset, error.length)
      throw new ConditionError('syntax', error.message, spanIn(place))
    }
  }

  spanOf(token: IToken): Span {
    return this.#spanTo(token, token)
  }

  #written(first: IToken, last: IToken): { span: Span; place?: ReturnType<MappedText['place']> } {
    const span = this.#spanTo(first, last)
    return this.#mapped === undefined ? { span } : { span, place: this.#mapped.place(span.offset, span.length) }
  }

  #spanTo(first: IToken, last: IToken): Span {
    const end = last.startOffset + last.image.length
    return spanIn(this.#text.place(first.startOffset, end - first.startOffset))
  }
}

function transformerOf(call: IToken): string {
  return call.image.slice(0, -1)
}

/** A place in the condition's own text is a span. */
function spanIn(place: Span): Span {
  return { offset: place.offset, line: place.line, column: place.column, length: place.length }
}
