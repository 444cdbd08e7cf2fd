import type { Place } from '@falc/engine'
import type { ReadFile } from '@falc/engine/analysis'
import type { Finding } from './check.ts'

/** The code of findings about suppressions themselves. */
export const SUPPRESSION = 'suppression'

/** A comment `# falc-lint: allow CODE, CODE: reason`. */
interface Suppression {
  readonly codes: readonly string[]
  readonly reason: string
  readonly place: Place
  /** Offsets that it speaks of. */
  readonly from: number
  readonly to: number
}

const COMMENT =
  /#[ \t]*falc-lint:[ \t]*(allow(?:-file)?)[ \t]+([\w-]+(?:[ \t]*,[ \t]*[\w-]+)*)[ \t]*(?::[ \t]*(.*))?$/gm

/**
 * Drops the findings that comments allow. A comment applies to the item that it is in or directly above; `allow-file` applies to the whole
 * file. A comment without a reason, with an unknown code, or without effect is a finding.
 */
export function applySuppressions(
  findings: readonly Finding[],
  files: readonly ReadFile[],
  known: ReadonlySet<string>,
): Finding[] {
  const kept = new Set(findings)
  const own: Finding[] = []
  for (const file of files)
    for (const { codes, reason, place, from, to } of suppressionsOf(file)) {
      const complain = (message: string) =>
        own.push({
          code: SUPPRESSION,
          severity: 'warning',
          place,
          message,
          advice: 'Write # falc-lint: allow CODE: REASON.',
        })
      if (reason === '') complain('a suppression needs a reason')
      for (const code of codes) {
        const meant = findings.filter(
          one =>
            one.code === code &&
            one.place.file === file.source.name &&
            one.place.offset >= from &&
            one.place.offset < to,
        )
        if (!known.has(code)) complain(`there is no check "${code}"`)
        else if (meant.length === 0) complain(`nothing here is reported as ${code}`)
        if (reason !== '') for (const one of meant) kept.delete(one)
      }
    }
  return [...kept, ...own]
}

function* suppressionsOf({ source, items }: ReadFile): Generator<Suppression> {
  const ranges = items.flatMap(item => {
    const at = 'context' in item ? item.context.locations.at(-1) : undefined
    return at ? [{ from: at.position.offset, to: at.position.offset + at.length + 1 }] : []
  })
  for (const { 0: text, 1: scope, 2: codes, 3: reason = '', index } of source.content.matchAll(COMMENT)) {
    const place = source.place(index, text.trimEnd().length)
    const range = scope === 'allow-file' ? { from: 0, to: source.content.length + 1 } : rangeFor(index)
    yield { codes: codes!.split(',').map(code => code.trim()), reason: reason.trim(), place, ...range }
  }

  function rangeFor(offset: number) {
    // A comment below the last line of an item and above the next belongs to the next, unless it is indented.
    const column = source.place(offset).column
    const inside = column > 1 ? ranges.find(({ from, to }) => offset >= from && offset <= to + 1) : undefined
    return inside ?? ranges.find(({ from }) => from > offset) ?? { from: offset, to: offset }
  }
}
