import { MappedText, MappedTextBuilder } from '../text/mapped.ts'
import type { SourceText } from '../text/source.ts'

/** The style of a YAML scalar; block scalars are literal or folded. */
export type ScalarStyle = 'plain' | 'single' | 'double' | 'block'

const BLANK = /[ \t\r\n]/
const HEX_ESCAPES: Readonly<Record<string, number>> = { x: 2, u: 4, U: 8 }

/**
 * Maps the value of a YAML scalar back to its source `[from, to)`. YAML only changes white space (folding, indentation)
 * and, in quotes, escapes, so value and source are compared side by side. If they do not match, the rest of the value is
 * mapped to the scalar as a whole.
 */
export function mapScalar(value: string, style: ScalarStyle, source: SourceText, from: number, to: number): MappedText {
  const { content } = source
  if (style === 'plain' && to - from === value.length) return MappedText.exact(value, source, from)
  if (style !== 'block' && style !== 'plain' && to - from === value.length + 2 && content.startsWith(value, from + 1))
    return MappedText.exact(value, source, from + 1)
  const builder = new MappedTextBuilder()
  const whole = MappedText.exact(content, source, 0)
  let s = style === 'plain' ? from : style === 'block' ? blockStart(content, from, to) : from + 1
  let v = 0
  while (v < value.length) {
    const char = value[v]!
    if (!BLANK.test(char)) while (s < to && BLANK.test(content[s]!)) s++
    if (style === 'double' && content[s] === '\\') {
      const length = escapeLength(content, s)
      if (content[s + 1] === '\n' || content[s + 1] === '\r') {
        s += length
        continue
      }
      const units = value.codePointAt(v)! > 0xffff ? 2 : 1
      builder.replace(value.slice(v, v + units), source, s, length)
      v += units
      s += length
    } else if (style === 'single' && char === "'" && content.startsWith("''", s)) {
      builder.replace(char, source, s, 2)
      v++
      s += 2
    } else if (s < to && content[s] === char) {
      let n = 1
      while (
        v + n < value.length &&
        s + n < to &&
        content[s + n] === value[v + n] &&
        isOrdinary(content[s + n]!, style)
      )
        n++
      builder.add(whole, s, s + n)
      v += n
      s += n
    } else if (BLANK.test(char)) {
      // A folded line break, or the one of a blank line.
      builder.replace(char, source, Math.min(s, to), 0)
      v++
      if (char === ' ') while (s < to && BLANK.test(content[s]!)) s++
    } else {
      builder.replace(value.slice(v), source, from, to - from)
      v = value.length
    }
  }
  return builder.build()
}

/** Whether a unit can be copied as part of a run. */
function isOrdinary(char: string, style: ScalarStyle): boolean {
  return !(style === 'double' && char === '\\') && !(style === 'single' && char === "'")
}

/** The first line after a block scalar's header. */
function blockStart(content: string, from: number, to: number): number {
  const end = content.indexOf('\n', from)
  return end < 0 || end >= to ? to : end + 1
}

function escapeLength(content: string, at: number): number {
  const next = content[at + 1] ?? ''
  if (next === '\r' && content[at + 2] === '\n') return 3
  return 2 + (HEX_ESCAPES[next] ?? 0)
}
