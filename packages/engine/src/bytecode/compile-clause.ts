import type { Scalar } from '../fields/field.ts'
import { type Kind, TYPES } from '../fields/types.ts'
import type { Assembler, Loaded } from './assembler.ts'
import { type Comparison, canonical, scalarKey } from './canonical.ts'
import type { Constant } from './constants.ts'
import { Op, type OpCode } from './opcodes.ts'
import type { Clause, Expr } from './tree.ts'

/** Emits a clause: its operands into registers, then the instruction that compares. Leaves its truth in t. */
export function emitClause(clause: Clause, assembler: Assembler, loaded: Loaded): void {
  const { left, op } = clause
  const a = emitOperand(left, assembler, loaded)
  if (op === 'exists') {
    assembler.emit(Op.exists, a)
    return
  }
  const kind = TYPES[left.type].kind
  if (clause.right) {
    const b = emitOperand(clause.right, assembler, loaded)
    const comparison: Constant = { kind: 'comparison', of: kind, op, list: left.list }
    assembler.emit(Op.compare, a, b, add(assembler, comparison))
    return
  }
  const comparison = canonical(clause, left.list)
  if (comparison.modifier !== undefined) emitModifier(a, kind, left, comparison, assembler)
  else if (comparison.op !== '!=') emitComparison(a, kind, left, comparison, assembler)
  else {
    emitComparison(a, kind, left, { ...comparison, op: '=' }, assembler)
    assembler.emit(Op.differs, a)
  }
}

/** Fills the register of an operand and returns it. */
function emitOperand(expr: Expr, assembler: Assembler, loaded: Loaded): number {
  const register = assembler.register(expr.key, expr.kind === 'field' ? expr.field : undefined)
  if (loaded.has(register)) return register
  switch (expr.kind) {
    case 'field':
      assembler.emit(Op.field, register)
      break
    case 'literal':
      assembler.emit(Op.load, register, add(assembler, { kind: 'text', value: expr.value }))
      break
    case 'tuple': {
      const values = expr.items.map(item => emitOperand(item, assembler, loaded))
      assembler.emit(Op.tuple, register, add(assembler, { kind: 'registers', values }))
      break
    }
    case 'transform': {
      const registers = expr.args.map(arg => emitOperand(arg, assembler, loaded))
      const { name, option } = expr
      assembler.emit(Op.apply, register, add(assembler, { kind: 'transform', name, registers, option }))
    }
  }
  loaded.add(register)
  return register
}

function emitModifier(
  a: number,
  of: Kind,
  left: Expr,
  { op, modifier, values }: Comparison,
  assembler: Assembler,
): void {
  if (op === 'startswith' && modifier === 'anyof' && of === 'text') {
    assembler.emit(left.anyOf ? Op.any : Op.test, a, add(assembler, { kind: 'prefixes', values: values as string[] }))
    return
  }
  const negated = op === '!='
  const tests = values.map(value => testOf(of, negated ? '=' : op, [value]))
  assembler.emit(Op.count, a, add(assembler, { kind: 'count', modifier: modifier!, negated, tests }))
}

function emitComparison(a: number, of: Kind, left: Expr, { op, values }: Comparison, assembler: Assembler): void {
  if (left.list || left.anyOf) {
    assembler.emit(left.list && op === 'in' ? Op.all : Op.any, a, add(assembler, testOf(of, op, values)))
    return
  }
  const plain = plainInstruction(of, left, op)
  if (plain !== undefined) assembler.emit(plain, a, add(assembler, scalarConstant(values[0]!)))
  else assembler.emit(Op.test, a, add(assembler, testOf(of, op, values)))
}

/** The instruction that compares with a single value directly; undefined: a prepared test does. */
function plainInstruction(of: Kind, left: Expr, op: Comparison['op']): OpCode | undefined {
  switch (of) {
    case 'text':
      return { '=': Op.eq, contains: Op.contains, startswith: Op.prefix, endswith: Op.suffix }[op as string]
    case 'bool':
      return op === '=' ? Op.eq : undefined
    case 'number':
      if (op === '=') return TYPES[left.type].bits === 64 ? Op.eqn : Op.eq
      return { '<': Op.lt, '<=': Op.le, '>': Op.gt, '>=': Op.ge }[op as string]
    default:
      return undefined
  }
}

function testOf(of: Kind, op: Comparison['op'], values: readonly Scalar[]): Constant {
  switch (op) {
    case '=':
    case 'in':
    case 'intersects':
      return { kind: 'set', of, values }
    case 'pmatch':
      return { kind: 'paths', values: values as string[] }
    default:
      return { kind: 'than', of, op, value: values[0]! }
  }
}

function scalarConstant(value: Scalar): Constant {
  if (typeof value === 'string') return { kind: 'text', value }
  if (typeof value === 'boolean') return { kind: 'bool', value }
  return { kind: 'number', value: value as number | bigint }
}

function add(assembler: Assembler, constant: Constant): number {
  return assembler.constant(constantKey(constant), constant)
}

/** Text that is equal for equal constants only. */
function constantKey(constant: Constant): string {
  return JSON.stringify(constant, (_, v: unknown) =>
    typeof v === 'bigint' ? `n${v}` : v instanceof Uint8Array ? scalarKey(v) : v,
  )
}
