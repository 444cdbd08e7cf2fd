export type { Alert } from './alert/alert.ts'
export type { CompiledCondition, ConditionOptions } from './bytecode/compile-condition.ts'
export { compileCondition } from './bytecode/compile-condition.ts'
export type { Condition, Operand } from './condition/ast.ts'
export { ConditionError } from './condition/error.ts'
export { parseCondition } from './condition/parse.ts'
export { printCondition } from './condition/print.ts'
export type {
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
export type { Priority } from './rules/priority.ts'
export { PRIORITIES } from './rules/priority.ts'
export type { Place, Span } from './text/span.ts'
