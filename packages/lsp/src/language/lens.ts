import { keysOf, type Range } from '../document/outline.ts'
import type { View } from '../workspace/view.ts'

export interface Lens extends Range {
  readonly title: string
  /** URIs of test files. */
  readonly files: readonly string[]
}

/** Above each rule that test files name. */
export function lensesOf(view: View): Lens[] {
  const named = new Map<string, string[]>()
  for (const { uri, rules } of view.tests.values())
    for (const name of new Set(keysOf(rules.text).map(({ text }) => text)))
      named.set(name, [...(named.get(name) ?? []), uri])
  return view.rules.items.flatMap(({ kind, name }) => {
    const files = kind === 'rule' ? named.get(name.text) : undefined
    const title = files?.length === 1 ? 'Run tests' : `Run tests of ${files?.length} files`
    return files ? [{ title, files, from: name.from, to: name.to }] : []
  })
}
