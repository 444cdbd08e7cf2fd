/** A rule's condition, clause by clause: the position of each, and its result as far as an alert shows it. */
import type { AlertData, Condition, LoadedRule, Operand, Source } from '@falc/engine'
import {
  evaluateTree,
  type FieldTable,
  fieldTable,
  lower,
  type Node,
  outputKeys,
  printCondition,
} from '@falc/engine/analysis'
import type { Clause, Why, WhyClause } from './shapes/index.ts'

type Checked<T> = T extends { kind: 'check' } ? T : never
type Check = Checked<Condition>

/** @param extra more about each node */
function clauseOf<T extends Clause>(
  node: Condition,
  rule: LoadedRule,
  extra: (node: Condition, inner: T[]) => object,
): T {
  const inner = node.kind === 'not' ? [node.child] : 'children' in node ? node.children : []
  const children = inner.map(child => clauseOf<T>(child, rule, extra))
  const { place, macro } = node
  const exception = node.kind === 'not' ? exceptionOf(node, rule) : undefined
  return {
    kind: node.kind === 'macro' ? 'check' : node.kind,
    ...(node.kind === 'check' && { text: printCondition(node) }),
    ...(macro !== undefined && { macro }),
    ...(place && { place: { file: place.file, line: place.line, column: place.column } }),
    ...(exception !== undefined && { exception }),
    ...(children.length > 0 && { children }),
    ...extra(node, children),
  } as unknown as T
}

/** The condition of a rule, with the place of each clause. */
export const clausesOf = (rule: LoadedRule): Clause => clauseOf<Clause>(rule.condition, rule, () => ({}))

/** The exception that a negation comes from. */
function exceptionOf(node: Condition, { exceptions }: LoadedRule): string | undefined {
  const place = placeIn(node)
  const isIn = (at: { file: string; offset: number; length: number }) =>
    place && place.file === at.file && place.offset >= at.offset && place.offset < at.offset + Math.max(1, at.length)
  return exceptions.find(exception => isIn(exception.place))?.name
}

function placeIn(node: Condition): Condition['place'] {
  if (node.place) return node.place
  if (node.kind === 'not') return placeIn(node.child)
  return 'children' in node ? placeIn(node.children[0]!) : undefined
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] }

/**
 * Why a rule raised an alert. Clauses about fields that the alert has are evaluated. Others follow from the fact that the rule has fired:
 * of an `and` each part holds, of an `or` the last one that can.
 * @param source `alerts` with the fields that only conditions may name
 */
export function explainAlert(
  rule: LoadedRule,
  { condition_fields, ...told }: AlertData,
  source: Source<AlertData>,
): Why {
  const table = fieldTable(source)
  const alert = { ...told, output_fields: { ...condition_fields, ...told.output_fields } }
  const condition = clauseOf<WhyClause>(rule.condition, rule, (node, children) => {
    if (node.kind === 'check') return truthOf(node, alert, table)
    const truth = joined(
      node.kind,
      children.map(child => child.truth),
    )
    return { truth, ...(truth !== null && { by: 'value' }) }
  })
  const possible = condition.truth !== false
  if (possible) demand(condition, true)
  return { rule: rule.name, from: condition_fields ? 'recorded' : 'alert', condition, possible }
}

function joined(kind: Condition['kind'], truths: readonly (boolean | null)[]): boolean | null {
  if (kind === 'not') return truths[0] === null ? null : !truths[0]
  const deciding = kind === 'or'
  if (truths.includes(deciding)) return deciding
  return truths.includes(null) ? null : !deciding
}

function truthOf(check: Check, alert: AlertData, table: FieldTable): Pick<WhyClause, 'truth' | 'by' | 'value'> {
  let node: Node
  try {
    node = lower(check, table).node
  } catch {
    // A field that only rules can read.
    return { truth: null }
  }
  const value = shownValue(check.left, alert)
  const shown = value !== undefined && { value }
  if (node.kind === 'const') return { truth: node.value, by: 'value', ...shown }
  const known = node.kind === 'clause' && node.clause.fields.every(field => isTold(alert, field))
  return known ? { truth: evaluateTree(node, alert), by: 'value', ...shown } : { truth: null, ...shown }
}

type Field = Parameters<typeof outputKeys>[0]

/** Whether an alert shows a field's value, or that it is absent. */
function isTold(alert: AlertData, field: Field): boolean {
  const keys = outputKeys(field)
  if (keys === undefined) return true
  const key = keys.find(one => Object.hasOwn(alert.output_fields, one))
  if (key === undefined) return false
  // A value with a special printed form, such as flags, is not a value of the field's type.
  return alert.output_fields[key] === null || field.def.extract(alert, field.arg) !== undefined
}

function shownValue(left: Operand, { output_fields }: AlertData): string | undefined {
  if (left.kind !== 'field') return undefined
  const { name, arg } = left
  const keys = arg === undefined ? [name] : [`${name}[${arg}]`, `${name}.${arg}`]
  const key = keys.find(one => Object.hasOwn(output_fields, one))
  if (key === undefined) return undefined
  const value = output_fields[key]
  return value === null ? '<NA>' : Array.isArray(value) ? `(${value.join(',')})` : String(value)
}

/** A node must be true or false: what follows for those below it. */
function demand(node: Mutable<WhyClause>, truth: boolean): void {
  if (node.truth === null) {
    node.truth = truth
    node.by = 'deduced'
  }
  const children = node.children ?? []
  if (node.kind === 'not') demand(children[0]!, !truth)
  if (node.kind === 'not' || node.kind === 'check' || node.truth !== truth) return
  // All parts of an `and` that holds, and of an `or` that does not.
  if ((node.kind === 'and') === truth) for (const child of children) demand(child, truth)
  else {
    const able = children.filter(child => child.truth !== !truth)
    if (able.length === 1) demand(able[0]!, truth)
  }
}
