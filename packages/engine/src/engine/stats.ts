import type { Priority } from '../rules/priority.ts'
import type { SourceRules } from './source-rules.ts'

/** Counts since the rules were loaded. */
export interface EngineStats {
  readonly events: number
  readonly matches: number
  /** Rules that matched, in the order of definition. */
  readonly rules: readonly {
    readonly rule: string
    readonly source: string
    readonly priority: Priority
    readonly count: number
  }[]
  readonly priorities: Readonly<Partial<Record<Priority, number>>>
  /** Extractions that threw or returned a value of another type than declared, by field (`onError` says more); such fields are absent. */
  readonly extractErrors: Readonly<Record<string, number>>
  /** Absent output fields of alerts by reason, if the source knows it. */
  readonly absences: Readonly<Record<string, number>>
  /** Events that were dropped because `eventType` or a scope of their source threw; also under `event` in extractErrors. */
  readonly failedEvents: number
  /** Events that results kept on threads and other objects decided, without reading a field. */
  readonly decided: number
  /** How often a table of rule sets was full and was cleared. */
  readonly evictions: number
}

export function statsOf(sources: readonly SourceRules[]): EngineStats {
  const rules: EngineStats['rules'][number][] = []
  const priorities: Partial<Record<Priority, number>> = {}
  const errors = new Map<string, number>()
  const absences = new Map<string, number>()
  for (const source of sources) {
    source.plans.forEach(({ rule, priority, source: name }, i) => {
      const count = source.counts[i]!
      if (count === 0) return
      rules.push({ rule, source: name, priority, count })
      priorities[priority] = (priorities[priority] ?? 0) + count
    })
    for (const [why, count] of source.absences) absences.set(why, (absences.get(why) ?? 0) + count)
    for (const [field, count] of source.errors.counts) errors.set(field, (errors.get(field) ?? 0) + count)
  }
  const sum = (of: (source: SourceRules) => number) => sources.reduce((n, source) => n + of(source), 0)
  return {
    events: sum(source => source.events),
    matches: rules.reduce((n, rule) => n + rule.count, 0),
    rules,
    priorities,
    extractErrors: Object.fromEntries(errors),
    absences: Object.fromEntries(absences),
    failedEvents: sum(source => source.failedEvents),
    decided: sum(source => source.ruleset.decided),
    evictions: sum(source => source.ruleset.evictions),
  }
}
