import { EOF, type IRecognitionException, type IToken } from 'chevrotain'
import { MODIFIERS, spellings } from './operators.ts'
import * as T from './tokens.ts'
import { isTransformer, TRANSFORMER_NAMES, VAL } from './transformers.ts'

/** The message for a syntax error, and the part of the text that it is about. */
export interface SyntaxProblem {
  readonly message: string
  readonly offset: number
  readonly length: number
}

const TRANSFORMER_LIST = quotedList([VAL, ...TRANSFORMER_NAMES])

/** By grammar rule, what Falco says when nothing fits there. */
const EXPECTED: Readonly<Record<string, string>> = {
  primary: "expected a '(' token, a field check, or an identifier",
  check: "expected a '(' token, a field check, or an identifier",
  comparison: `expected a valid check operator: one of ${quotedList(spellings())}`,
  numberValue: `expected a number value or a field with a valid transformer: ${TRANSFORMER_LIST}`,
  stringValue: `expected a string value or a field with a valid transformer: ${TRANSFORMER_LIST}`,
  listValue: `expected a list, an identifier, or a field with a valid transformer: ${TRANSFORMER_LIST}`,
  listItem: 'expected a string value',
  argument: 'expected a valid field argument: a quoted string or a bare string',
  transformArgument: `expected a field or a nested valid transformer: ${TRANSFORMER_LIST}`,
  innerOperand: `expected a field or a nested valid transformer: ${TRANSFORMER_LIST}`,
}

/** By the token before, where the rule that fails is the one around. */
const AFTER = new Map([
  [T.NumOp, EXPECTED.numberValue],
  [T.StrOp, EXPECTED.stringValue],
  [T.ListOp, EXPECTED.listValue],
  [T.Modifier, EXPECTED.listValue],
])

/** What people write who come from other languages, and what they mean. */
const HINTS: readonly (readonly [RegExp, string])[] = [
  [/^&&|^AND\b/, "write 'and'"],
  [/^\|\||^OR\b/, "write 'or'"],
  [/^NOT\b|^!(?!=)/, "write 'not' before the check: not field = value"],
  [/^not\b/, "'not' stands before the whole check: not field in (a, b)"],
  [/^(?:=~|~|matches\b)/, "write 'regex' (the whole value must match) or 'contains'"],
  [/^like\b/, "write 'glob' or 'contains'"],
  [/^[A-Z]+\b/, 'words of the language are lower case'],
  [/^<>/, "write '!='"],
]

/** Turns what the parser met into Falco's words, with what stands there and a hint where one is known. */
export function explainSyntaxError(
  failure: IRecognitionException,
  tokens: readonly IToken[],
  text: string,
): SyntaxProblem {
  const offset = failure.token.tokenType === EOF ? text.trimEnd().length : failure.token.startOffset
  const rest = text.slice(offset, offset + 80)
  const found = /^(?:[a-zA-Z0-9_.]+|[^a-zA-Z0-9_.\s]+|\s)/.exec(rest)?.[0] ?? ''
  const rule = failure.context.ruleStack.at(-1) ?? ''
  const message = due(failure, rule, tokens, offset, found)
  return { message: message + foundThere(found, rest, text, offset, rule), offset, length: found.length }
}

function due(
  failure: IRecognitionException,
  rule: string,
  tokens: readonly IToken[],
  offset: number,
  found: string,
): string {
  const glued = /^(?:and|or)/.exec(found)
  if (failure.name === 'NotAllInputParsedException') {
    if (glued) return `expected blank or '(' after '${glued[0]}'`
    const last = tokens.findLast(token => token.startOffset < offset)
    return `unexpected token after '${last?.image ?? ''}', expecting 'or', 'and'`
  }
  if (failure.name === 'MismatchedTokenException') {
    if (rule === 'argument') return "expected a ']' token"
    if (/Transform$/.test(rule)) return "expected a ')' token closing the transformer"
    if (rule === 'primary' && glued) return `expected blank or '(' after '${glued[0]}'`
    return "expected a ')' token"
  }
  const before = tokens.findLast(token => token.startOffset < offset)?.tokenType
  return (before && AFTER.get(before)) ?? EXPECTED[rule] ?? EXPECTED.primary!
}

function foundThere(found: string, rest: string, text: string, offset: number, rule: string): string {
  const before = /([a-zA-Z][a-zA-Z0-9_]*)\s*$/.exec(text.slice(Math.max(0, offset - 80), offset))?.[1]
  if (found.startsWith('(') && before === VAL) return ` ('${VAL}' is for the right side of a check)`
  if (found.startsWith('(') && before !== undefined && isTransformer(before))
    return ` (no blank may stand between '${before}' and '(')`
  if (found.startsWith('(') && before !== undefined && (MODIFIERS as readonly string[]).includes(before))
    return ` ('${before}' takes a list: blanks must stand before and after it)`
  if (found.startsWith('(') && before !== undefined && rule !== 'primary')
    return ` ('${before}' is no transformer: there are ${TRANSFORMER_LIST})`
  if (/^["']/.test(found)) return `, found a string without an end: ${rest.split(/[\r\n]/)[0]!.slice(0, 20)}`
  const hint = HINTS.find(([pattern]) => pattern.test(rest))?.[1]
  const shown =
    rest.trim() === '' ? ', found the end of the condition' : found.trim() === '' ? '' : `, found '${shortened(found)}'`
  return shown + (hint === undefined ? '' : `: ${hint}`)
}

function shortened(word: string): string {
  return word.length > 30 ? `${word.slice(0, 27)}...` : word
}

/** `'a', 'b', 'c'`, as Falco lists words. */
function quotedList(words: readonly string[]): string {
  return words.map(word => `'${word}'`).join(', ')
}
