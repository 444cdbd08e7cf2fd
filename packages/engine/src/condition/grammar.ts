import { EmbeddedActionsParser, type IToken } from 'chevrotain'
import type { MappedText } from '../text/mapped.ts'
import { SourceText } from '../text/source.ts'
import type { Span } from '../text/span.ts'
import type { Check, Condition, Operand } from './ast.ts'
import { ConditionError } from './error.ts'
import { QuoteError, unquote } from './quote.ts'
import * as T from './tokens.ts'
import { isTransformer, TRANSFORMERS, VAL } from './transformers.ts'

/** Maximum nesting of parentheses and transformers. */
export const MAX_DEPTH = 100

/**
 * The grammar: `or` of `and` of `not` of checks, macros and parentheses. It builds the tree while it parses. One
 * instance is used for all conditions: creating one takes far longer than a parse.
 */
export class ConditionParser extends EmbeddedActionsParser {
  #text = new SourceText('', '')
  #mapped: MappedText | undefined
  #depth = 0

  /** @param validate check the grammar for ambiguities: slow, done by a test */
  constructor(validate = false) {
    super(T.TOKENS, { maxLookahead: 1, recoveryEnabled: false, skipValidations: !validate })
    this.performSelfAnalysis()
  }

  /** Sets the input. With `mapped`, nodes get their places. */
  start(text: string, tokens: IToken[], mapped: MappedText | undefined): void {
    this.#text = new SourceText('', text)
    this.#mapped = mapped
    this.#depth = 0
    this.input = tokens
  }

  condition = this.RULE('condition', (): Condition => this.SUBRULE(this.disjunction))

  disjunction = this.RULE('disjunction', (): Condition => {
    const first = this.LA(1)
    const children = [this.SUBRULE(this.conjunction)]
    this.MANY(() => {
      this.CONSUME(T.Or)
      children.push(this.SUBRULE2(this.conjunction))
    })
    return children.length === 1 ? children[0]! : this.ACTION(() => this.#group('or', children, first))
  })

  conjunction = this.RULE('conjunction', (): Condition => {
    const first = this.LA(1)
    const children = [this.SUBRULE(this.negation)]
    this.MANY(() => {
      this.CONSUME(T.And)
      children.push(this.SUBRULE2(this.negation))
    })
    return children.length === 1 ? children[0]! : this.ACTION(() => this.#group('and', children, first))
  })

  negation = this.RULE('negation', (): Condition => {
    const first = this.LA(1)
    let negated = false
    this.MANY(() => {
      this.CONSUME(T.Not)
      negated = !negated
    })
    const child = this.SUBRULE(this.primary)
    if (!negated) return child
    return this.ACTION(() => ({ kind: 'not', child, ...this.#written(first) }))
  })

  primary = this.RULE('primary', (): Condition => {
    return this.OR([
      {
        ALT: () => {
          const open = this.CONSUME(T.LParen)
          this.ACTION(() => this.#deeper(open))
          const inner = this.SUBRULE(this.disjunction)
          this.CONSUME(T.RParen)
          this.ACTION(() => this.#depth--)
          return inner
        },
      },
      { ALT: () => this.SUBRULE(this.check) },
      {
        ALT: () => {
          const name = this.CONSUME(T.Identifier)
          return this.ACTION((): Condition => ({ kind: 'macro', name: name.image, ...this.#written(name) }))
        },
      },
    ])
  })

  check = this.RULE('check', (): Condition => {
    const first = this.LA(1)
    const left = this.OR([{ ALT: () => this.SUBRULE(this.field) }, { ALT: () => this.SUBRULE(this.leftTransform) }])
    return this.SUBRULE(this.comparison, { ARGS: [left, first] })
  })

  comparison = this.RULE('comparison', (left: Operand, first: IToken): Check => {
    let op = ''
    let right: Operand | Operand[] | undefined
    this.OR([
      { ALT: () => (op = this.CONSUME(T.UnaryOp).image) },
      {
        ALT: () => {
          op = this.CONSUME(T.NumOp).image
          right = this.SUBRULE(this.numberValue)
        },
      },
      {
        ALT: () => {
          op = this.CONSUME(T.StrOp).image
          this.OR2([
            {
              ALT: () => {
                op += ` ${this.CONSUME(T.Modifier).image}`
                right = this.SUBRULE(this.listValue)
              },
            },
            { ALT: () => (right = this.SUBRULE(this.stringValue)) },
          ])
        },
      },
      {
        ALT: () => {
          op = this.CONSUME(T.ListOp).image
          right = this.SUBRULE2(this.listValue)
        },
      },
    ])
    return this.ACTION(() => {
      const written = this.#written(first)
      return right === undefined
        ? { kind: 'check', left, op, ...written }
        : { kind: 'check', left, op, right, ...written }
    })
  })

  numberValue = this.RULE('numberValue', (): Operand => {
    return this.OR([
      { ALT: () => this.#literal(this.CONSUME(T.NumberText)) },
      { ALT: () => this.SUBRULE(this.rightTransform) },
    ])
  })

  stringValue = this.RULE('stringValue', (): Operand => {
    return this.OR([
      { ALT: () => this.#literal(this.CONSUME(T.BareValue)) },
      { ALT: () => this.#string(this.CONSUME(T.QuotedValue)) },
      { ALT: () => this.SUBRULE(this.rightTransform) },
    ])
  })

  listValue = this.RULE('listValue', (): Operand | Operand[] => {
    return this.OR([
      {
        ALT: () => {
          const items: Operand[] = []
          this.CONSUME(T.ListOpen)
          this.OPTION(() => {
            items.push(this.SUBRULE(this.listItem))
            this.MANY(() => {
              this.CONSUME(T.Comma)
              items.push(this.SUBRULE2(this.listItem))
            })
          })
          this.CONSUME(T.ListClose)
          return items
        },
      },
      { ALT: () => this.#literal(this.CONSUME(T.Identifier)) },
      { ALT: () => this.SUBRULE(this.rightTransform) },
    ])
  })

  listItem = this.RULE('listItem', (): Operand => {
    return this.OR([
      { ALT: () => this.#literal(this.CONSUME(T.BareItem)) },
      { ALT: () => this.#string(this.CONSUME(T.Quoted)) },
    ])
  })

  field = this.RULE('field', (): Operand => {
    const name = this.CONSUME(T.Field)
    const arg = this.OPTION(() => this.SUBRULE(this.argument))
    return this.ACTION(() => this.#fieldNode(name, arg))
  })

  callField = this.RULE('callField', (): Operand => {
    const name = this.CONSUME(T.CallField)
    const arg = this.OPTION(() => this.SUBRULE(this.argument))
    return this.ACTION(() => this.#fieldNode(name, arg))
  })

  argument = this.RULE('argument', (): string => {
    this.CONSUME(T.LBracket)
    const text = this.OR([
      { ALT: () => this.#valueOf(this.CONSUME(T.Quoted)) },
      { ALT: () => this.CONSUME(T.ArgText).image },
    ])
    this.CONSUME(T.RBracket)
    return text
  })

  leftTransform = this.RULE('leftTransform', (): Operand => {
    const name = this.CONSUME(T.LeftCall)
    const args = this.SUBRULE(this.arguments, { ARGS: [name] })
    this.CONSUME(T.LeftClose)
    const arg = this.OPTION(() => this.SUBRULE(this.argument))
    return this.ACTION(() => this.#transform(name, args, arg))
  })

  rightTransform = this.RULE('rightTransform', (): Operand => {
    const name = this.CONSUME(T.RightCall)
    const args = this.SUBRULE(this.arguments, { ARGS: [name] })
    this.CONSUME(T.RightClose)
    const arg = this.OPTION(() => this.SUBRULE(this.argument))
    return this.ACTION(() => this.#transform(name, args, arg))
  })

  innerTransform = this.RULE('innerTransform', (): Operand => {
    const name = this.CONSUME(T.InnerCall)
    this.ACTION(() => this.#deeper(name))
    const args = this.SUBRULE(this.arguments, { ARGS: [name] })
    this.CONSUME(T.InnerClose)
    const arg = this.OPTION(() => this.SUBRULE(this.argument))
    return this.ACTION(() => {
      this.#depth--
      return this.#transform(name, args, arg)
    })
  })

  arguments = this.RULE('arguments', (name: IToken): (Operand | Operand[])[] => {
    const args: (Operand | Operand[])[] = [this.SUBRULE(this.transformArgument)]
    this.MANY(() => {
      this.CONSUME(T.Comma)
      args.push(this.SUBRULE2(this.transformArgument))
    })
    this.ACTION(() => this.#checkArguments(name, args))
    return args
  })

  transformArgument = this.RULE('transformArgument', (): Operand | Operand[] => {
    return this.OR([
      { ALT: () => this.SUBRULE(this.innerOperand) },
      {
        ALT: () => {
          const items: Operand[] = []
          this.CONSUME(T.InnerList)
          this.OPTION(() => {
            items.push(this.SUBRULE2(this.innerOperand))
            this.MANY(() => {
              this.CONSUME(T.Comma)
              items.push(this.SUBRULE3(this.innerOperand))
            })
          })
          this.CONSUME(T.InnerClose)
          return items
        },
      },
    ])
  })

  innerOperand = this.RULE('innerOperand', (): Operand => {
    return this.OR([
      { ALT: () => this.SUBRULE(this.callField) },
      { ALT: () => this.SUBRULE(this.innerTransform) },
      { ALT: () => this.#string(this.CONSUME(T.Quoted)) },
      { ALT: () => this.#literal(this.CONSUME(T.CallNumber)) },
    ])
  })

  #deeper(open: IToken): void {
    if (++this.#depth > MAX_DEPTH)
      throw new ConditionError('depth', `exceeded max depth limit of ${MAX_DEPTH}`, this.#spanOf(open))
  }

  #checkArguments(name: IToken, args: readonly (Operand | Operand[])[]): void {
    const transformer = name.image.slice(0, -1)
    if (isTransformer(transformer) && TRANSFORMERS[transformer].arity[1] > 1) return
    const only = args[0]!
    const fits = args.length === 1 && !Array.isArray(only) && only.kind !== 'literal'
    if (fits && (transformer !== VAL || only.kind === 'field')) return
    const due = transformer === VAL ? `a field within '${VAL}' transformer` : 'one field or a nested valid transformer'
    throw new ConditionError('syntax', `expected ${due}`, this.#spanTo(name, this.LA(0)))
  }

  #group(kind: 'and' | 'or', children: Condition[], first: IToken): Condition {
    return { kind, children, ...this.#written(first) }
  }

  #fieldNode(name: IToken, arg: string | undefined): Operand {
    const span = this.#spanTo(name, this.LA(0))
    return arg === undefined
      ? { kind: 'field', name: name.image, span }
      : { kind: 'field', name: name.image, arg, span }
  }

  #transform(name: IToken, args: (Operand | Operand[])[], arg: string | undefined): Operand {
    const span = this.#spanTo(name, this.LA(0))
    const node = { kind: 'transform', name: name.image.slice(0, -1), args, span } as const
    return arg === undefined ? node : { ...node, arg }
  }

  #literal(token: IToken): Operand {
    return this.ACTION(() => {
      this.#refuseNul(token.image, token)
      return { kind: 'literal', text: token.image, span: this.#spanOf(token) }
    })
  }

  #string(token: IToken): Operand {
    return this.ACTION(() => ({ kind: 'literal', text: this.#valueOf(token), span: this.#spanOf(token) }))
  }

  #valueOf(token: IToken): string {
    return this.ACTION(() => {
      try {
        const text = unquote(token.image)
        this.#refuseNul(text, token)
        return text
      } catch (error) {
        if (!(error instanceof QuoteError)) throw error
        const span = this.#text.place(token.startOffset + 1 + error.offset, error.length)
        throw new ConditionError('syntax', error.message, spanIn(span))
      }
    })
  }

  /** Falco's strings end at a NUL, so a value with one could never match. */
  #refuseNul(text: string, token: IToken): void {
    if (text.includes('\0')) throw new ConditionError('value', 'a value must not hold a NUL byte', this.#spanOf(token))
  }

  #written(first: IToken): { span: Span; place?: ReturnType<MappedText['place']> } {
    const span = this.#spanTo(first, this.LA(0))
    return this.#mapped === undefined ? { span } : { span, place: this.#mapped.place(span.offset, span.length) }
  }

  #spanOf(token: IToken): Span {
    return this.#spanTo(token, token)
  }

  #spanTo(first: IToken, last: IToken): Span {
    const end = last.startOffset + last.image.length
    return spanIn(this.#text.place(first.startOffset, end - first.startOffset))
  }
}

/** A place in the condition's own text is a span. */
function spanIn(place: Span): Span {
  return { offset: place.offset, line: place.line, column: place.column, length: place.length }
}
