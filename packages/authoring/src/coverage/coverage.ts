import type { Coverage, Place } from '@falc/engine'
import type { CompiledRule } from '@falc/engine/analysis'

/** A part of a rule, and whether the events of the tests need it. */
export interface CoveredPart {
  readonly rule: string
  /** An exception is a check that one of the rule's exceptions adds; for the others see `CheckCoverage`. */
  readonly kind: 'check' | 'item' | 'bound' | 'exception'
  readonly text: string
  readonly place: Place | undefined
  /** See `CheckCoverage`. */
  readonly held: number
  readonly failed: number
  readonly covered: boolean
}

/** Coverage of rules by tests, separately for each exception. @param rules those that were covered, of any source */
export function coverageOf(coverage: Coverage, rules: readonly CompiledRule[]): CoveredPart[] {
  const exceptions = new Map(rules.map(({ rule }) => [rule.name, rule.exceptions.map(({ place }) => place)]))
  return coverage.checks().map(({ tested, ...part }) => {
    const { rule, kind, place } = part
    const isException = kind === 'check' && place && exceptions.get(rule)?.some(whole => isWithin(place, whole))
    return { ...part, kind: isException ? 'exception' : kind, covered: tested }
  })
}

/** Coverage by the tests of several files: a part that occurs several times counts once, with the events of all. */
export function mergedCoverage(parts: readonly CoveredPart[]): CoveredPart[] {
  const groups = Map.groupBy(parts, ({ rule, kind, text, place }) => JSON.stringify([rule, kind, text, place]))
  return [...groups.values()].map(group => {
    const [first] = group
    const held = group.reduce((sum, part) => sum + part.held, 0)
    const failed = group.reduce((sum, part) => sum + part.failed, 0)
    const isCheck = first!.kind === 'check' || first!.kind === 'exception'
    return { ...first!, held, failed, covered: held > 0 && (!isCheck || failed > 0) }
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
