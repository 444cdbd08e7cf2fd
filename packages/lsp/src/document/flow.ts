/** Maps in braces, as the outline has those in lines: what is missing at the end ends with the text. */
import type { Entry, MapItem, Range, Word } from './item.ts'

/** The maps of a list in brackets, `[{ key: value }, …]`. */
export function flowMaps(text: string, { from, to }: Range): MapItem[] {
  const found: MapItem[] = []
  for (let at = from; at < to; ) {
    if (text[at] !== '{') at = past(text, at, to)
    else {
      const map = flowMap(text, { from: at, to })
      found.push(map)
      at = map.to
    }
  }
  return found
}

/** The map whose brace is at `from`. */
export function flowMap(text: string, { from, to }: Range): MapItem {
  const entries: Entry[] = []
  const lineStart = text.lastIndexOf('\n', from) + 1
  let at = from + 1
  while (at < to && text[at] !== '}') {
    const start = at
    const key = keyAt(text, at, to)
    if (typeof key === 'number') {
      at = key > at ? key : past(text, at, to)
      continue
    }
    at = key.after
    const value = at
    for (let depth = 0; at < to && (depth > 0 || !/[,}\]]/.test(text[at]!)); at = past(text, at, to)) {
      if (/[[{]/.test(text[at]!)) depth++
      else if (/[\]}]/.test(text[at]!)) depth--
    }
    const end = value + text.slice(value, at).trimEnd().length
    entries.push({ key: key.name, value: { from: value, to: end }, indent: start - lineStart })
  }
  return { from, to: Math.min(at + 1, to), indent: from - lineStart, entries }
}

const NAME = /"([^"\n]*)"|'([^'\n]*)'|([\w.-]+)/y

/** The key behind blanks and commas; or where to look for another one, when there is none. */
function keyAt(text: string, at: number, to: number): { readonly name: Word; readonly after: number } | number {
  const start = pastBlanks(text, at, to, ',')
  NAME.lastIndex = start
  const match = NAME.exec(text)
  if (!match) return start
  const end = NAME.lastIndex
  const colon = pastBlanks(text, end, to)
  // Each character is looked at a few times at most: files come from anywhere, and are read when an editor opens their folder.
  if (text[colon] !== ':' || colon >= to) return match[3] === undefined ? start : end
  const name = match[1] ?? match[2] ?? match[3]!
  const from = match[3] === undefined ? start + 1 : start
  return { name: { text: name, from, to: from + name.length }, after: pastBlanks(text, colon + 1, to) }
}

function pastBlanks(text: string, at: number, to: number, besides = ''): number {
  let end = at
  while (end < to && (/\s/.test(text[end]!) || text[end] === besides)) end++
  return end
}

/** The offset behind what is at `at`: a quoted text as a whole, a comment, or one character. */
function past(text: string, at: number, to: number): number {
  const mark = text[at]!
  const begins = /[\s,:[{]/.test(text[at - 1] ?? ' ')
  if (mark === '#' && /\s/.test(text[at - 1] ?? ' ')) {
    const end = text.indexOf('\n', at)
    return end < 0 ? to : Math.min(end, to)
  }
  if (!begins || (mark !== '"' && mark !== "'")) return at + 1
  for (let end = at + 1; end < to; end++) {
    if (text[end] === '\\' && mark === '"') end++
    else if (text[end] === mark) return end + 1
  }
  return to
}
