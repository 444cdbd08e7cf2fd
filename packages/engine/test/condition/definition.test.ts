import { Lexer } from 'chevrotain'
import { expect, test } from 'vitest'
import { ConditionParser } from '../../src/condition/grammar.ts'
import { LEXER_DEFINITION } from '../../src/condition/tokens.ts'

test('the tokens are well defined', () => {
  const lexer = new Lexer(LEXER_DEFINITION, { positionTracking: 'onlyOffset', deferDefinitionErrorsHandling: true })
  expect(lexer.lexerDefinitionErrors).toEqual([])
})

test('the grammar has no ambiguities', () => {
  expect(() => new ConditionParser(true)).not.toThrow()
})
