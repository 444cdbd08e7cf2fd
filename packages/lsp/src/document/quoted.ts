import { ConditionScan } from './condition.ts'
import type { Range } from './outline.ts'
import type { Token } from './token.ts'

const ESCAPE = /\\(?:x[\da-fA-F]{2}|u[\da-fA-F]{4}|U[\da-fA-F]{8}|.)/gs
/** Escapes in a row, in the two kinds of quotes that YAML has. */
const ESCAPES = new RegExp(`(?:${ESCAPE.source})+`, 'gs')
const DOUBLED = /(?:'')+/g

/** The words of a condition, which may be a quoted text of YAML, without the quotes. */
export function conditionIn(
  text: string,
  { from, to }: Range,
): { readonly tokens: readonly Token[]; readonly negated: ReadonlySet<number> } {
  const written = text.slice(from, to)
  const plain = unescaped(written, text[from - 1])
  if (plain === written) return new ConditionScan(text, { from, to })
  const { tokens, negated } = new ConditionScan(plain, { from: 0, to: plain.length })
  return { tokens: tokens.map(token => ({ ...token, from: token.from + from, to: token.to + from })), negated }
}

/** The text without escapes, with blanks before what they stand for, so that every place stays the same. */
function unescaped(written: string, mark: string | undefined): string {
  if (mark === '"') return written.replace(ESCAPES, run => run.replace(ESCAPE, meaning).padStart(run.length))
  if (mark === "'") return written.replace(DOUBLED, run => "'".repeat(run.length / 2).padStart(run.length))
  return written
}

/** Of a quote, a backslash or a slash; any other escape becomes a blank. */
function meaning(written: string): string {
  return /^\\["\\/]$/.test(written) ? written[1]! : ' '
}
