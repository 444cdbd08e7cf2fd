import { type MappedText, MappedTextBuilder } from '../text/mapped.ts'
import type { CollectedList } from './collected.ts'
import { LimitFailure } from './context.ts'
import { addQuoted } from './item-text.ts'

/** Maximum length of a condition with its lists expanded, in UTF-16 units. */
export const MAX_EXPANDED_LENGTH = 4 * 1024 * 1024

/** Maximum number of items that lists get from others, and of the lists in them, in all. */
const MAX_EXPANDED_ITEMS = 8 * 1024 * 1024

/** Maximum nesting of lists in lists. */
export const MAX_LIST_DEPTH = 200

/** A list with the lists that its items name expanded. */
export interface ResolvedList {
  readonly list: CollectedList
  readonly items: readonly MappedText[]
  /** Names of the lists expanded in it. */
  readonly uses: ReadonlySet<string>
  /** Position in the order of definition. */
  readonly order: number
  /** It names no other list that it sees. That stays so: it sees only lists that were defined before it was last changed. */
  readonly alone: boolean
}

const SPACE = /\s/
/** By code unit below 128: 1 for delimiters of words, 2 for quotes. */
const KIND = new Uint8Array(128)
for (const char of ' \t\n\v\f\r(),=') KIND[char.charCodeAt(0)] = 1
for (const char of `"'`) KIND[char.charCodeAt(0)] = 2

/**
 * Expands lists in other lists: an item that is the name of a list is replaced with that list's items, if the list was
 * first defined before this one was last changed. A list that would contain itself keeps the name.
 * @param before what the lists were before some of them changed
 * @throws {LimitFailure} when a list gets too long or too deep
 */
export function resolveLists(
  lists: ReadonlyMap<string, CollectedList>,
  before?: ReadonlyMap<string, ResolvedList>,
): Map<string, ResolvedList> {
  const resolved = new Map<string, ResolvedList>()
  const open = new Set<string>()
  let expanded = 0
  const orders = new Map([...lists.keys()].map((name, i) => [name, i]))
  const resolve = (list: CollectedList): ResolvedList => {
    const done = resolved.get(list.name)
    if (done) return done
    const known = before?.get(list.name)
    if (known?.alone && known.list === list) {
      resolved.set(list.name, known)
      return known
    }
    open.add(list.name)
    if (open.size > MAX_LIST_DEPTH) throw tooDeep(list)
    const items: MappedText[] = []
    const uses = new Set<string>()
    let length = 0
    let alone = true
    for (const item of list.items) {
      const other = lists.get(item.text)
      const seen = other !== undefined && other.index < list.visibility
      if (seen && other !== list) alone = false
      const inside = seen && !open.has(other.name)
      const inner = inside ? resolve(other) : undefined
      if (inner) {
        uses.add(other!.name)
        for (const name of inner.uses) uses.add(name)
        expanded += inner.items.length + inner.uses.size
        if (expanded > MAX_EXPANDED_ITEMS) throw tooMany(list)
      }
      for (const text of inner?.items ?? [item]) {
        items.push(text)
        length += text.text.length + 2
        if (length > MAX_EXPANDED_LENGTH) throw tooLong(list)
      }
    }
    open.delete(list.name)
    const made = { list, items, uses, order: orders.get(list.name)!, alone }
    resolved.set(list.name, made)
    return made
  }
  for (const list of lists.values()) resolve(list)
  return resolved
}

function tooLong(list: CollectedList): LimitFailure {
  return new LimitFailure(
    list.context,
    'LOAD_ERR_VALIDATE',
    `List is too long: its items have more than ${MAX_EXPANDED_LENGTH} characters in all`,
  )
}

function tooMany(list: CollectedList): LimitFailure {
  return new LimitFailure(
    list.context,
    'LOAD_ERR_VALIDATE',
    `Lists in lists have more than ${MAX_EXPANDED_ITEMS} items in all`,
  )
}

function tooDeep(list: CollectedList): LimitFailure {
  return new LimitFailure(list.context, 'LOAD_ERR_VALIDATE', `Lists are nested deeper than ${MAX_LIST_DEPTH} levels`)
}

/** Replaces the names of lists in the text of conditions with the lists' items. */
export class ListExpander {
  readonly #lists: ReadonlyMap<string, ResolvedList>
  readonly #expansions = new Map<string, { text: MappedText; uses: ReadonlySet<ResolvedList> }>()
  /** Names of more than one word, by the first: Falco warns about them and still expands the lists. */
  readonly #spaced = new Map<string, readonly string[]>()
  #depth = 0
  /** Names of all lists. */
  readonly names: ReadonlySet<string>

  constructor(lists: ReadonlyMap<string, ResolvedList>) {
    this.#lists = lists
    this.names = new Set(lists.keys())
    for (const name of this.names) {
      const first = /^[^\s(),=]+(?=[\s(),=])/.exec(name)?.[0]
      if (first !== undefined) this.#spaced.set(first, [...(this.#spaced.get(first) ?? []), name])
    }
  }

  /**
   * The condition with the lists that it names expanded; these lists are added to `uses`. A list's name is a word
   * delimited by blanks, parentheses, commas or `=`, outside of quotes. Items that name a list defined after their own
   * are expanded in turn.
   * @throws {LimitFailure} when the text gets too long
   */
  expand(condition: MappedText, uses: Set<ResolvedList>, after = -1): MappedText {
    const { text } = condition
    let builder: MappedTextBuilder | undefined
    let copied = 0
    for (let at = 0; at < text.length; ) {
      const kind = KIND[text.charCodeAt(at)]
      if (kind === 1) {
        at++
        continue
      }
      if (kind === 2) {
        at = endOfString(text, at)
        continue
      }
      let end = at + 1
      while (end < text.length && KIND[text.charCodeAt(end)] !== 1) end++
      let word = text.slice(at, end)
      const spaced = this.#spaced.get(word)?.find(name => startsWithName(text, name, at))
      if (spaced !== undefined) {
        word = spaced
        end = at + word.length
      }
      const list = this.#lists.get(word)
      if (list && list.order > after) {
        builder ??= new MappedTextBuilder()
        const items = this.#expansion(list, uses)
        if (items.text !== '') {
          builder.add(condition, copied, at).add(items)
          copied = end
        } else {
          const gap = withoutComma(text, at, end, copied)
          builder.add(condition, copied, gap.from)
          copied = gap.to
          end = Math.max(end, gap.to)
        }
        if (builder.length > MAX_EXPANDED_LENGTH) throw tooLong(list.list)
      }
      at = end
    }
    return builder ? builder.add(condition, copied).build() : condition
  }

  #expansion(list: ResolvedList, uses: Set<ResolvedList>): MappedText {
    let made = this.#expansions.get(list.list.name)
    if (!made) {
      const builder = new MappedTextBuilder()
      list.items.forEach((item, i) => {
        if (i > 0) builder.insert(', ', item)
        addQuoted(builder, item)
      })
      const inner = new Set<ResolvedList>([list])
      if (++this.#depth > MAX_LIST_DEPTH) throw tooDeep(list.list)
      made = { text: this.expand(builder.build(), inner, list.order), uses: inner }
      this.#depth--
      this.#expansions.set(list.list.name, made)
    }
    for (const used of made.uses) uses.add(used)
    return made.text
  }
}

function startsWithName(text: string, name: string, at: number): boolean {
  const end = at + name.length
  return text.startsWith(name, at) && (end === text.length || KIND[text.charCodeAt(end)] === 1)
}

/** The offset after the string that begins at `at`: its end is the next quote of its kind without a backslash before it. */
function endOfString(text: string, at: number): number {
  const mark = text[at]!
  for (let end = text.indexOf(mark, at + 1); end >= 0; end = text.indexOf(mark, end + 1))
    if (text[end - 1] !== '\\') return end + 1
  return text.length
}

/** The range to remove for an empty list at `[at, end)`: with the comma before it, else with the one after it. */
function withoutComma(text: string, at: number, end: number, copied: number): { from: number; to: number } {
  let from = at
  while (from > copied && SPACE.test(text[from - 1]!)) from--
  if (from > copied && text[from - 1] === ',') return { from: from - 1, to: end }
  let to = end
  while (to < text.length && SPACE.test(text[to]!)) to++
  return text[to] === ',' ? { from: at, to: to + 1 } : { from: at, to: end }
}
