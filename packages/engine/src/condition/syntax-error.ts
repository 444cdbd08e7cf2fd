import { EOF, type IRecognitionException, type IToken } from 'chevrotain'
import { AFTER_CHECK, hintFor } from './hints.ts'
import { spellings } from './operators.ts'
import * as T from './tokens.ts'
import { TRANSFORMER_NAMES, VAL } from './transformers.ts'

/** The message for a syntax error, and the part of the text that it is about. */
export interface SyntaxProblem {
  readonly message: string
  readonly offset: number
  readonly length: number
}

const TRANSFORMER_LIST = quotedList([VAL, ...TRANSFORMER_NAMES])

/** By grammar rule: Falco's message when no alternative matches. */
const EXPECTED: Readonly<Record<string, string>> = {
  primary: "expected a '(' token, a field check, or an identifier",
  check: "expected a '(' token, a field check, or an identifier",
  comparison: `expected a valid check operator: one of ${quotedList(spellings())}`,
  orderedValue: `expected a number value or a field with a valid transformer: ${TRANSFORMER_LIST}`,
  stringValue: `expected a string value or a field with a valid transformer: ${TRANSFORMER_LIST}`,
  listValue: `expected a list, an identifier, or a field with a valid transformer: ${TRANSFORMER_LIST}`,
  listItem: 'expected a string value',
  argument: 'expected a valid field argument: a quoted string or a bare string',
  transformArgument: `expected a field or a nested valid transformer: ${TRANSFORMER_LIST}`,
  innerOperand: `expected a field or a nested valid transformer: ${TRANSFORMER_LIST}`,
}

/** By operator: the message when nothing follows it. */
const AFTER_OPERATOR: Readonly<Record<string, string>> = {
  ...Object.fromEntries(spellings('number').map(op => [op, EXPECTED.orderedValue!])),
  ...Object.fromEntries(spellings('string').map(op => [op, EXPECTED.stringValue!])),
  ...Object.fromEntries(spellings('list').map(op => [op, EXPECTED.listValue!])),
}

/** By the preceding token, where the failing rule is the surrounding one. */
const AFTER = new Map([
  [T.NumOp, EXPECTED.orderedValue],
  [T.StrOp, EXPECTED.stringValue],
  [T.ListOp, EXPECTED.listValue],
  [T.Modifier, EXPECTED.listValue],
])

/** Turns a parser error into Falco's message, what was found, and a hint if there is one. */
export function explainSyntaxError(
  failure: IRecognitionException,
  tokens: readonly IToken[],
  text: string,
): SyntaxProblem {
  const end = text.trimEnd().length
  let offset = failure.token.tokenType === EOF ? end : failure.token.startOffset
  const behind = failure.name === 'NotAllInputParsedException'
  let rule = behind ? AFTER_CHECK : (failure.context.ruleStack.at(-1) ?? '')
  let message = expected(failure, rule, tokens, text, offset)
  // Without a blank after it, an operator or 'and' at the end is not a token. The error is what is missing after it.
  const last = /^(?:[a-z]+|[<>=!]+)$/.exec(text.slice(offset, end))?.[0]
  if (last !== undefined && (last === 'and' || last === 'or')) {
    offset = end
    message = `expected a check after '${last}'`
  } else if (last !== undefined && rule === 'comparison' && AFTER_OPERATOR[last] !== undefined) {
    offset = end
    message = AFTER_OPERATOR[last]
    rule = 'stringValue'
  }
  const rest = text.slice(offset, offset + 80)
  const found = /^(?:[a-zA-Z0-9_.]+|[^a-zA-Z0-9_.\s]+|\s)/.exec(rest)?.[0] ?? ''
  const hint = hintFor({ rule, found, rest, before: text.slice(Math.max(0, offset - 80), offset) })
  return {
    message: message + shown(found, rest) + (hint === undefined ? '' : `: ${hint}`),
    offset,
    length: found.length,
  }
}

function expected(
  failure: IRecognitionException,
  rule: string,
  tokens: readonly IToken[],
  text: string,
  offset: number,
): string {
  const glued = /^(?:and|or)/.exec(text.slice(offset, offset + 3))
  const last = tokens.findLast(token => token.startOffset < offset)
  if (failure.name === 'NotAllInputParsedException')
    return glued
      ? `expected blank or '(' after '${glued[0]}'`
      : `unexpected token after '${last?.image ?? ''}', expecting 'or', 'and'`
  if (failure.name === 'MismatchedTokenException') {
    if (rule === 'argument') return "expected a ']' token"
    if (/Transform$/.test(rule)) return "expected a ')' token closing the transformer"
    if (rule === 'primary' && glued) return `expected blank or '(' after '${glued[0]}'`
    return "expected a ')' token"
  }
  return (last && AFTER.get(last.tokenType)) ?? EXPECTED[rule] ?? EXPECTED.primary!
}

function shown(found: string, rest: string): string {
  // A string ends at a quote without a backslash before it.
  if (/^["']/.test(found) && !/^(["']).*?(?<!\\)\1/s.test(rest))
    return `, found a string without an end: ${rest.split(/[\r\n]/)[0]!.slice(0, 20)}`
  if (rest.trim() === '') return ', found the end of the condition'
  return found.trim() === '' ? '' : `, found '${found.length > 30 ? `${found.slice(0, 27)}...` : found}'`
}

/** `'a', 'b', 'c'`, as Falco lists words. */
function quotedList(words: readonly string[]): string {
  return words.map(word => `'${word}'`).join(', ')
}
