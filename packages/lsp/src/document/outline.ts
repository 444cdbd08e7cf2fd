/**
 * The outline of a rules file: its items and their keys, with places. It is read line by line from the text, not from parsed YAML. A file
 * that is being written is rarely valid, and everything but the line at the cursor should still be known. Rules inside a ConfigMap or Helm
 * values are found in the same way, since a block scalar leaves their lines as they are.
 */

import { flowMap, flowMaps } from './flow.ts'
import type { Entry, MapItem, Range, Word } from './item.ts'

export type { Entry, MapItem, Range, Word }

export type ItemKind = 'rule' | 'macro' | 'list'

export interface Item extends MapItem {
  readonly kind: ItemKind
  readonly name: Word
}

const NAMING: readonly string[] = ['rule', 'macro', 'list']

/** The rules, macros and lists of a file, in its order. */
export function itemsOf(text: string): Item[] {
  return mapItems(text).flatMap(item => {
    const naming = item.entries.find(({ key }) => NAMING.includes(key.text))
    const name =
      naming && scalarAt(text, { from: naming.value.from, to: lineEnd(text, naming.value.from, naming.value.to) })
    return name && name.text !== '' ? [{ ...item, kind: naming.key.text as ItemKind, name }] : []
  })
}

const KEY = /^("[^"\n]*"|'[^'\n]*'|[\w.-]+)[ \t]*:(?=[ \t]|$)/
const BLOCK = /^(?:&\S+[ \t]+)?[>|][0-9+-]*[ \t]*(?:#.*)?$/

interface OpenEntry {
  readonly key: Word
  readonly from: number
  to: number
  readonly indent: number
}

/** The maps of the outermost lists in a part of a text. */
export function mapItems(text: string, { from, to }: Range = { from: 0, to: text.length }): MapItem[] {
  if (/^\s*\[/.test(text.slice(from, from + 200))) return flowMaps(text, { from, to })
  const found: MapItem[] = []
  let item: { from: number; to: number; indent: number; column: number; entries: OpenEntry[] } | undefined
  /** Lines with more blanks belong to a block scalar, whatever they look like. */
  let block: number | undefined
  let behind = from
  const close = () => {
    if (item)
      found.push({
        ...{ from: item.from, to: item.to, indent: item.indent },
        entries: item.entries.map(({ key, from, to, indent }) => ({ key, indent, value: { from, to } })),
      })
    item = undefined
  }
  const key = (at: number, line: string, indent: number, end: number) => {
    const match = KEY.exec(line)
    if (!item || !match) return
    const quoted = /^["']/.test(match[1]!)
    const name = quoted ? match[1]!.slice(1, -1) : match[1]!
    const start = at + (quoted ? 1 : 0)
    const blanks = /^[ \t]*/.exec(line.slice(match[0].length))![0].length
    const value = at + match[0].length + blanks
    item.entries.push({ key: { text: name, from: start, to: start + name.length }, from: value, to: end, indent })
    if (BLOCK.test(line.slice(match[0].length + blanks))) block = indent
  }
  for (const { at, line } of linesOf(text, from, to)) {
    const content = line.trimStart()
    if (content === '') continue
    const indent = line.length - content.length
    const end = at + line.trimEnd().length
    // Lines of a map in braces have been read with it.
    if (at < behind) continue
    if (block !== undefined && indent > block && item) {
      item.to = end
      item.entries.at(-1)!.to = end
      continue
    }
    block = undefined
    if (content.startsWith('#')) continue
    const dash = /^-(?:[ \t]+|$)/.exec(content)
    if (dash && (!item || indent <= item.indent)) {
      close()
      const column = indent + dash[0].length
      if (line[column] === '{') {
        const map = flowMap(text, { from: at + column, to: nextDash(text, at + column, to) })
        found.push({ ...map, from: at + indent, indent })
        behind = map.to
        continue
      }
      item = { from: at + indent, to: end, indent, column, entries: [] }
      key(at + column, line.slice(column).trimEnd(), column, end)
    } else if (item && indent > item.indent) {
      item.to = end
      // The keys of an item whose dash is alone on its line begin below it.
      if (item.entries.length === 0) item.column = indent
      if (indent === item.column && !dash) key(at + indent, content.trimEnd(), indent, end)
      const entry = item.entries.at(-1)
      if (entry) entry.to = end
    } else close()
  }
  close()
  return found
}

/** Where the next item begins: a brace that is not closed ends there, too. */
function nextDash(text: string, from: number, to: number): number {
  const next = text.slice(from, to).search(/\n[ \t]*-[ \t]/)
  return next < 0 ? to : from + next
}

function* linesOf(text: string, from: number, to: number): Generator<{ readonly at: number; readonly line: string }> {
  for (let at = from; at < to; ) {
    const next = text.indexOf('\n', at)
    const end = next < 0 || next > to ? to : next
    yield { at, line: text.slice(at, end).replace(/\r$/, '') }
    at = end + 1
  }
}

export function entryOf({ entries }: MapItem, key: string): Entry | undefined {
  return entries.find(entry => entry.key.text === key)
}

/** A value as one text: of a block scalar its lines, as they are in the file. */
export function scalarAt(text: string, { from, to }: Range): Word {
  const written = text.slice(from, to)
  const header = /^(?:&\S+[ \t]+)?[>|][0-9+-]*[ \t]*(?:#[^\n]*)?\r?(?:\n|$)/.exec(written)
  if (header) return { text: written.slice(header[0].length), from: Math.min(from + header[0].length, to), to }
  const mark = written[0]
  if (mark === '"' || mark === "'") {
    const end = endOfQuoted(text, from, to)
    const closed = end > from + 1 && text[end - 1] === mark
    const inner = { from: from + 1, to: closed ? end - 1 : end }
    return { ...inner, text: text.slice(inner.from, inner.to) }
  }
  const comment = /[ \t]#/.exec(written)
  const plain = (comment ? written.slice(0, comment.index) : written).trimEnd()
  return { text: plain, from, to: from + plain.length }
}

/** The offset behind a quoted text that begins at `from`; it ends with the line when its quote is missing. */
function endOfQuoted(text: string, from: number, to: number): number {
  const mark = text[from]!
  for (let at = from + 1; at < to; at++) {
    if (text[at] === '\\' && mark === '"') at++
    else if (text[at] === mark) {
      if (mark === "'" && text[at + 1] === "'") at++
      else return at + 1
    }
  }
  return to
}

/** The texts in a list of texts, `[a, b]` or a dash per line, at any depth. */
export function wordsIn(text: string, { from, to }: Range): Word[] {
  const words: Word[] = []
  let flow = 0
  for (let at = from; at < to; ) {
    const char = text[at]!
    const first = at === from || /[\s[\],{}]/.test(text[at - 1]!)
    if (/\s/.test(char)) at++
    else if (char === '#' && first) at = lineEnd(text, at, to)
    else if (char === '[' || char === '{') {
      flow++
      at++
    } else if (char === ']' || char === '}') {
      flow--
      at++
    } else if (char === ',' && flow > 0) at++
    else if (char === '-' && flow <= 0 && /\s/.test(text[at + 1] ?? ' ')) at++
    else if (char === '"' || char === "'") {
      const word = scalarAt(text, { from: at, to })
      words.push(word)
      at = Math.max(at + 1, word.to + 1)
    } else {
      let end = at
      while (end < to && text[end] !== '\n' && !(flow > 0 && /[,[\]{}]/.test(text[end]!))) {
        if (text[end] === '#' && /\s/.test(text[end - 1]!)) break
        end++
      }
      const word = text.slice(at, end).trimEnd()
      words.push({ text: word, from: at, to: at + word.length })
      at = end
    }
  }
  return words
}

/** The pairs of a map: `{ key: value }`, or one per line. */
export function pairsIn(text: string, { from, to }: Range): { readonly key: Word; readonly value: Word }[] {
  return [...text.slice(from, to).matchAll(/(^|[{,\s])([\w-]+)([ \t]*:[ \t]*)([^\s,}#]*)/g)].map(match => {
    const start = from + match.index + match[1]!.length
    const value = start + match[2]!.length + match[3]!.length
    return {
      key: { text: match[2]!, from: start, to: start + match[2]!.length },
      value: { text: match[4]!, from: value, to: value + match[4]!.length },
    }
  })
}

/** The names before colons, in maps of all kinds: in a test file, among them the rules that it expects to alert. */
export function keysOf(text: string): Word[] {
  return [...text.matchAll(/(^|[{,])([ \t]{0,80}["']?)([^\s"'{},:#][^"'{},:\n]{0,200}?)["']?[ \t]{0,8}:(?=\s)/gm)].map(
    match => {
      const from = match.index + match[1]!.length + match[2]!.length
      return { text: match[3]!, from, to: from + match[3]!.length }
    },
  )
}

function lineEnd(text: string, at: number, to: number): number {
  const end = text.indexOf('\n', at)
  return end < 0 || end > to ? to : end
}
