import type { Range } from '../document/outline.ts'
import type { View } from '../workspace/view.ts'

export interface Lens extends Range {
  readonly title: string
  /** URIs of test files. */
  readonly files: readonly string[]
}

/** Above each rule that test files name. */
export function lensesOf(view: View, tests: ReadonlyMap<string, string>): Lens[] {
  if (tests.size === 0) return []
  const named = new Map<string, string[]>()
  for (const [uri, text] of tests) for (const name of namesIn(text)) named.set(name, [...(named.get(name) ?? []), uri])
  return view.rules.items.flatMap(({ kind, name }) => {
    const files = kind === 'rule' ? named.get(name.text) : undefined
    const title = files?.length === 1 ? 'Run tests' : `Run tests of ${files?.length} files`
    return files ? [{ title, files, from: name.from, to: name.to }] : []
  })
}

/** All keys of a test file, among which are the rules that it expects to alert. */
function namesIn(text: string): ReadonlySet<string> {
  return new Set(
    [...text.matchAll(/(?:^|[{,])[ \t]*["']?([^\s"'{},:#][^"'{},:\n]*?)["']?[ \t]*:(?=\s)/gm)].map(([, name]) => name!),
  )
}
