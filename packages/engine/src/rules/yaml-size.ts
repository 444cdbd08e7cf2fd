import { Lexer } from 'yaml'

/** Maximum number of tokens of a file: the parser takes most of a kilobyte for each. A list of 150,000 addresses has fewer. */
export const MAX_YAML_TOKENS = 1_000_000

/** Tokens without a text: the beginning of a document or a scalar, the end of a flow collection. */
const MARKS: ReadonlySet<string> = new Set(['\u0002', '\u0018', '\u001f'])

/** Where a YAML text has more parts than there is memory for; undefined if it can be parsed. */
export function tooManyParts(text: string): number | undefined {
  // No character is more than two tokens.
  if (text.length <= MAX_YAML_TOKENS / 2) return undefined
  let [tokens, offset] = [0, 0]
  for (const token of new Lexer().lex(text)) {
    if (tokens++ === MAX_YAML_TOKENS) return offset
    if (!MARKS.has(token)) offset += token.length
  }
  return undefined
}

export const TOO_MANY_PARTS = `the file has more than ${MAX_YAML_TOKENS} parts: keys, values and what separates them`
