import type { CollectedList, CollectedMacro, CollectedRule, Collection } from './collected.ts'
import type { Entry } from './item.ts'

type Collected = CollectedList | CollectedMacro | CollectedRule

const DELIMITERS = /[\s\b(),='"]+/

/** Which items name which, kept from file to file: what a file costs depends on what it changes, not on all that came before. */
export class Uses {
  /** Items by the words in them. */
  readonly #users = new Map<string, Set<Collected>>()
  #at: Collection

  constructor(collection: Collection) {
    this.#at = collection
    for (const item of itemsOf(collection)) this.#add(item)
  }

  /**
   * Moves on to the collection after the next file.
   * @returns the items that the file changes: those that it defines or changes itself, and those that name one of these, directly
   * or through others. Every other item resolves to what it resolved to before the file.
   */
  affected(now: Collection): ReadonlySet<Collected> {
    const before = this.#at
    this.#at = now
    const changed = new Set<Collected>()
    const queue: string[] = []
    const visit = (item: Collected, old: Collected | undefined, named: boolean) => {
      if (item === old) return
      changed.add(item)
      if (named) queue.push(firstWord(item.name))
      if (old) for (const word of wordsOf(old)) this.#users.get(word)?.delete(old)
      this.#add(item)
    }
    for (const list of now.lists.values()) visit(list, before.lists.get(list.name), true)
    for (const macro of now.macros.values()) visit(macro, before.macros.get(macro.name), true)
    for (const rule of now.rules.values()) visit(rule, before.rules.get(rule.name), false)
    for (let name = queue.pop(); name !== undefined; name = queue.pop()) {
      for (const user of this.#users.get(name) ?? []) {
        if (changed.has(user)) continue
        changed.add(user)
        if (!('priority' in user)) queue.push(firstWord(user.name))
      }
    }
    return changed
  }

  #add(item: Collected): void {
    for (const word of wordsOf(item)) {
      const known = this.#users.get(word)
      if (known) known.add(item)
      else this.#users.set(word, new Set([item]))
    }
  }
}

function itemsOf({ lists, macros, rules }: Collection): Collected[] {
  return [...lists.values(), ...macros.values(), ...rules.values()]
}

/** A list may have a name of several words. */
function firstWord(name: string): string {
  return name.split(DELIMITERS).find(word => word !== '') ?? name
}

/** Every word that may be the name of a list or a macro. */
function wordsOf(item: Collected): ReadonlySet<string> {
  if ('items' in item) return new Set(item.items.flatMap(({ text }) => text.split(DELIMITERS)))
  const words = new Set(item.condition.text.split(DELIMITERS))
  if ('exceptions' in item)
    for (const { values } of item.exceptions)
      for (const value of values) for (const word of wordsOfEntry(value)) words.add(word)
  return words
}

function wordsOfEntry(entry: Entry): string[] {
  return entry.list ? entry.items.flatMap(wordsOfEntry) : entry.text.text.split(DELIMITERS)
}
