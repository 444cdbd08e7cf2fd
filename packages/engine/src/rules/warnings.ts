import type { Check, Condition, Operand } from '../condition/ast.ts'
import { isList, walk, walkOperands } from '../condition/walk.ts'
import type { ProblemCode } from '../text/problem.ts'
import type { Finding } from './finding.ts'

/** Fields that Falco will drop. */
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

/** Warnings about a condition that do not depend on the source's fields: comparisons with <NA> and deprecated fields, each once. */
export function warningsOf(condition: Condition): Finding[] {
  const findings: Finding[] = []
  const reported = new Set<string>()
  walk(condition, node => {
    if (node.kind !== 'check') return
    if (!reported.has('<NA>') && isUnsafeNaCheck(node)) {
      reported.add('<NA>')
      findings.push(finding(node, 'LOAD_UNSAFE_NA_CHECK', NA_MESSAGE))
    }
    walkOperands(node, operand => {
      if (operand.kind !== 'field' || !DEPRECATED.has(operand.name) || reported.has(operand.name)) return
      reported.add(operand.name)
      const message = `usage of deprecated field '${operand.name}' has been detected in the rule condition`
      findings.push({
        ...finding(node, 'LOAD_DEPRECATED_ITEM', message),
        deprecatedField: operand.name,
        ...(operand.span && { span: operand.span }),
      })
    })
  })
  return findings
}

const NA_MESSAGE =
  'comparing a field value with <NA> is unsafe and can lead to unpredictable behavior of the rule condition: an absent field equals nothing, use the exists operator instead'

function finding(node: Check, code: ProblemCode, message: string): Finding {
  return { code, message, part: 'condition', span: node.span, place: node.place }
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
