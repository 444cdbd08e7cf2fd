import type { Kind, OperatorName } from '../condition/operators.ts'
import type { ComparedOperator } from '../fields/compare.ts'
import type { Scalar } from '../fields/field.ts'
import { TYPES } from '../fields/types.ts'
import type { Assembler, Loaded } from './assembler.ts'
import { type Comparison, canonical, scalarKey } from './canonical.ts'
import type { Constant, TestConstant } from './constants.ts'
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
    // `regex` compares with constants only.
    const comparison: Constant = { kind: 'comparison', of: kind, op: op as ComparedOperator, list: left.list }
    assembler.emit(Op.compare, a, b, add(assembler, comparison))
    return
  }
  const comparison = canonical(clause, left.list)
  const { modifier } = comparison
  const countless = modifier === undefined || (modifier === 'anyof' && comparison.op !== '!=')
  if (!countless) emitCount(a, kind, comparison, assembler)
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

/** The modifier says for how many of the values the operator must hold. */
function emitCount(a: number, of: Kind, { op, modifier, values }: Comparison, assembler: Assembler): void {
  const negated = op === '!='
  const tests = values.map(value => testOf(of, negated ? '=' : op, [value]))
  assembler.emit(Op.count, a, add(assembler, { kind: 'count', modifier: modifier!, negated, tests }))
}

/** The operator must hold for one of the values. */
function emitComparison(a: number, of: Kind, left: Expr, { op, values }: Comparison, assembler: Assembler): void {
  const plain = values.length === 1 && !left.list && !left.anyOf ? plainInstruction(of, left, op) : undefined
  if (plain !== undefined) assembler.emit(plain, a, add(assembler, scalarConstant(values[0]!)))
  else {
    const every = left.list && op === 'in'
    const instruction = every ? Op.all : left.list || left.anyOf ? Op.any : Op.test
    assembler.emit(instruction, a, add(assembler, testOf(of, op, values)))
  }
}

type Instructions = Partial<Record<OperatorName, OpCode>>
const OF_TEXT: Instructions = { '=': Op.eq, contains: Op.contains, startswith: Op.prefix, endswith: Op.suffix }
const OF_NUMBER: Instructions = { '=': Op.eq, '<': Op.lt, '<=': Op.le, '>': Op.gt, '>=': Op.ge }
const OF_WIDE_NUMBER: Instructions = { ...OF_NUMBER, '=': Op.eqn }
const OF_BOOL: Instructions = { '=': Op.eq }

/** The instruction that compares with a single value directly; undefined: it takes a prepared test. */
function plainInstruction(of: Kind, left: Expr, op: OperatorName): OpCode | undefined {
  switch (of) {
    case 'text':
      return OF_TEXT[op]
    case 'bool':
      return OF_BOOL[op]
    case 'number':
      return (TYPES[left.type].bits === 64 ? OF_WIDE_NUMBER : OF_NUMBER)[op]
    default:
      return undefined
  }
}

function testOf(of: Kind, op: OperatorName, values: readonly Scalar[]): TestConstant {
  return { kind: 'test', of, op, values }
}

function scalarConstant(value: Scalar): Constant {
  if (typeof value === 'string') return { kind: 'text', value }
  if (typeof value === 'boolean') return { kind: 'bool', value }
  return { kind: 'number', value: value as number | bigint }
}

function add(assembler: Assembler, constant: Constant): number {
  return assembler.constant(constantKey(constant), constant)
}

/** A text that only equal constants share. */
function constantKey(constant: Constant): string {
  return JSON.stringify(constant, (_, v: unknown) =>
    typeof v === 'bigint' ? `n${v}` : v instanceof Uint8Array ? scalarKey(v) : v,
  )
}
