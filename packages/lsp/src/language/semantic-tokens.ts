import type { Range } from '../document/outline.ts'
import type { Token } from '../document/token.ts'
import type { View } from '../workspace/view.ts'

/** Kinds of words, as the protocol's table of token types names them. */
export const TOKEN_TYPES = [
  'property',
  'parameter',
  'operator',
  'keyword',
  'macro',
  'function',
  'string',
  'number',
  'variable',
  'class',
] as const
export type TokenType = (typeof TOKEN_TYPES)[number]

export interface Colored extends Range {
  readonly type: TokenType
}

/** The words of conditions and outputs, and the names of items, in the order of the file. */
export function coloredTokens(view: View, within: Range = { from: 0, to: view.rules.text.length }): Colored[] {
  const { rules } = view
  const lists = new Set(view.names('list'))
  const isInside = ({ from, to }: Range) => to > within.from && from < within.to
  const colored: Colored[] = rules.items.filter(isInside).map(({ name: { from, to }, kind }) => ({
    from,
    to,
    type: kind === 'rule' ? 'class' : kind === 'macro' ? 'macro' : 'variable',
  }))
  for (const part of rules.parts.filter(({ range }) => isInside(range)))
    for (const token of part.tokens) {
      const type = typeOf(token, lists)
      if (type) colored.push({ from: token.from, to: token.to, type })
    }
  return colored.sort((a, b) => a.from - b.from)
}

function typeOf(token: Token, lists: ReadonlySet<string>): TokenType | undefined {
  switch (token.kind) {
    case 'field':
      return 'property'
    case 'argument':
      return 'parameter'
    case 'operator':
      return 'operator'
    case 'modifier':
    case 'keyword':
      return 'keyword'
    case 'macro':
      return 'macro'
    case 'transformer':
      return 'function'
    case 'value':
      if (!token.quoted && lists.has(token.text)) return 'variable'
      return /^[+-]?\d+(\.\d+)?$/.test(token.text) ? 'number' : 'string'
    default:
      return undefined
  }
}
