/** For tools that analyse rules and conditions: the results of the loading stages, and the reference semantics. */
export { outputKeys } from './alert/alerts.ts'
export { withoutPrefix } from './alert/parse-alert.ts'
export { parseTemplate } from './alert/template.ts'
export { clauseKey, scalarKey } from './bytecode/canonical.ts'
export { clauseCost } from './bytecode/cost.ts'
export { compareValues, evaluateClause, evaluateTree } from './bytecode/evaluate-tree.ts'
export { lower } from './bytecode/lower.ts'
export type { Clause, Expr, Node } from './bytecode/tree.ts'
export { enlarged, itemText, lackingItem } from './bytecode/variants.ts'
export type { Check, Condition, FieldOperand, Operand } from './condition/ast.ts'
export {
  type Kind,
  MODIFIERS,
  OPERATORS,
  type OperatorName,
  parseOperator,
  spellings,
} from './condition/operators.ts'
export { parseCondition } from './condition/parse.ts'
export { printCondition, printOperand } from './condition/print.ts'
export { TRANSFORMER_NAMES, TRANSFORMERS, VAL } from './condition/transformers.ts'
export { fieldsIn, fieldsOf, isList, map, walk, walkOperands } from './condition/walk.ts'
export type { Analysis, Foundation } from './engine/analysis.ts'
export type { CompiledRule } from './engine/compiled-rule.ts'
export { explainRule } from './engine/explain-rule.ts'
export { holdsWith } from './explain/coverage.ts'
export { visitDeciding } from './explain/deciding.ts'
export { clientAt, parseAddress, printAddress } from './fields/address.ts'
export { type FieldTable, fieldTable, type ResolvedField } from './fields/table.ts'
export { TYPES } from './fields/types.ts'
export { isItems } from './rules/exceptions.ts'
export type { ExceptionItem, Item, ListItem, MacroItem, RuleItem } from './rules/item.ts'
export type { ReadFile } from './rules/read.ts'
export { unusedIn } from './rules/report.ts'
export type { Resolution } from './rules/resolve.ts'
export { TOO_MANY_PARTS, tooManyParts } from './rules/yaml-size.ts'
export { MappedText } from './text/mapped.ts'
