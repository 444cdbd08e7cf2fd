import { requireNode } from './node-version.ts'

export type { Alert, AlertData } from './alert/alert.ts'
export { type AlertsOptions, alerts } from './alert/alerts.ts'
export { compileOutput } from './alert/compile-output.ts'
export { type AlertIdentity, alertId } from './alert/id.ts'
export { escapeLine, type Json, printJson } from './alert/json.ts'
export type { JsonOptions } from './alert/object.ts'
export { packAlert, unpackAlert } from './alert/packed.ts'
export { parseAlert } from './alert/parse-alert.ts'
export { alertJson, alertSize, alertText, writeAlertJson, writeAlertText } from './alert/print.ts'
export type { AlertWords } from './alert/rule-alert.ts'
export { type CompiledCondition, type ConditionOptions, compileCondition } from './bytecode/compile-condition.ts'
export type { Condition, Operand } from './condition/ast.ts'
export { ConditionError } from './condition/error.ts'
export { parseCondition } from './condition/parse.ts'
export { printCondition } from './condition/print.ts'
export type { AppendOutput, AppendOutputFormat } from './engine/append-output.ts'
export { type DescribeOptions, describeRules, type RulesDescription } from './engine/describe.ts'
export { Engine, type RuleUse } from './engine/engine.ts'
export type { FieldUse } from './engine/field-use.ts'
export type { LoadedRule, LoadReport, RulesFile } from './engine/loaded-rule.ts'
export type { EngineOptions, Tuning } from './engine/options.ts'
export { RuleTester, type RuleTesterOptions, RuleTestFailure } from './engine/rule-tester.ts'
export type { RunOptions, RunSource } from './engine/run.ts'
export type { Deferral, EventSieve } from './engine/source-rules.ts'
export type { EngineStats } from './engine/stats.ts'
export type { CheckCoverage, Coverage } from './explain/coverage.ts'
export type { ExplainedNode, Explanation } from './explain/explanation.ts'
export { explanationText } from './explain/explanation-text.ts'
export { encodeBase64 } from './fields/base64.ts'
export { allFields } from './fields/evt.ts'
export type { FieldFailure } from './fields/failures.ts'
export type {
  EarlyFields,
  EventClass,
  EventOf,
  EventTypes,
  FieldDef,
  FieldType,
  Memo,
  MemoHolder,
  Scalar,
  Source,
  SourceDef,
  Value,
} from './fields/field.ts'
export { defineSource } from './fields/field.ts'
export { Regex } from './fields/regex.ts'
export { clockTime, fraction, isoTime, utcTime } from './fields/time.ts'
export { PRIORITIES, PRIORITY_NAMES, type Priority, parsePriority, priorityLevel } from './rules/priority.ts'
export type { PluginVersion, RuleSelection } from './rules/rule.ts'
export { RULE_SCHEMA } from './rules/rule-schema.gen.ts'
export { ENGINE_VERSION } from './rules/version.ts'
export type { Unmatched, UnmatchedClass } from './ruleset/unmatched.ts'
export { ByteSink } from './text/byte-sink.ts'
export { nearest } from './text/did-you-mean.ts'
export { CODES, type Location, type Position, type Problem, type ProblemCode } from './text/problem.ts'
export { type FileResult, formatProblem, formatResult, formatSummary, resultToJSON } from './text/report.ts'
export { snippet } from './text/snippet.ts'
export { SourceText } from './text/source.ts'
export type { Place, Span } from './text/span.ts'

requireNode()
