import { createTokenInstance, type IRecognitionException, type IToken, Lexer } from 'chevrotain'
import type { MappedText } from '../text/mapped.ts'
import { SourceText } from '../text/source.ts'
import type { Condition, Operand } from './ast.ts'
import { ConditionError } from './error.ts'
import { ConditionParser } from './grammar.ts'
import { explainSyntaxError } from './syntax-error.ts'
import { LEXER_DEFINITION, Rest } from './tokens.ts'

const lexer = new Lexer(LEXER_DEFINITION, {
  positionTracking: 'onlyOffset',
  recoveryEnabled: false,
  skipValidations: true,
})
const parser = new ConditionParser()

/**
 * Parses the text of a condition.
 * @throws {ConditionError} for the first error
 */
export function parseCondition(text: string): Condition {
  return parse(text, undefined, 'condition')
}

/**
 * Parses a condition from a rules file: every node gets its `place`.
 * @throws {ConditionError} with a span in `mapped.text` and a place in the file
 */
export function parseMappedCondition(mapped: MappedText): Condition {
  try {
    return parse(mapped.text, mapped, 'condition')
  } catch (error) {
    if (!(error instanceof ConditionError)) throw error
    const { code, message, span } = error
    throw new ConditionError(code, message, span, mapped.place(span.offset, span.length))
  }
}

/**
 * Parses the left side of a check, a field or a transformer: what the `fields` of an exception contain.
 * @throws {ConditionError}
 */
export function parseOperand(text: string): Operand {
  const check = parse(`${text} exists`, undefined, 'check')
  if (check.kind === 'check') return check.left
  throw new ConditionError('syntax', `expected a field or a transformer`, {
    offset: 0,
    line: 1,
    column: 1,
    length: text.length,
  })
}

function parse(text: string, mapped: MappedText | undefined, rule: 'condition' | 'check'): Condition {
  if (text === '')
    throw new ConditionError('syntax', 'filter input string is empty', { offset: 0, line: 1, column: 1, length: 0 })
  const tokens = tokenize(text)
  parser.start(text, tokens, mapped)
  const condition = parser[rule]()
  const failure: IRecognitionException | undefined = parser.errors[0]
  if (failure) {
    const { message, offset, length } = explainSyntaxError(failure, tokens, text)
    const { line, column } = new SourceText('', text).place(offset)
    throw new ConditionError('syntax', message, { offset, line, column, length })
  }
  return condition
}

function tokenize(text: string): IToken[] {
  const { tokens, errors } = lexer.tokenize(text)
  const stop = errors[0]?.offset
  if (stop === undefined) return tokens
  const none = Number.NaN
  tokens.push(createTokenInstance(Rest, text.slice(stop), stop, text.length - 1, none, none, none, none))
  return tokens
}
