import type { Item, ItemKind, Range } from '../document/outline.ts'
import type { RulesFile } from '../workspace/workspace.ts'

export interface ItemSymbol extends Range {
  readonly name: string
  readonly kind: ItemKind
  readonly detail: string
  readonly selection: Range
}

/** The items of a file. */
export function symbolsOf({ rules }: RulesFile): ItemSymbol[] {
  return rules.items.map(item => symbolOf(item, detailOf(rules.valueOf(item, 'priority'), item.kind)))
}

function symbolOf({ kind, name, from, to }: Item, detail: string): ItemSymbol {
  return { name: name.text, kind, detail, from, to, selection: name }
}

function detailOf(priority: string | undefined, kind: ItemKind): string {
  return priority === undefined ? kind : `${kind}, ${priority}`
}

/** Symbols shown for a search. */
const MAX_FOUND = 500

/** The items of all files whose names have the letters of a search, in its order. */
export function findSymbols(
  files: Iterable<RulesFile>,
  query: string,
): { readonly uri: string; readonly symbol: ItemSymbol }[] {
  const found: { uri: string; symbol: ItemSymbol }[] = []
  const letters = query.toLowerCase().replace(/\s+/g, '')
  for (const file of files)
    for (const item of file.rules.items) {
      if (!hasLetters(item.name.text.toLowerCase(), letters)) continue
      found.push({ uri: file.uri, symbol: symbolOf(item, item.kind) })
      if (found.length === MAX_FOUND) return found
    }
  return found
}

function hasLetters(name: string, letters: string): boolean {
  let at = 0
  for (const letter of letters) {
    at = name.indexOf(letter, at) + 1
    if (at === 0) return false
  }
  return true
}

/** Items, and values of several lines. */
export function foldsOf({ rules }: RulesFile): Range[] {
  const ranges = rules.items.flatMap(({ from, to, entries }) => [
    { from, to },
    ...entries.map(({ key, value }) => ({ from: key.from, to: value.to })),
  ])
  return ranges.filter(({ from, to }) => rules.text.slice(from, to).includes('\n'))
}
