import { EmbeddedActionsParser, type IToken } from 'chevrotain'
import type { MappedText } from '../text/mapped.ts'
import type { Check, Condition, Operand } from './ast.ts'
import { ConditionError } from './error.ts'
import { Nodes } from './nodes.ts'
import * as T from './tokens.ts'

/** Maximum nesting of parentheses and transformers. */
export const MAX_DEPTH = 100

/**
 * The grammar: `or` of `and` of `not` of checks, macros and parentheses. It builds the tree while it parses. One
 * instance is used for all conditions: creating one takes far longer than a parse.
 */
export class ConditionParser extends EmbeddedActionsParser {
  #nodes = new Nodes('', undefined)
  #depth = 0

  /** @param validate check the grammar for ambiguities: slow, done by a test */
  constructor(validate = false) {
    super(T.TOKENS, { maxLookahead: 1, recoveryEnabled: false, skipValidations: !validate })
    this.performSelfAnalysis()
  }

  /** Sets the input. With `mapped`, nodes get their places. */
  start(text: string, tokens: IToken[], mapped: MappedText | undefined): void {
    this.#nodes = new Nodes(text, mapped)
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
    return children.length === 1
      ? children[0]!
      : this.ACTION(() => this.#nodes.group('or', children, first, this.LA(0)))
  })

  conjunction = this.RULE('conjunction', (): Condition => {
    const first = this.LA(1)
    const children = [this.SUBRULE(this.negation)]
    this.MANY(() => {
      this.CONSUME(T.And)
      children.push(this.SUBRULE2(this.negation))
    })
    return children.length === 1
      ? children[0]!
      : this.ACTION(() => this.#nodes.group('and', children, first, this.LA(0)))
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
    return this.ACTION(() => this.#nodes.not(child, first, this.LA(0)))
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
          return this.ACTION(() => this.#nodes.macro(name))
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
          right = this.SUBRULE(this.orderedValue, { ARGS: [left] })
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
    return this.ACTION(() => this.#nodes.check(left, op, right, first, this.LA(0)))
  })

  orderedValue = this.RULE('orderedValue', (left: Operand): Operand => {
    // Falco's syntax has only numbers here, and none of its fields belongs to an alert.
    const GATE = () => left.kind === 'field' && left.name.startsWith('alert.')
    return this.OR([
      { ALT: () => this.#literal(this.CONSUME(T.NumberText)) },
      { ALT: () => this.SUBRULE(this.rightTransform) },
      { GATE, ALT: () => this.#literal(this.CONSUME(T.Identifier)) },
      { GATE, ALT: () => this.#string(this.CONSUME(T.QuotedValue)) },
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
    return this.ACTION(() => this.#nodes.field(name, arg, this.LA(0)))
  })

  callField = this.RULE('callField', (): Operand => {
    const name = this.CONSUME(T.CallField)
    const arg = this.OPTION(() => this.SUBRULE(this.argument))
    return this.ACTION(() => this.#nodes.field(name, arg, this.LA(0)))
  })

  argument = this.RULE('argument', (): string => {
    this.CONSUME(T.LBracket)
    const text = this.OR([
      {
        ALT: () => {
          const token = this.CONSUME(T.Quoted)
          return this.ACTION(() => this.#nodes.unquoted(token))
        },
      },
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
    return this.ACTION(() => this.#nodes.transform(name, args, arg, this.LA(0)))
  })

  rightTransform = this.RULE('rightTransform', (): Operand => {
    const name = this.CONSUME(T.RightCall)
    const args = this.SUBRULE(this.arguments, { ARGS: [name] })
    this.CONSUME(T.RightClose)
    const arg = this.OPTION(() => this.SUBRULE(this.argument))
    return this.ACTION(() => this.#nodes.transform(name, args, arg, this.LA(0)))
  })

  innerTransform = this.RULE('innerTransform', (): Operand => {
    const name = this.CONSUME(T.InnerCall)
    this.ACTION(() => this.#deeper(name))
    const args = this.SUBRULE(this.arguments, { ARGS: [name] })
    this.CONSUME(T.InnerClose)
    const arg = this.OPTION(() => this.SUBRULE(this.argument))
    return this.ACTION(() => {
      this.#depth--
      return this.#nodes.transform(name, args, arg, this.LA(0))
    })
  })

  arguments = this.RULE('arguments', (name: IToken): (Operand | Operand[])[] => {
    const args: (Operand | Operand[])[] = [this.SUBRULE(this.transformArgument)]
    this.MANY(() => {
      this.CONSUME(T.Comma)
      args.push(this.SUBRULE2(this.transformArgument))
    })
    this.ACTION(() => this.#nodes.checkArguments(name, args, this.LA(0)))
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
      throw new ConditionError('depth', `exceeded max depth limit of ${MAX_DEPTH}`, this.#nodes.spanOf(open))
  }

  #literal(token: IToken): Operand {
    return this.ACTION(() => this.#nodes.literal(token))
  }

  #string(token: IToken): Operand {
    return this.ACTION(() => this.#nodes.string(token))
  }
}
