import { checked } from '../fields/extract.ts'
import { ExtractErrors } from '../fields/failures.ts'
import type { Value } from '../fields/field.ts'
import { TYPES } from '../fields/types.ts'
import { prepare } from './constants.ts'
import type { Evaluator } from './evaluator.ts'
import { shiftOf, wordOf } from './memo.ts'
import { Op, type OpCode, WORDS } from './opcodes.ts'
import { type Program, routinesOf } from './program.ts'
import { applied, cleared, everyElement, MAX_NOW, someElement, truthsOf, tupleOf } from './vm.ts'

/** What generated code is given besides constants and fields. */
interface Environment {
  readonly constants: readonly unknown[]
  /** Per register: the field's extract function (bound to its declaration) and argument. */
  readonly extracts: readonly unknown[]
  readonly args: readonly unknown[]
  /** Per register with a field: what becomes of a value that is not plainly of its type. */
  readonly check: (register: number, value: unknown, event: unknown) => unknown
  /** Counts what a field's function has thrown. */
  readonly fail: (register: number, error: unknown, event: unknown) => void
  readonly truths: (scope: number, event: unknown) => number[]
  readonly tuple: (values: readonly unknown[]) => unknown
  readonly apply: (constant: unknown, values: readonly unknown[]) => unknown
  readonly some: (value: unknown, test: unknown) => boolean
  readonly every: (value: unknown, test: unknown) => boolean
}

interface Generated {
  begin(event: unknown): void
  test(root: number): boolean
  next(from: number): number
}

/** False where code generation is forbidden: a content security policy, a Node flag. */
export function canGenerate(): boolean {
  try {
    return new Function('return true')() === true
  } catch {
    return false
  }
}

/**
 * Runs a program as JavaScript made of it: one function per routine, instruction by instruction. The text is built from
 * numbers and operand names of this file only; constants and extract functions come in as values, never as text.
 * @throws {EvalError} where code generation is forbidden
 */
export class Jit implements Evaluator {
  readonly backend = 'jit'
  // The generated functions themselves, without a method between.
  readonly begin: (event: unknown) => void
  readonly test: (root: number) => boolean
  readonly next: (from: number) => number

  constructor(program: Program, errors: ExtractErrors = new ExtractErrors()) {
    const make = new Function('env', generate(program)) as (env: Environment) => Generated
    const generated = make(environment(program, errors))
    this.begin = generated.begin
    this.test = generated.test
    this.next = generated.next
  }
}

function environment(program: Program, errors: ExtractErrors): Environment {
  const scratch: number[][] = program.scopes.map(() => [])
  const { registers } = program
  return {
    constants: program.constants.map(prepare),
    extracts: registers.map(field => field?.def.extract.bind(field.def)),
    args: registers.map(field => field?.arg),
    check: (register, value, event) => checked(registers[register]!, value as Value, event, errors),
    fail: (register, error, event) => errors.add(registers[register]!.text, error, event),
    truths: (scope, event) =>
      truthsOf(program, scope, event, errors) ?? (scratch[scope] = cleared(program, scope, scratch[scope]!)),
    tuple: values => tupleOf(values as never),
    apply: (constant, values) => applied(constant as never, values as never),
    some: (value, test) => someElement(value as Value, test as never),
    every: (value, test) => everyElement(value as Value, test as never),
  }
}

/** The text of the generated function's body. */
export function generate(program: Program): string {
  const lines = ['"use strict"']
  program.constants.forEach((_, i) => void lines.push(`const k${i} = env.constants[${i}]`))
  lines.push('const { check, fail, truths, tuple, apply, some, every } = env')
  lines.push('var event, now = 0')
  program.registers.forEach((field, r) => void lines.push(...registerLines(r, field && TYPES[field.type].kind)))
  if (program.nodeCount > 0) lines.push(`const nodes = new Int32Array(${program.nodeCount})`)
  program.scopes.forEach((_, s) => {
    lines.push(`var m${s} = [], o${s} = 0`)
    lines.push(`function h${s}() { o${s} = now; return m${s} = truths(${s}, event) }`)
  })
  for (const [start, end] of routinesOf(program.code)) lines.push(...routineLines(program, start, end))
  const reset = [
    ...program.registers.map((_, r) => `g${r} = 0`),
    ...program.scopes.map((_, s) => `o${s} = 0`),
    ...(program.nodeCount > 0 ? ['nodes.fill(0)'] : []),
  ]
  lines.push(`function begin(e) { event = e; if (++now > ${MAX_NOW}) { now = 1; ${reset.join('; ')} } }`)
  // Switches, not an array of functions: a call that V8 knows costs a quarter of one that it does not (6 against 23 ns).
  const roots = Array.from(program.roots, (pc, i) => `case ${i}: return ${guarded(program, pc)}`)
  lines.push(`function test(root) { switch (root) { ${roots.join('\n')}\n} return false }`)
  const cases = Array.from(program.roots, (pc, i) => `case ${i}: if (${guarded(program, pc)}) return ${i}`)
  lines.push(`function next(from) { switch (from) { ${cases.join('\n')}\n} return -1 }`)
  lines.push('return { begin, test, next }')
  return lines.join('\n')
}

/** A call of a root's routine; where a kept truth decides first, and is known to be false, without the call. */
function guarded(program: Program, pc: number): string {
  const { code } = program
  const after = pc + WORDS
  const end = code[after] === Op.jf ? code[after + 1]! : after
  const decides = code[pc] === Op.memo && code[end] === Op.ret
  if (!decides) return `r${pc}()`
  const [scope, slot] = [code[pc + 1]!, code[pc + 2]!]
  return `(${truthBits(scope, slot)}) !== ${1 << shiftOf(slot)} && r${pc}()`
}

/** The two bits of a kept truth, where they stand in their element. */
function truthBits(scope: number, slot: number): string {
  return `(o${scope} === now ? m${scope} : h${scope}())[${wordOf(slot)}] & ${3 << shiftOf(slot)}`
}

/** A value register with the event in which it was filled, and for a field the function that fills it. */
function registerLines(r: number, kind: string | undefined): string[] {
  const lines = [`var v${r} = undefined, g${r} = 0`]
  if (kind === undefined) return lines
  const plain = { text: 'string', number: 'number', bool: 'boolean' }[kind]
  const value = plain === undefined ? `check(${r}, v, event)` : `typeof v === '${plain}' ? v : check(${r}, v, event)`
  lines.push(`const x${r} = env.extracts[${r}], a${r} = env.args[${r}]`)
  lines.push(
    `function f${r}() { g${r} = now; try { const v = x${r}(event, a${r}); v${r} = ${value} } catch (e) { v${r} = undefined; fail(${r}, e, event) } }`,
  )
  return lines
}

/** A routine as a function. Jumps go forwards only, so each becomes a `break` out of a block that ends at its target. */
function routineLines(program: Program, start: number, end: number): string[] {
  const { code } = program
  const targets = new Set<number>()
  for (let pc = start; pc < end; pc += WORDS) if (code[pc] === Op.jt || code[pc] === Op.jf) targets.add(code[pc + 1]!)
  const sorted = [...targets].sort((a, b) => b - a)
  const lines = [`function r${start}() {`, 'let t = false', ...sorted.map(target => `L${target}: {`)]
  for (let pc = start; pc < end; pc += WORDS) {
    if (targets.has(pc)) lines.push('}')
    lines.push(instruction(program, pc))
  }
  lines.push('}')
  return lines
}

/** One instruction as a statement. */
function instruction(program: Program, pc: number): string {
  const { code } = program
  const op = code[pc] as OpCode
  const a = code[pc + 1]!
  const b = code[pc + 2]!
  const c = code[pc + 3]!
  const v = `v${a}`
  const k = `k${b}`
  switch (op) {
    case Op.ret:
      return 'return t'
    case Op.const:
      return `t = ${a !== 0}`
    case Op.not:
      return 't = !t'
    case Op.jt:
      return `if (t) break L${a}`
    case Op.jf:
      return `if (!t) break L${a}`
    case Op.node:
      return `{ const n = nodes[${a}]; t = n >> 1 === now ? (n & 1) === 1 : r${b}() }`
    case Op.save:
      return `nodes[${a}] = (now << 1) | (t ? 1 : 0)`
    case Op.memo:
      return `{ const n = ${truthBits(a, b)}; t = n === 0 ? r${c}() : n === ${2 << shiftOf(b)} }`
    case Op.keep:
      return `m${a}[${wordOf(b)}] |= t ? ${2 << shiftOf(b)} : ${1 << shiftOf(b)}`
    case Op.field:
      return `if (g${a} !== now) f${a}()`
    case Op.load:
      return `${v} = ${k}`
    case Op.tuple:
      return `if (g${a} !== now) { g${a} = now; ${v} = tuple([${list(program, b)}]) }`
    case Op.apply:
      return `if (g${a} !== now) { g${a} = now; ${v} = apply(${k}, [${list(program, b)}]) }`
    case Op.exists:
      return `t = ${v} !== undefined`
    case Op.eq:
      return `t = ${v} === ${k}`
    case Op.eqn:
      return `t = ${v} == ${k}`
    case Op.lt:
      return `t = ${v} < ${k}`
    case Op.le:
      return `t = ${v} <= ${k}`
    case Op.gt:
      return `t = ${v} > ${k}`
    case Op.ge:
      return `t = ${v} >= ${k}`
    case Op.prefix:
      return `t = ${v} !== undefined && ${v}.startsWith(${k})`
    case Op.suffix:
      return `t = ${v} !== undefined && ${v}.endsWith(${k})`
    case Op.contains:
      return `t = ${v} !== undefined && ${v}.includes(${k})`
    case Op.test:
      return `t = ${v} !== undefined && ${k}.test(${v})`
    case Op.any:
      return `t = some(${v}, ${k})`
    case Op.all:
      return `t = every(${v}, ${k})`
    case Op.count:
      return `t = ${v} !== undefined && ${k}.holds(${v})`
    case Op.compare:
      return `t = ${v} !== undefined && v${b} !== undefined && k${c}.compare(${v}, v${b})`
    case Op.differs:
      return `t = !t && ${v} !== undefined`
  }
}

/** The registers of a `tuple` or `apply` constant, as arguments. */
function list(program: Program, constant: number): string {
  const found = program.constants[constant]!
  const registers = found.kind === 'transform' ? found.registers : found.kind === 'registers' ? found.values : []
  return registers.map(register => `v${Number(register)}`).join(', ')
}
