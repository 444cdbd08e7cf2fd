import { requireNode } from './node-version.ts'

export type { Alert, AlertData } from './alert/alert.ts'
export type { JsonOptions } from './alert/object.ts'
export { alertJson, alertText } from './alert/print.ts'
export type { Backend } from './bytecode/evaluator.ts'
export { type LoadConditionOptions, type LoadedCondition, loadCondition } from './bytecode/load-condition.ts'
export { ConditionError } from './condition/error.ts'
export type { Detector } from './engine/detector.ts'
export type { RunOptions, RunSource } from './engine/run.ts'
export { loadRuleset, type SavedOptions } from './engine/saved.ts'
export type { Deferral, EventSieve } from './engine/source-rules.ts'
export type { EngineStats } from './engine/stats.ts'
export type { FieldFailure } from './fields/failures.ts'
export type { EventOf, FieldDef, FieldType, MemoHolder, Source, SourceDef, Value } from './fields/field.ts'
export { defineSource } from './fields/field.ts'
export type { Pattern, RegexEngine } from './fields/regex.ts'

requireNode()
