import type { CollectedList, CollectedMacro, CollectedRule, Collection } from './collected.ts'
import type { Entry } from './item.ts'

type Collected = CollectedList | CollectedMacro | CollectedRule

const DELIMITERS = /[\s\b(),='"]+/

/**
 * The items that a file changes: those that it defines or changes itself, and those that name one of these, directly or
 * through others. Every other item resolves to what it resolved to before the file.
 */
export function affected(now: Collection, before: Collection): ReadonlySet<Collected> {
  const changed = new Set<Collected>()
  const names = new Set([...now.lists.keys(), ...now.macros.keys()].map(firstWord))
  const users = new Map<string, Collected[]>()
  const queue: string[] = []
  const visit = (item: Collected, old: Collected | undefined, named: boolean) => {
    if (item !== old) {
      changed.add(item)
      if (named) queue.push(firstWord(item.name))
      return
    }
    for (const word of wordsOf(item)) {
      if (!names.has(word)) continue
      const known = users.get(word)
      if (known) known.push(item)
      else users.set(word, [item])
    }
  }
  for (const list of now.lists.values()) visit(list, before.lists.get(list.name), true)
  for (const macro of now.macros.values()) visit(macro, before.macros.get(macro.name), true)
  for (const rule of now.rules.values()) visit(rule, before.rules.get(rule.name), false)
  for (let name = queue.pop(); name !== undefined; name = queue.pop()) {
    for (const user of users.get(name) ?? []) {
      if (changed.has(user)) continue
      changed.add(user)
      if (!('priority' in user)) queue.push(firstWord(user.name))
    }
  }
  return changed
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
