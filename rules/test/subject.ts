import type { Case } from '../../scripts/testing/cases.ts'

/** What a case is about: its title is `RULE, fires: WHY` or `RULE, stays: WHY`. */
export function subjectOf({ title, at }: Case): { rule: string; fires: boolean } {
  const [, rule, verb] = /^(.+), (fires|stays): ./.exec(title) ?? []
  if (rule === undefined) throw new Error(`${at}: not the title of a case: ${title}`)
  return { rule, fires: verb === 'fires' }
}
