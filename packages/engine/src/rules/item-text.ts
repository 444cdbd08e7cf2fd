import { quote } from '../condition/quote.ts'
import type { MappedText, MappedTextBuilder } from '../text/mapped.ts'

const SPACE = /\s/

/** Appends a list's item or an exception's value, in quotes when it holds blanks and is not in quotes already. */
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
