import { TRANSFORMER_NAMES } from '@falc/engine/analysis'
import type { Range } from './outline.ts'
import type { Token } from './token.ts'

const CALLS = TRANSFORMER_NAMES.join('|')
const VALUE = new RegExp(`%(\\d*)(?:((?:(?:${CALLS})\\()+)?)([a-zA-Z]\\w*(?:\\.\\w*)*)?`, 'g')

/** The fields and transformers of an output. */
export function templateTokens(text: string, { from, to }: Range): Token[] {
  const tokens: Token[] = []
  const push = (kind: Token['kind'], at: number, word: string) => {
    tokens.push({ kind, text: word, from: at, to: at + word.length })
  }
  for (const { 0: whole, 1: width, 2: calls = '', 3: field, index } of text.slice(from, to).matchAll(VALUE)) {
    let at = from + index
    push('sign', at, '%')
    at += 1 + width!.length
    for (const call of calls.split('(').slice(0, -1)) {
      push('transformer', at, call)
      at += call.length + 1
    }
    if (field === undefined) continue
    push('field', at, field)
    const behind = from + index + whole.length
    const argument =
      text[behind] === '[' ? /^\[([^\]\n]*)\]?/.exec(text.slice(behind, Math.min(to, behind + 256))) : null
    if (argument && argument[1] !== '') push('argument', behind + 1, argument[1]!)
  }
  return tokens
}
