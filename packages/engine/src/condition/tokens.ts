import { createToken, type IMultiModeLexerDefinition, Lexer, type TokenType } from 'chevrotain'
import { FIELD_NAME, IDENTIFIER } from './field-name.ts'
import { MODIFIERS, spellings } from './operators.ts'
import { TRANSFORMER_NAMES, VAL } from './transformers.ts'

/**
 * Tokens of the condition language. The meaning of a word depends on its position (`in` may be a value, `*.log` is one),
 * so the lexer has modes:
 *
 *   PRIMARY  expects a check, a macro, `not` or `(`      OP     expects an operator
 *   NUM STR LISTV  the right side of an operator         LIST   inside its parentheses
 *   CONJ     expects `and`, `or` or `)`                  ARG    inside brackets
 *   CALL_L CALL_R CALL  inside a transformer: the outermost one on the left, on the right, a nested one or a list
 *
 * Lexing stops where no token of the mode matches; the rest of the text becomes one Rest token, and the parser reports what it
 * expected. Keywords and operators need a blank after them only where Falco needs one (`existsand` and `in(` are fine).
 */
const BLANK = '[ \\t\\b\\r\\n]'

const words = (list: readonly string[]) => list.join('|')
/** A transition. The old mode stays on the lexer's stack and is never returned to. */
const go = (mode: string) => ({ push_mode: mode })

const Blank = createToken({ name: 'Blank', pattern: /[ \t\x08\r\n]+/, group: Lexer.SKIPPED, line_breaks: true })
/** Belongs to no mode: the parser's caller creates it. */
export const Rest = createToken({ name: 'Rest', pattern: Lexer.NA })

export const LParen = createToken({ name: 'LParen', pattern: '(', ...go('PRIMARY') })
export const RParen = createToken({ name: 'RParen', pattern: ')' })
export const Comma = createToken({ name: 'Comma', pattern: ',' })
/** No blank is allowed between a field and its argument. */
export const LBracket = createToken({
  name: 'LBracket',
  pattern: /(?<![ \t\x08\r\n])\[/,
  start_chars_hint: ['['],
  line_breaks: false,
  push_mode: 'ARG',
})
export const RBracket = createToken({ name: 'RBracket', pattern: ']', pop_mode: true })

export const Not = createToken({ name: 'Not', pattern: /not(?=[\s\x08(])/ })
export const And = createToken({ name: 'And', pattern: new RegExp(`and(?=${BLANK}|\\()`), ...go('PRIMARY') })
export const Or = createToken({ name: 'Or', pattern: new RegExp(`or(?=${BLANK}|\\()`), ...go('PRIMARY') })

const FIELD = new RegExp(FIELD_NAME)
export const Field = createToken({ name: 'Field', pattern: FIELD, ...go('OP') })
export const CallField = createToken({ name: 'CallField', pattern: FIELD })
export const Identifier = createToken({ name: 'Identifier', pattern: new RegExp(IDENTIFIER), ...go('CONJ') })

export const UnaryOp = createToken({ name: 'UnaryOp', pattern: new RegExp(words(spellings('unary'))), ...go('CONJ') })
export const NumOp = createToken({ name: 'NumOp', pattern: new RegExp(words(spellings('number'))), ...go('NUM') })
const symbolOps = spellings('string').filter(op => /\W/.test(op))
const wordOps = spellings('string').filter(op => !/\W/.test(op))
export const StrOp = createToken({
  name: 'StrOp',
  pattern: new RegExp(`${words(symbolOps)}|(?:${words(wordOps)})(?=${BLANK})`),
  ...go('STR'),
})
export const ListOp = createToken({ name: 'ListOp', pattern: new RegExp(words(spellings('list'))), ...go('LISTV') })
/** A modifier is surrounded by blanks and followed by a list, a name or a transformer; otherwise the word is a value. */
export const Modifier = createToken({
  name: 'Modifier',
  pattern: new RegExp(`(?<=${BLANK})(?:${words(MODIFIERS)})(?=${BLANK}+(?!(?:and|or)(?![a-zA-Z0-9_]))[(a-zA-Z])`),
  start_chars_hint: ['o', 'a'],
  line_breaks: false,
  ...go('LISTV'),
})

const NUMBER = /0[xX][0-9a-zA-Z]+|[+-]?[0-9]+\.?[0-9]*(?:[eE][+-][0-9]+)?/
export const NumberText = createToken({ name: 'NumberText', pattern: NUMBER, ...go('CONJ') })
/** Inside a transformer. */
export const CallNumber = createToken({ name: 'CallNumber', pattern: NUMBER })
const BARE = /[^()"'\s=,]+/
export const BareValue = createToken({ name: 'BareValue', pattern: BARE, ...go('CONJ') })
export const BareItem = createToken({ name: 'BareItem', pattern: BARE })
export const ArgText = createToken({ name: 'ArgText', pattern: /[^\]["'\s]+/ })

/** A string ends at the next quote of its kind without a backslash before it, even if that backslash is itself escaped. */
function quotedString(text: string, offset: number): [string] | null {
  const mark = text[offset]
  if (mark !== '"' && mark !== "'") return null
  for (let end = text.indexOf(mark, offset + 1); end >= 0; end = text.indexOf(mark, end + 1))
    if (text[end - 1] !== '\\') return [text.slice(offset, end + 1)]
  return null
}
const quotedPattern = { pattern: quotedString, line_breaks: true, start_chars_hint: ['"', "'"] }
export const QuotedValue = createToken({ name: 'QuotedValue', ...quotedPattern, ...go('CONJ') })
export const Quoted = createToken({ name: 'Quoted', ...quotedPattern })

export const ListOpen = createToken({ name: 'ListOpen', pattern: '(', ...go('LIST') })
export const ListClose = createToken({ name: 'ListClose', pattern: ')', ...go('CONJ') })

const CALL = new RegExp(`(?:${words(TRANSFORMER_NAMES)})\\(`)
const CALL_OR_VAL = new RegExp(`(?:${words([VAL, ...TRANSFORMER_NAMES])})\\(`)
export const LeftCall = createToken({ name: 'LeftCall', pattern: CALL, ...go('CALL_L') })
export const RightCall = createToken({ name: 'RightCall', pattern: CALL_OR_VAL, ...go('CALL_R') })
export const InnerCall = createToken({ name: 'InnerCall', pattern: CALL, push_mode: 'CALL' })
export const InnerList = createToken({ name: 'InnerList', pattern: '(', push_mode: 'CALL' })
export const LeftClose = createToken({ name: 'LeftClose', pattern: ')', ...go('OP') })
export const RightClose = createToken({ name: 'RightClose', pattern: ')', ...go('CONJ') })
export const InnerClose = createToken({ name: 'InnerClose', pattern: ')', pop_mode: true })

const inCall = (close: TokenType) => [
  Blank,
  CallField,
  InnerCall,
  InnerList,
  Quoted,
  CallNumber,
  Comma,
  LBracket,
  close,
]

export const LEXER_DEFINITION: IMultiModeLexerDefinition = {
  defaultMode: 'PRIMARY',
  modes: {
    PRIMARY: [Blank, LParen, Not, Field, LeftCall, Identifier],
    OP: [Blank, LBracket, UnaryOp, NumOp, StrOp, ListOp],
    NUM: [Blank, RightCall, NumberText, QuotedValue, Identifier],
    STR: [Blank, Modifier, RightCall, QuotedValue, BareValue],
    LISTV: [Blank, ListOpen, RightCall, Identifier],
    LIST: [Blank, Comma, Quoted, BareItem, ListClose],
    CONJ: [Blank, And, Or, RParen, LBracket],
    ARG: [Quoted, ArgText, RBracket],
    CALL_L: inCall(LeftClose),
    CALL_R: inCall(RightClose),
    CALL: inCall(InnerClose),
  },
}

/** Every token type, once. */
export const TOKENS: TokenType[] = [...new Set(Object.values(LEXER_DEFINITION.modes).flat()), Rest]
