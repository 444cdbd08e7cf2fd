import type { Edit, Finding, Fix } from './check.ts'

/** A text after edits, and the number of findings that were fixed. */
export interface Fixed {
  readonly text: string
  readonly count: number
}

/** Applies the fixes of findings in one file. Of two that overlap the first one is applied; the other waits for the next pass. */
export function applyFixes(text: string, findings: readonly Finding[], grades: ReadonlySet<Fix['grade']>): Fixed {
  const chosen: Edit[] = []
  let count = 0
  for (const { fix } of findings) {
    if (!fix || !grades.has(fix.grade) || fix.edits.some(edit => chosen.some(other => overlap(edit, other)))) continue
    chosen.push(...fix.edits)
    count++
  }
  const ordered = chosen.toSorted((a, b) => b.place.offset - a.place.offset)
  const fixed = ordered.reduce(
    (result, { place: { offset, length }, text: insert }) =>
      result.slice(0, offset) + insert + result.slice(offset + length),
    text,
  )
  return { text: fixed, count }
}

function overlap({ place: a }: Edit, { place: b }: Edit): boolean {
  return a.offset < b.offset + b.length && b.offset < a.offset + a.length
}
