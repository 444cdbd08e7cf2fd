import type { Check, Condition, Operand } from '../condition/ast.ts'
import { isList, walk, walkOperands } from '../condition/walk.ts'
import type { Remark } from './expression.ts'

/** Fields that Falco means to drop. */
export const DEPRECATED_FIELDS: readonly string[] = [
  'evt.dir',
  'evt.latency',
  'evt.latency.s',
  'evt.latency.ns',
  'evt.latency.human',
  'evt.wait_latency',
]
const DEPRECATED: ReadonlySet<string> = new Set(DEPRECATED_FIELDS)
const NA_OPERATORS: ReadonlySet<string> = new Set(['=', '==', '!=', 'in', 'intersects', 'pmatch'])

/** What is worth a warning in a condition whatever its source's fields are: comparisons with <NA>, deprecated fields; each kind once. */
export function warningsOf(condition: Condition): Remark[] {
  const remarks: Remark[] = []
  const said = new Set<string>()
  walk(condition, node => {
    if (node.kind !== 'check') return
    if (!said.has('<NA>') && isUnsafeNaCheck(node)) {
      said.add('<NA>')
      remarks.push(remark(node, 'LOAD_UNSAFE_NA_CHECK', NA_MESSAGE))
    }
    walkOperands(node, operand => {
      if (operand.kind !== 'field' || !DEPRECATED.has(operand.name) || said.has(operand.name)) return
      said.add(operand.name)
      const message = `usage of deprecated field '${operand.name}' has been detected in the rule condition`
      remarks.push({
        ...remark(node, 'LOAD_DEPRECATED_ITEM', message),
        deprecatedField: operand.name,
        ...(operand.span && { span: operand.span }),
      })
    })
  })
  return remarks
}

const NA_MESSAGE =
  'comparing a field value with <NA> is unsafe and can lead to unpredictable behavior of the rule condition: an absent field equals nothing, use the exists operator instead'

function remark(node: Check, code: Remark['code'], message: string): Remark {
  return { code, message, ...(node.span && { span: node.span }), ...(node.place && { place: node.place }) }
}

/** A `ka.*` or `jevt.*` field itself (not transformed) compared with the text <NA>. */
function isUnsafeNaCheck({ left, op, right }: Check): boolean {
  if (left.kind !== 'field' || !/^(?:ka|jevt)\./.test(left.name) || !NA_OPERATORS.has(op) || right === undefined)
    return false
  const values: readonly Operand[] = isList(right) ? right : [right]
  return values.some(value => value.kind === 'literal' && value.text === '<NA>')
}

/** Deprecated fields that an output template prints, in the order of the table. */
export function deprecatedInOutput(output: string): string[] {
  const used = new Set(output.match(/[a-zA-Z][\w]*(?:\.[a-zA-Z]\w*)+/g) ?? [])
  return DEPRECATED_FIELDS.filter(field => used.has(field))
}
