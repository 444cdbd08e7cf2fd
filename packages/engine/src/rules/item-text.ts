import { quote } from '../condition/quote.ts'
import type { MappedText, MappedTextBuilder } from '../text/mapped.ts'

const SPACE = /\s/

/** Appends an item of a list or a value of an exception; adds quotes if it contains blanks and has none. */
export function addQuoted(builder: MappedTextBuilder, item: MappedText): MappedTextBuilder {
  const { text } = item
  if (text !== '' && (/^["']/.test(text) || !SPACE.test(text))) return builder.add(item)
  const quoted = quote(text)
  const inner = quoted.slice(1, -1)
  if (inner === text) return builder.insert('"', item).add(item).insert('"', item, text.length)
  const place = item.place(0, text.length)
  const source = item.sourceAt(0)
  return source ? builder.replace(quoted, source, place.offset, place.length) : builder.insert(quoted, item)
}
