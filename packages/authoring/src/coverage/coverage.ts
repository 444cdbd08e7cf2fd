import type { Coverage, Place } from '@falc/engine'
import type { CompiledRule } from '@falc/engine/analysis'

/** A part of a rule, and whether the events of the tests need it. */
export interface CoveredPart {
  readonly rule: string
  /** An exception is a check that one of the rule's exceptions adds; for the others see `CheckCoverage`. */
  readonly kind: 'check' | 'item' | 'bound' | 'exception'
  readonly text: string
  readonly place: Place | undefined
  /** See `CheckCoverage.tested`. */
  readonly covered: boolean
}

/** Coverage of rules by tests, with the exceptions told apart. @param rules those that were covered, of any source */
export function coverageOf(coverage: Coverage, rules: readonly CompiledRule[]): CoveredPart[] {
  const exceptions = new Map(rules.map(({ rule }) => [rule.name, rule.exceptions.map(({ place }) => place)]))
  return coverage.checks().map(({ rule, kind, text, place, tested }) => {
    const isException = kind === 'check' && place && exceptions.get(rule)?.some(whole => isWithin(place, whole))
    return { rule, kind: isException ? 'exception' : kind, text, place, covered: tested }
  })
}

/** Whether a place begins in another one. */
export function isWithin(inner: Place, outer: Place): boolean {
  return inner.file === outer.file && inner.offset >= outer.offset && inner.offset <= outer.offset + outer.length
}

/** From 0 to 1; 1 without parts. */
export function shareOf(parts: readonly CoveredPart[]): number {
  return parts.length === 0 ? 1 : parts.filter(({ covered }) => covered).length / parts.length
}

/** Prints coverage in a format; each ends with a line break. */
export const COVERAGE_REPORTS: Readonly<Record<string, (parts: readonly CoveredPart[]) => string>> = {
  text: textReport,
  json: parts => parts.map(part => `${JSON.stringify(part)}\n`).join(''),
  lcov: lcovReport,
}

function textReport(parts: readonly CoveredPart[]): string {
  const lines = [...Map.groupBy(parts, ({ rule }) => rule)].flatMap(([rule, own]) => {
    const open = own.filter(({ covered }) => !covered)
    const head = `${percent(own)} ${rule}: ${own.length - open.length} of ${own.length} parts decide`
    return [
      head,
      ...open.map(({ kind, text, place }) => {
        const where = place === undefined ? '' : `  ${place.file}:${place.line}:${place.column}`
        return `        ${kind} never decides: ${text}${where}`
      }),
    ]
  })
  return [...lines, `${percent(parts)} of all parts`].map(line => `${line}\n`).join('')
}

function percent(parts: readonly CoveredPart[]): string {
  return `${String(Math.floor(shareOf(parts) * 100)).padStart(3)} %`
}

/** A line counts as hit when all parts that are written on it decide in some rule. */
function lcovReport(parts: readonly CoveredPart[]): string {
  const files = new Map<string, Map<number, Map<string, boolean>>>()
  for (const { place, covered, kind, text } of parts) {
    if (!place) continue
    const lines = files.get(place.file) ?? new Map<number, Map<string, boolean>>()
    files.set(place.file, lines)
    const own = lines.get(place.line) ?? new Map<string, boolean>()
    lines.set(place.line, own)
    const key = `${kind} ${text}`
    own.set(key, covered || own.get(key) === true)
  }
  const records = [...files].map(([file, lines]) => {
    const rows = [...lines]
      .sort(([a], [b]) => a - b)
      .map(([line, own]) => ({ line, hit: [...own.values()].every(Boolean) ? 1 : 0 }))
    const hits = rows.filter(({ hit }) => hit).length
    const data = rows.map(({ line, hit }) => `DA:${line},${hit}\n`).join('')
    return `TN:\nSF:${file}\n${data}LF:${rows.length}\nLH:${hits}\nend_of_record\n`
  })
  return records.join('')
}
