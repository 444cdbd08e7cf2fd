import type { RuleSelection } from './rule.ts'

/** Whether the whole name matches a pattern in which `*` matches any text. Time: at most the product of the lengths. */
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
      // Extend the match of the last star by one.
      p = star + 1
      n = ++after
    } else {
      return false
    }
  }
  while (pattern[p] === '*') p++
  return p === pattern.length
}

/** Whether a rule is enabled: the last selection that matches decides, otherwise the rule's own `enabled`. */
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
