/**
 * The instruction set.
 *
 * An instruction is four 32-bit words; `pc` counts words:
 *
 *      pc        pc+1      pc+2      pc+3
 *   +---------+---------+---------+---------+
 *   |   op    |    a    |    b    |    c    |
 *   +---------+---------+---------+---------+
 *
 * The machine has
 *   t        the truth register
 *   v[r]     value registers, one per operand of the program; undefined = absent. Filled at most once per event.
 *   k[i]     constants: a text, number or boolean, or a prepared test (constants.ts)
 *   node[n]  truths of subtrees that occur more than once: unknown at the start of each event
 *   memo[s]  truths kept on the event's object of scope s (a thread, an fd): unknown at first, then known until the source
 *            drops the object's memo
 *   a stack of return addresses
 *
 * A program consists of the routines of its roots, then those of the subtrees in node[] and memo[]. Every routine leaves its
 * truth in t and ends with `ret`. Jumps go forward within a routine; calls go to later routines.
 */
export const Op = {
  /** return t to the caller */
  ret: 0,
  /** t := a ≠ 0 */
  const: 1,
  /** t := not t */
  not: 2,
  /** if t goto a */
  jt: 3,
  /** if not t goto a */
  jf: 4,
  /** t := node[a], when known; else call b */
  node: 5,
  /** node[a] := t */
  save: 6,
  /** t := memo[a][b], when known; else call c */
  memo: 7,
  /** memo[a][b] := t */
  keep: 8,
  /** v[a] := the register's field, unless read in this event */
  field: 9,
  /** v[a] := k[b] */
  load: 10,
  /** v[a] := list of the registers k[b], absent when one of them is; unless filled in this event */
  tuple: 11,
  /** v[a] := transformer k[b] of its registers, absent when one of them is; unless filled in this event */
  apply: 12,
  /** t := v[a] is present */
  exists: 13,
  /** t := v[a] = k[b]: a text, a boolean or a number of at most 32 bits */
  eq: 14,
  /** t := v[a] = k[b]: numbers or bigints, by value */
  eqn: 15,
  /** t := v[a] < k[b] (numbers) */
  lt: 16,
  /** t := v[a] ≤ k[b] (numbers) */
  le: 17,
  /** t := v[a] > k[b] (numbers) */
  gt: 18,
  /** t := v[a] ≥ k[b] (numbers) */
  ge: 19,
  /** t := text v[a] begins with k[b] */
  prefix: 20,
  /** t := text v[a] ends with k[b] */
  suffix: 21,
  /** t := text v[a] contains k[b] */
  contains: 22,
  /** t := v[a] passes the test k[b]: a set, a pattern, prefixes, networks … */
  test: 23,
  /** t := some element of v[a] passes k[b]; a scalar is a list of one */
  any: 24,
  /** t := v[a] is present and each of its elements passes k[b] */
  all: 25,
  /** t := some element of v[a] passes, for as many of the tests k[b] as its modifier requires */
  count: 26,
  /** t := v[a] and v[b] compare as k[c] says */
  compare: 27,
  /** t := v[a] is present and not t */
  differs: 28,
} as const

export type OpName = keyof typeof Op
export type OpCode = (typeof Op)[OpName]

/**
 * The kind of an operand word: unused, a number, an address to jump to or to call, a slot of node[], a scope, a slot of memo[], a register,
 * or a constant of some sort.
 */
export type OperandKind = '-' | 'number' | 'jump' | 'call' | 'node' | 'scope' | 'slot' | 'register' | ConstantSort
/** A plain value; a test of elements; a test of a whole operand; a comparison of two; registers; a transformer. */
export type ConstantSort = 'value' | 'test' | 'count' | 'comparison' | 'registers' | 'transform'

export interface OpInfo {
  readonly name: OpName
  readonly operands: readonly [OperandKind, OperandKind, OperandKind]
  /** It is part of a clause: it loads a value or sets t from one. */
  readonly clause: boolean
}

const flow = (name: OpName, a: OperandKind = '-', b: OperandKind = '-', c: OperandKind = '-'): OpInfo => ({
  name,
  operands: [a, b, c],
  clause: false,
})
const value = (name: OpName, b: OperandKind = '-', c: OperandKind = '-'): OpInfo => ({
  name,
  operands: ['register', b, c],
  clause: true,
})

/** What compiler, listing and loader know about each opcode. */
export const OPS: Readonly<Record<OpCode, OpInfo>> = {
  [Op.ret]: flow('ret'),
  [Op.const]: flow('const', 'number'),
  [Op.not]: flow('not'),
  [Op.jt]: flow('jt', 'jump'),
  [Op.jf]: flow('jf', 'jump'),
  [Op.node]: flow('node', 'node', 'call'),
  [Op.save]: flow('save', 'node'),
  [Op.memo]: flow('memo', 'scope', 'slot', 'call'),
  [Op.keep]: flow('keep', 'scope', 'slot'),
  [Op.field]: value('field'),
  [Op.load]: value('load', 'value'),
  [Op.tuple]: value('tuple', 'registers'),
  [Op.apply]: value('apply', 'transform'),
  [Op.exists]: value('exists'),
  [Op.eq]: value('eq', 'value'),
  [Op.eqn]: value('eqn', 'value'),
  [Op.lt]: value('lt', 'value'),
  [Op.le]: value('le', 'value'),
  [Op.gt]: value('gt', 'value'),
  [Op.ge]: value('ge', 'value'),
  [Op.prefix]: value('prefix', 'value'),
  [Op.suffix]: value('suffix', 'value'),
  [Op.contains]: value('contains', 'value'),
  [Op.test]: value('test', 'test'),
  [Op.any]: value('any', 'test'),
  [Op.all]: value('all', 'test'),
  [Op.count]: value('count', 'count'),
  [Op.compare]: value('compare', 'register', 'comparison'),
  [Op.differs]: value('differs'),
}

/** Words per instruction. */
export const WORDS = 4
