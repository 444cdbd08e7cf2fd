import type { EngineOptions, FieldFailure, Source } from '@falc/engine'
import type { Config } from '../config/config.ts'
import { hostname } from '../hostname.ts'
import { identity } from '../identity.ts'

/** The engine's options as plain data. */
export type CompileOptions = Omit<EngineOptions, 'sources' | 'onError'>

/** The parts of an engine's options that are code. */
export interface EngineParts {
  readonly sources: readonly Source[]
  readonly onError?: ((failure: FieldFailure) => void) | undefined
}

/** Whether anything reports what conditions have read. */
function keepsConditions({ json_include_condition_fields_property: isPrinted, outputs }: Config): boolean {
  return isPrinted || outputs.some(({ type, enabled }) => enabled && type === 'store')
}

/** The options that falco.yaml asks for. */
export function engineOptions(config: Config, backend?: 'vm' | 'jit'): CompileOptions {
  return {
    priority: config.priority,
    ruleMatching: config.rule_matching,
    ruleSelection: config.rules,
    loadWarnings: config.load_warnings,
    appendOutput: keepsConditions(config)
      ? [...config.append_output, { condition_fields: true }]
      : config.append_output,
    staticFields: config.static_fields,
    hostname: hostname(),
    identity: identity(config.identity),
    timeFormatIso8601: config.time_format_iso_8601,
    ...(backend && { backend }),
  }
}
