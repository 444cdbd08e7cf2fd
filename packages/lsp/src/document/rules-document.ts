import { isItems } from '@falc/engine/analysis'
import { KEYS } from './keys.ts'
import {
  type Entry,
  entryOf,
  type Item,
  type ItemKind,
  itemsOf,
  mapItems,
  pairsIn,
  type Range,
  scalarAt,
  type Word,
  wordsIn,
} from './outline.ts'
import { conditionIn } from './quoted.ts'
import { templateTokens } from './template.ts'
import type { Token } from './token.ts'

/** What an item does to the name that it gives. */
export type Change = 'define' | 'append' | 'replace'

export interface Definition {
  readonly kind: ItemKind
  readonly name: Word
  readonly change: Change
  readonly item: Item
}

/** A name in a condition or a list. Of `value`, only the lists that there are tell whether it is one. */
export interface Use extends Range {
  readonly kind: 'macro' | 'value'
  readonly name: string
  readonly item: Item
}

/** A condition, an output, or the operands of exceptions, with its words. */
export interface Part {
  readonly kind: 'condition' | 'output'
  readonly item: Item
  readonly range: Range
  readonly tokens: readonly Token[]
  /** Indexes of the fields and macros below `not`. */
  readonly negated: ReadonlySet<number>
}

const NONE: ReadonlySet<number> = new Set()

/** One file: everything that follows from its text alone, found when it is asked for. */
export class RulesDocument {
  readonly text: string
  #items: readonly Item[] | undefined
  #parts: readonly Part[] | undefined
  readonly #partsOf = new Map<Item, readonly Part[]>()
  #definitions: ReadonlyMap<string, readonly Definition[]> | undefined
  #uses: ReadonlyMap<string, readonly Use[]> | undefined

  constructor(text: string) {
    this.text = text
  }

  get items(): readonly Item[] {
    return (this.#items ??= itemsOf(this.text))
  }

  /** It has items that are more than a name: any list of maps in YAML may have one by chance. */
  get hasRules(): boolean {
    return this.items.some(({ kind, entries }) =>
      entries.some(({ key: { text } }) => text !== kind && text !== 'name' && Object.hasOwn(KEYS[kind], text)),
    )
  }

  itemAt(offset: number): Item | undefined {
    const { items } = this
    let low = 0
    let high = items.length - 1
    while (low < high) {
      const middle = (low + high + 1) >> 1
      if (items[middle]!.from <= offset) low = middle
      else high = middle - 1
    }
    const item = items[low]
    return item && item.from <= offset ? item : undefined
  }

  /** In the order of the file. */
  get parts(): readonly Part[] {
    return (this.#parts ??= this.items.flatMap(item => this.partsOf(item)))
  }

  /** Conditions and outputs of one item: while the user types in it, the others need not be read. */
  partsOf(item: Item): readonly Part[] {
    let parts = this.#partsOf.get(item)
    if (!parts) this.#partsOf.set(item, (parts = item.entries.flatMap(entry => this.#partsIn(item, entry))))
    return parts
  }

  #partsIn(item: Item, { key: { text: kind }, value }: Entry): Part[] {
    if (kind !== 'condition' && kind !== 'output') return []
    const range = scalarAt(this.text, value)
    if (kind === 'output') return [{ kind, item, range, tokens: templateTokens(this.text, range), negated: NONE }]
    const { tokens, negated } = conditionIn(this.text, range)
    return [{ kind, item, range, tokens, negated }]
  }

  partAt(offset: number): Part | undefined {
    const item = this.itemAt(offset)
    return item && this.partsOf(item).find(({ range }) => offset >= range.from && offset <= range.to)
  }

  /** By kind and name: `macro spawned_process`. */
  get definitions(): ReadonlyMap<string, readonly Definition[]> {
    this.#definitions ??= grouped(
      this.items.map(item => ({ kind: item.kind, name: item.name, item, change: changeOf(this.text, item) })),
      ({ kind, name }) => `${kind} ${name.text}`,
    )
    return this.#definitions
  }

  /** Names in conditions, lists and exceptions, by name. */
  get uses(): ReadonlyMap<string, readonly Use[]> {
    return (this.#uses ??= grouped(
      this.items.flatMap(item => [...this.usesIn(item)]),
      ({ name }) => name,
    ))
  }

  /** The names in one item. */
  *usesIn(item: Item): Generator<Use> {
    for (const { kind, tokens } of this.partsOf(item))
      if (kind === 'condition')
        for (const token of tokens)
          if (token.kind === 'macro' || (token.kind === 'value' && !token.quoted))
            yield { kind: token.kind, name: token.text, item, from: token.from, to: token.to }
    const values = item.kind === 'list' ? [entryOf(item, 'items')] : this.exceptionsOf(item).map(({ values }) => values)
    for (const entry of values)
      for (const word of entry ? wordsIn(this.text, entry.value) : [])
        for (const { text, from, to } of item.kind === 'list' ? [word] : namesIn(word))
          yield { kind: 'value', name: text, item, from, to }
  }

  /** The exceptions of a rule, with the values of each. */
  exceptionsOf(item: Item): {
    readonly from: number
    readonly to: number
    readonly name: Word | undefined
    readonly fields: Entry | undefined
    readonly values: Entry | undefined
  }[] {
    const entry = item.kind === 'rule' ? entryOf(item, 'exceptions') : undefined
    return entry
      ? mapItems(this.text, entry.value).map(exception => {
          const name = entryOf(exception, 'name')
          return {
            from: exception.from,
            to: exception.to,
            name: name && scalarAt(this.text, name.value),
            fields: entryOf(exception, 'fields'),
            values: entryOf(exception, 'values'),
          }
        })
      : []
  }

  /** The text of a scalar key of an item. */
  valueOf(item: Item, key: string): string | undefined {
    const entry = entryOf(item, key)
    return entry && scalarAt(this.text, entry.value).text
  }
}

/** The names in a value of an exception, which may be several in one text, as the engine reads it: `(shells, bash)`. */
function namesIn(word: Word): Word[] {
  if (!word.text.startsWith('(') && !isItems(word.text)) return [word]
  return [...word.text.matchAll(/"[^"]*"|'[^']*'|[^\s()"'=,]+/g)].flatMap(({ 0: text, index }) => {
    const from = word.from + index
    return /^["']/.test(text) ? [] : [{ text, from, to: from + text.length }]
  })
}

function changeOf(text: string, item: Item): Change {
  const append = entryOf(item, 'append')
  if (append && scalarAt(text, append.value).text === 'true') return 'append'
  const override = entryOf(item, 'override')
  if (override) {
    const pairs = pairsIn(text, override.value)
    return pairs.some(({ value }) => value.text === 'append') || item.kind === 'rule' ? 'append' : 'replace'
  }
  // `enabled` alone changes the rule of this name.
  return item.kind === 'rule' && !entryOf(item, 'condition') && !entryOf(item, 'output') && entryOf(item, 'enabled')
    ? 'append'
    : 'define'
}

function grouped<T>(items: readonly T[], keyOf: (item: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>()
  for (const item of items) {
    const key = keyOf(item)
    const group = groups.get(key)
    if (group) group.push(item)
    else groups.set(key, [item])
  }
  return groups
}
