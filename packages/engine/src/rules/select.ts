import type { RuleSelection } from './rule.ts'

/** Whether the whole name fits a pattern in which `*` stands for any text; takes at most length × length steps. */
export function matchesWildcard(pattern: string, name: string): boolean {
  let p = 0
  let n = 0
  let star = -1
  let after = 0
  while (n < name.length) {
    if (pattern[p] === '*') {
      star = p++
      after = n
    } else if (pattern[p] === name[n]) {
      p++
      n++
    } else if (star >= 0) {
      // The last star takes one more.
      p = star + 1
      n = ++after
    } else {
      return false
    }
  }
  while (pattern[p] === '*') p++
  return p === pattern.length
}

/** Whether a rule is on: as it says itself, unless a selection matches; of those the last one counts. */
export function isSelected(
  rule: { readonly name: string; readonly tags: readonly string[]; readonly enabled: boolean },
  selections: readonly RuleSelection[],
): boolean {
  const last = selections.findLast(
    ({ rule: pattern, tag }) =>
      (pattern !== undefined || tag !== undefined) &&
      (pattern === undefined || matchesWildcard(pattern, rule.name)) &&
      (tag === undefined || rule.tags.includes(tag)),
  )
  return last ? last.op === 'enable' : rule.enabled
}
