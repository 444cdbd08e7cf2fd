import type { Check, Condition, FieldOperand, Operand } from './ast.ts'

/** Calls `visit` on every node, a parent before its children, from left to right. */
export function walk(condition: Condition, visit: (node: Condition) => void): void {
  const stack: Condition[] = [condition]
  for (let node = stack.pop(); node; node = stack.pop()) {
    visit(node)
    if (node.kind === 'not') stack.push(node.child)
    else if (node.kind === 'and' || node.kind === 'or')
      for (let i = node.children.length - 1; i >= 0; i--) stack.push(node.children[i]!)
  }
}

/** The condition with each node replaced by what `change` makes of it, children first; unchanged parts are shared. */
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

/** Calls `visit` on every operand of a check, the parts of transformers included. */
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

/** Every field that the condition names, on either side, in transformers too. */
export function fieldsOf(condition: Condition): FieldOperand[] {
  const fields: FieldOperand[] = []
  walk(condition, node => {
    if (node.kind === 'check') walkOperands(node, o => void (o.kind === 'field' && fields.push(o)))
  })
  return fields
}

/** `Array.isArray` for operands: it does not narrow readonly arrays by itself. */
export function isList(operand: Operand | readonly Operand[] | undefined): operand is readonly Operand[] {
  return Array.isArray(operand)
}
