import type { Check, LiteralOperand } from '../condition/ast.ts'
import type { OperatorName } from '../condition/operators.ts'
import { TRANSFORMER_NAMES, VAL } from '../condition/transformers.ts'
import type { FieldTable, ResolvedField } from '../fields/table.ts'
import type { Place, Span } from '../text/span.ts'

/** Something in a condition that is valid, but probably not what was meant. */
export interface ConditionWarning {
  readonly code: 'regex' | 'field-value' | 'transformer-value' | 'removed-field'
  readonly message: string
  readonly span: Span | undefined
  readonly place: Place | undefined
}

/** Warns about values that look like something else. */
export function valueWarnings(
  literal: LiteralOperand,
  op: OperatorName,
  table: FieldTable,
  check: Check,
): ConditionWarning[] {
  const warnings: ConditionWarning[] = []
  const at = { span: literal.span ?? check.span, place: check.place }
  const { text } = literal
  const bare = text.replace(/\s+/g, '')
  if (op === 'regex' && isPlainRegex(text))
    warnings.push({
      ...{ code: 'regex', ...at },
      message: `regex check with '${text}' may be optimized with simpler operators such as '=', 'contains', 'startswith', 'endswith'`,
    })
  if (isField(bare, table))
    warnings.push({
      ...{ code: 'field-value', ...at },
      message: `'${text}' may be a valid field misused as a const string value`,
    })
  if ([VAL, ...TRANSFORMER_NAMES].some(name => bare.startsWith(`${name}(`) && bare.endsWith(')')))
    warnings.push({
      ...{ code: 'transformer-value', ...at },
      message: `'${text}' may be a valid field transformer misused as a const string value`,
    })
  return warnings
}

/** Warns about a field that is accepted only for old rules. */
export function warnOfField(field: ResolvedField, check: Check): ConditionWarning[] {
  if (!field.def.removed) return []
  const message = `field '${field.text}' was removed from Falco and is always absent`
  return [{ code: 'removed-field', message, span: check.span, place: check.place }]
}

/** Whether a pattern is plain text with an optional anchor or `.*` at either end, so that a plain operator would do. */
function isPlainRegex(pattern: string): boolean {
  const core = /^(?:\^|\.[+*?])?([\s\S]*?)(?:\$|\.[+*?])?$/.exec(pattern)?.[1]
  return core !== undefined && !/[.+*?^$()[\]{}|\\]/.test(core)
}

function isField(text: string, table: FieldTable): boolean {
  const match = /^([a-zA-Z]\w*(?:\.[\w-]+)+)(?:\[(?:"([^"]*)"|'([^']*)'|([^\]]*))\])?$/.exec(text)
  if (!match) return false
  const field = table.lookup(match[1]!, match[2] ?? match[3] ?? match[4])
  return field !== undefined && table.has(field.name)
}
