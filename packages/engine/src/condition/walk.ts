import type { Check, Condition, FieldOperand, Operand } from './ast.ts'

/** Calls `visit` for every node, parents before children, from left to right. */
export function walk(condition: Condition, visit: (node: Condition) => void): void {
  const stack: Condition[] = [condition]
  for (let node = stack.pop(); node; node = stack.pop()) {
    visit(node)
    if (node.kind === 'not') stack.push(node.child)
    else if (node.kind === 'and' || node.kind === 'or')
      for (let i = node.children.length - 1; i >= 0; i--) stack.push(node.children[i]!)
  }
}

/** Replaces each node with `change(node)`, children first; unchanged parts are shared. */
export function map(condition: Condition, change: (node: Condition) => Condition): Condition {
  if (condition.kind === 'not') {
    const child = map(condition.child, change)
    return change(child === condition.child ? condition : { ...condition, child })
  }
  if (condition.kind === 'and' || condition.kind === 'or') {
    const children = condition.children.map(child => map(child, change))
    const same = children.every((child, i) => child === condition.children[i])
    return change(same ? condition : { ...condition, children })
  }
  return change(condition)
}

/** Calls `visit` for every operand of a check, including the arguments of transformers. */
export function walkOperands(check: Check, visit: (operand: Operand) => void): void {
  const each = (operand: Operand | readonly Operand[]): void => {
    if (isList(operand)) {
      for (const item of operand) each(item)
      return
    }
    visit(operand)
    if (operand.kind === 'transform') for (const arg of operand.args) each(arg)
  }
  each(check.left)
  if (check.right !== undefined) each(check.right)
}

/** The fields in a condition, on either side of checks and in transformers. */
export function fieldsOf(condition: Condition): FieldOperand[] {
  const fields: FieldOperand[] = []
  walk(condition, node => {
    if (node.kind === 'check') walkOperands(node, o => void (o.kind === 'field' && fields.push(o)))
  })
  return fields
}

/** The fields in an operand or a list of operands, including the arguments of transformers. */
export function fieldsIn(operand: Operand | readonly Operand[]): FieldOperand[] {
  if (isList(operand)) return operand.flatMap(fieldsIn)
  if (operand.kind === 'transform') return operand.args.flatMap(fieldsIn)
  return operand.kind === 'field' ? [operand] : []
}

/** `Array.isArray` for operands, since it does not narrow readonly arrays. */
export function isList(operand: Operand | readonly Operand[] | undefined): operand is readonly Operand[] {
  return Array.isArray(operand)
}
