import { ConditionScan } from '../../document/condition.ts'
import { type Entry, type Item, type MapItem, mapItems, type Range, scalarAt } from '../../document/outline.ts'
import type { Expected } from '../../document/token.ts'
import type { View } from '../../workspace/view.ts'

/** The syntactic context at the cursor. */
export type Context = Range & { readonly item: Item | undefined } & (
    | { readonly at: 'condition'; readonly expected: Expected }
    | { readonly at: 'output' }
    /** A key of an item, of an exception, or the first one of an item. */
    | { readonly at: 'key'; readonly of: 'item' | 'exceptions' | 'top'; readonly present: readonly string[] }
    | { readonly at: 'value'; readonly key: string; readonly exception: boolean }
  )

/** The range is that of the word up to the cursor, which a completion replaces. */
export function contextAt({ rules }: View, offset: number): Context | undefined {
  const { text } = rules
  const lineStart = text.lastIndexOf('\n', offset - 1) + 1
  const before = text.slice(lineStart, offset)
  const dashes = /^\s*(?:-[ \t]+)*/.exec(before)![0]
  const indent = dashes.length
  const candidate = rules.itemAt(offset)
  const isBelow = /^\s*/.exec(before)![0].length > (candidate?.indent ?? 0) || offset <= (candidate?.to ?? -1)
  const item = candidate && (isBelow || lineStart <= candidate.from) ? candidate : undefined
  const keyLike = /^[\w-]*$/.test(before.slice(indent))
  const range = { from: lineStart + indent, to: offset }
  const entry = item && entryAt(item, offset, lineStart)
  if (item && entry) {
    const inBlock = entry.key.from < lineStart
    const isKeyOfItem = inBlock && keyLike && indent <= entry.indent && !dashes.includes('-')
    if (!isKeyOfItem) return inEntry(text, item, entry, offset, { keyLike, indent, range, lineStart })
  }
  if (!keyLike) return undefined
  // In other YAML a list of maps does not hold rules.
  if (!item && !rules.hasRules && /^[\w-]+:/m.test(text)) return undefined
  if (!item || (dashes.includes('-') && indent <= (item.entries[0]?.indent ?? indent) && lineStart <= item.from))
    return dashes.includes('-') || before === ''
      ? { at: 'key', of: 'top', present: [], item: undefined, ...range }
      : undefined
  return { at: 'key', of: 'item', present: item.entries.map(({ key }) => key.text), item, ...range }
}

/** The entry whose value the cursor is in, or behind. */
function entryAt(item: MapItem, offset: number, lineStart: number): Entry | undefined {
  const entry = item.entries.findLast(({ value }) => value.from <= offset)
  if (!entry) return undefined
  // A key that is being written has no colon and seems to belong to the value before it.
  return entry.key.from >= lineStart || offset > entry.key.to ? entry : undefined
}

interface Spot {
  readonly keyLike: boolean
  readonly indent: number
  readonly range: Range
  readonly lineStart: number
}

function inEntry(text: string, item: Item, entry: Entry, offset: number, spot: Spot): Context | undefined {
  const key = entry.key.text
  if (key === 'condition') return inCondition(text, item, entry, offset)
  if (key === 'output') {
    const value = scalarAt(text, { from: entry.value.from, to: Math.max(entry.value.to, offset) })
    const field = /%\d*(?:\w+\()*([\w.]*)$/.exec(text.slice(Math.max(value.from, offset - 200), offset))
    return field ? { at: 'output', item, from: offset - field[1]!.length, to: offset } : undefined
  }
  if (key === 'exceptions' && item.kind === 'rule') return inExceptions(text, item, entry, offset, spot)
  return { at: 'value', key, exception: false, item, ...wordBefore(text, entry.value.from, offset) }
}

function inCondition(text: string, item: Item, { value }: Entry, offset: number): Context {
  const start = scalarAt(text, { from: value.from, to: Math.max(value.to, offset) }).from
  let from = offset
  while (from > start && /[^\s()"'=,[\]<>!]/.test(text[from - 1]!)) from--
  const quoted = /["']/.test(text[from - 1] ?? '') && from - 1 >= start
  const scan = new ConditionScan(text, { from: start, to: quoted ? from - 1 : from })
  return { at: 'condition', expected: scan.expected, item, from, to: offset }
}

function inExceptions(text: string, item: Item, { value }: Entry, offset: number, spot: Spot): Context | undefined {
  const exception = mapItems(text, { from: value.from, to: Math.max(value.to, offset) }).findLast(
    ({ from }) => from <= offset,
  )
  if (!exception) return spot.keyLike ? { at: 'key', of: 'exceptions', present: [], item, ...spot.range } : undefined
  const inner = entryAt(exception, offset, spot.lineStart)
  const isKey = spot.keyLike && spot.indent <= (inner?.indent ?? spot.indent) && (inner?.key.from ?? 0) < spot.lineStart
  if (!inner || isKey) {
    const present = exception.entries.map(({ key }) => key.text)
    return spot.keyLike ? { at: 'key', of: 'exceptions', present, item, ...spot.range } : undefined
  }
  return { at: 'value', key: inner.key.text, exception: true, item, ...wordBefore(text, inner.value.from, offset) }
}

function wordBefore(text: string, start: number, offset: number): Range {
  let from = offset
  while (from > start && /[^\s[\]{},:"']/.test(text[from - 1]!)) from--
  return { from, to: offset }
}
