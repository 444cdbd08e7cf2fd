import type { ItemKind } from '../document/outline.ts'
import type { Target, View } from '../workspace/view.ts'

/** The definitions of the name at an offset; of a definition itself too, with what changes it. */
export function definitionsAt(view: View, offset: number): Target[] {
  const named = view.nameAt(offset)
  if (!named) return []
  return view
    .definitions(named.kind, named.text)
    .map(({ file: { uri }, definition: { name } }) => ({ uri, from: name.from, to: name.to }))
}

export function referencesAt(view: View, offset: number, withDefinitions: boolean): Target[] {
  const named = view.nameAt(offset)
  if (!named) return []
  return view.references(named.kind, named.text, withDefinitions)
}

/** The name at an offset, when it is one that can be renamed: one that some file defines. */
export function renamable(view: View, offset: number) {
  const named = view.nameAt(offset)
  return named && view.isDefined(named.kind, named.text) ? named : undefined
}

const NAMES: Readonly<Record<ItemKind, { readonly pattern: RegExp; readonly rule: string }>> = {
  macro: {
    pattern: /^[a-zA-Z][a-zA-Z0-9_]*$/,
    rule: 'The name of a macro has letters, digits and _, and begins with a letter.',
  },
  list: {
    pattern: /^[^()"'\s=,#:[\]{}]+$/,
    rule: 'The name of a list has no blanks, quotes, parentheses, commas or =.',
  },
  rule: {
    pattern: /^[^\n:#"'[\]{}]*[^\s:#"'[\]{}]$/,
    rule: 'The name of a rule is one line without quotes, colons and brackets.',
  },
}

/** The edits of a renaming, or why the name will not do. */
export function rename(view: View, offset: number, to: string): readonly Target[] | string {
  const named = renamable(view, offset)
  if (!named) return 'There is no rule, macro or list here.'
  const { pattern, rule } = NAMES[named.kind]
  if (!pattern.test(to)) return rule
  const isTaken = [...view.sharers(named.kind, named.text)].some(({ rules }) =>
    rules.definitions.has(`${named.kind} ${to}`),
  )
  if (to !== named.text && isTaken) return `There is a ${named.kind} ${to} already.`
  return view.references(named.kind, named.text)
}
