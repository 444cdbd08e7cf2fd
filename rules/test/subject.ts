import { expect, test } from 'vitest'
import type { Case } from '../../scripts/testing/cases.ts'

export interface Subject {
  readonly rule: string
  readonly fires: boolean
}

/** What a case is about: its title is `RULE, fires: WHY` or `RULE, stays: WHY`. */
export function subjectOf({ title, at }: Case): Subject {
  const [, rule, verb] = /^(.+), (fires|stays): ./.exec(title) ?? []
  if (rule === undefined) throw new Error(`${at}: not the title of a case: ${title}`)
  return { rule, fires: verb === 'fires' }
}

/** Defines tests: each rule has cases of both kinds, and each case is about a rule. */
export function testSubjects(rules: readonly { readonly name: string }[], subjects: readonly Subject[]): void {
  test.each(rules)('$name has a case in which it fires, and one in which it does not', ({ name }) => {
    const own = subjects.filter(({ rule }) => rule === name)
    expect(own.some(({ fires }) => fires)).toBe(true)
    expect(own.some(({ fires }) => !fires)).toBe(true)
  })

  test('cases are about rules that exist', () => {
    const names = new Set(rules.map(rule => rule.name))
    expect(subjects.map(({ rule }) => rule).filter(rule => !names.has(rule))).toEqual([])
  })
}
