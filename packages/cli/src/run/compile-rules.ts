import { type Engine, formatResult, formatSummary } from '@falc/engine'
import { type EngineSetup, loadEngine } from './engine.ts'
import { captureDurations } from './rule-captures.ts'
import type { RulesFile } from './rules.ts'
import type { RulesetNotes } from './ruleset-cache.ts'

/** @throws {CliError} with the report on every invalid file */
export function compileRules(
  setup: EngineSetup,
  files: readonly RulesFile[],
): { readonly engine: Engine; readonly notes: RulesetNotes } {
  const { engine, report } = loadEngine(setup, files)
  const notes = {
    rules: report.rules.map(({ name, source, priority, tags }) => ({ name, source, priority, tags })),
    captureDurations: [...captureDurations(report.rules)].map(([rule, ns]) => [rule, String(ns)] as const),
    warnings: report.files
      .filter(file => file.warnings.length > 0)
      .map(file => ({ summary: formatSummary(file).trimEnd(), full: formatResult(file).trimEnd() })),
  }
  return { engine, notes }
}
