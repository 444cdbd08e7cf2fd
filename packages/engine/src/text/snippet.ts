import type { SourceText } from './source.ts'
import type { Place } from './span.ts'

/** Maximum number of units of a line that a snippet shows. */
export const SNIPPET_WIDTH = 160
/** Marks a part of the line that is not shown. */
const CUT = '...'

/** The line of `place`, with carets below it; of a long line only the part around the place. */
export function snippet(source: SourceText, place: Place): string {
  const line = source.line(place.line)
  if (line.trim() === '') return ''
  const at = Math.min(place.column - 1, line.length)
  const end = Math.max(at + 1, Math.min(at + place.length, line.trimEnd().length))
  let from = 0
  let to = line.length
  if (line.length > SNIPPET_WIDTH) {
    from = Math.max(0, Math.min(at - SNIPPET_WIDTH / 2, line.length - SNIPPET_WIDTH))
    to = Math.min(line.length, from + SNIPPET_WIDTH)
  }
  const before = from > 0 ? CUT : ''
  const shown = before + line.slice(from, to) + (to < line.length ? CUT : '')
  // Tabs are kept, so that the carets align for any tab width.
  const indent = (before + line.slice(from, at)).replace(/[^\t]/g, ' ')
  return `${shown.replace(UNPRINTABLE, '\ufffd')}\n${indent}${'^'.repeat(Math.max(1, Math.min(end, to) - at))}\n`
}

/** Control characters other than tab, and surrogates whose pair was cut. */
const UNPRINTABLE = /[\0-\x08\x0a-\x1f\x7f]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g
