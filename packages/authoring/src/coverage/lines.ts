import type { CoveredPart } from './coverage.ts'

/** A line of a rules file with parts of rules. */
export interface CoveredLine {
  /** All parts on it decide in some rule: a line of a macro serves several. */
  readonly isHit: boolean
  /** The parts that decide in no rule, as `kind text`. */
  readonly open: readonly string[]
}

/** By file and by line, from 1, in order. */
export function linesOf(parts: readonly CoveredPart[]): Map<string, Map<number, CoveredLine>> {
  const files = Map.groupBy(
    parts.filter(({ place }) => place),
    ({ place }) => place!.file,
  )
  return new Map(
    [...files].map(([file, own]) => {
      const lines = [...Map.groupBy(own, ({ place }) => place!.line)].sort(([a], [b]) => a - b)
      return [file, new Map(lines.map(([line, here]) => [line, lineOf(here)]))]
    }),
  )
}

function lineOf(parts: readonly CoveredPart[]): CoveredLine {
  const covered = new Map<string, boolean>()
  for (const part of parts) {
    const key = `${part.kind} ${part.text}`
    covered.set(key, part.covered || covered.get(key) === true)
  }
  const open = [...covered].filter(([, isCovered]) => !isCovered).map(([key]) => key)
  return { isHit: open.length === 0, open }
}
