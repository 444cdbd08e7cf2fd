import { Engine, formatResult, formatSummary, type LoadedRule, type LoadReport } from '@falc/engine'
import { judgementOf } from '@falc/sources-k8saudit'
import { CliError } from '../fail.ts'
import type { RulesFile } from './files.ts'
import type { CompileOptions, EngineParts } from './options.ts'
import type { RulesetNotes } from './ruleset-cache.ts'

export interface Compiled {
  readonly engine: Engine
  readonly report: LoadReport
}

/** A new engine with its rules loaded. `report.ok` is false when a file is invalid. */
export function makeEngine(options: CompileOptions, parts: EngineParts, files: readonly RulesFile[]): Compiled {
  const { sources, onError } = parts
  const engine = new Engine({ ...options, sources, ...(onError && { onError }) })
  return { engine, report: engine.load(files) }
}

/** A new engine with valid rules. @throws {CliError} with the report on every invalid file */
export function loadEngine(options: CompileOptions, parts: EngineParts, files: readonly RulesFile[]): Compiled {
  const compiled = makeEngine(options, parts, files)
  if (compiled.report.ok) return compiled
  const invalid = compiled.report.files.filter(file => file.errors.length > 0)
  throw new CliError(invalid.map(file => formatResult(file).trimEnd()).join('\n'))
}

/** The properties of the loaded rules that a run needs, as plain data. */
export function notesOf({ rules, files }: LoadReport): RulesetNotes {
  return {
    rules: rules.map(({ name, source, priority, tags, enabled, condition }) => ({
      ...{ name, source, priority, tags, enabled },
      ...(source === 'k8s_audit' && { admission: judgementOf(condition) }),
    })),
    captureDurations: [...captureDurations(rules)].map(([rule, ns]) => [rule, String(ns)] as const),
    warnings: files
      .filter(file => file.warnings.length > 0)
      .map(file => ({ summary: formatSummary(file).trimEnd(), full: formatResult(file).trimEnd() })),
  }
}

/** Nanoseconds by name of the rules that ask for a capture; 0n = the default. */
function captureDurations(rules: readonly LoadedRule[]): Map<string, bigint> {
  return new Map(
    rules
      .filter(({ capture }) => capture)
      .map(({ name, captureDuration }) => [name, BigInt(captureDuration) * 1_000_000n]),
  )
}
