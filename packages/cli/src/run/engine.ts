import { Engine, type FieldFailure, formatResult, type LoadReport, type Source } from '@falc/engine'
import type { Config } from '../config/config.ts'
import { CliError } from '../fail.ts'
import { hostname } from './hostname.ts'
import type { RulesFile } from './rules.ts'

export interface EngineSetup {
  readonly config: Config
  readonly sources: readonly Source[]
  readonly backend?: 'vm' | 'jit'
  readonly onError?: (failure: FieldFailure) => void
}

/** A new engine with its rules loaded, or the reasons why not. */
export function makeEngine(setup: EngineSetup, rules: readonly RulesFile[]): { engine: Engine; report: LoadReport } {
  const { config, sources, backend, onError } = setup
  const engine = new Engine({
    sources,
    priority: config.priority,
    ruleMatching: config.ruleMatching,
    ruleSelection: config.ruleSelection,
    appendOutput: config.appendOutput,
    staticFields: config.staticFields,
    hostname: hostname(),
    timeFormatIso8601: config.iso8601,
    ...(backend && { backend }),
    ...(onError && { onError }),
  })
  return { engine, report: engine.load([...rules]) }
}

/** The same for those who need the rules. @throws {CliError} with the report on every invalid file */
export function loadEngine(setup: EngineSetup, rules: readonly RulesFile[]): { engine: Engine; report: LoadReport } {
  const { engine, report } = makeEngine(setup, rules)
  if (report.ok) return { engine, report }
  const invalid = report.files.filter(file => file.errors.length > 0)
  throw new CliError(invalid.map(file => formatResult(file).trimEnd()).join('\n'))
}
