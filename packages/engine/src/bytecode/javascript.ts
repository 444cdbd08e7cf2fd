import { TYPES } from '../fields/types.ts'
import { MAX_NOW, shiftOf, wordOf } from './memo.ts'
import { Op, type OpCode, WORDS } from './opcodes.ts'
import { type Program, routinesOf } from './program.ts'

/** Comments in generated code. */
export interface Listing {
  /** The names in the code. */
  readonly legend: string
  readonly instruction: (program: Program, pc: number) => string
  readonly register: (program: Program, register: number) => string
}

/**
 * A program as the body of a function that takes `env` (jit.ts) and returns `begin` and `test`. The text consists of numbers and
 * words of this file; constants and the functions of fields come in as values, never as text.
 * @param listing adds comments, which contain text of rules: to be read, not to be run. It comes in as a value, so that the runtime does
 * not hold it.
 */
export function javascript(program: Program, listing?: Listing): string {
  const { registers, constants, scopes, nodeCount, code, roots } = program
  const reset = [
    ...registers.map((_, r) => `at${r} = 0`),
    ...scopes.map((_, s) => `scope${s} = 0`),
    ...(nodeCount > 0 ? ['nodes.fill(0)'] : []),
  ]
  return [
    '"use strict"',
    ...(listing ? [listing.legend] : []),
    'const { check, fail, truths, tuple, apply, some, every } = env',
    'var event, now = 0',
    ...constants.map((_, i) => `const constant${i} = env.constants[${i}]`),
    ...registers.flatMap((field, r) => [
      `var value${r} = undefined, at${r} = 0${comment(listing?.register(program, r))}`,
      ...(field ? readerLines(r, field.list ? '' : TYPES[field.type].kind) : []),
    ]),
    ...(nodeCount > 0 ? [`const nodes = new Int32Array(${nodeCount})`] : []),
    ...scopes.flatMap(({ name }, s) => [
      `var truths${s} = [], scope${s} = 0${comment(name)}`,
      `function fetch${s}() { scope${s} = now; return truths${s} = truths(${s}, event) }`,
    ]),
    ...routinesOf(code).flatMap(([start, end]) => routineLines(program, start, end, listing)),
    // Apart, since `begin` is compiled with all that is in it.
    `function restart() { now = 1; ${reset.join('; ')} }`,
    `function begin(e) { event = e; if (++now > ${MAX_NOW}) restart() }`,
    // A switch, not an array of functions: a call that V8 knows costs a quarter of one that it does not (6 against 23 ns).
    'function test(root) {',
    '  switch (root) {',
    ...Array.from(roots, (pc, i) => `    case ${i}: return ${guarded(program, pc)}`),
    '  }',
    '  return false',
    '}',
    'return { begin, test }',
    '',
  ].join('\n')
}

const comment = (text: string | undefined) =>
  text === undefined ? '' : ` // ${text.trim().replaceAll(/[\r\n\u2028\u2029]/g, ' ')}`

/**
 * The function that fills the register of a field.
 * @param kind of its values; '' if it is a list: a single value becomes a list of one
 */
function readerLines(r: number, kind: string): string[] {
  const plain = { text: 'string', number: 'number', bool: 'boolean' }[kind]
  const checked = `check(${r}, v, event)`
  return [
    `const read${r} = env.extracts[${r}], arg${r} = env.args[${r}]`,
    `function load${r}() {`,
    `  at${r} = now`,
    `  try { const v = read${r}(event, arg${r}); value${r} = ${plain ? `typeof v === '${plain}' ? v : ${checked}` : checked} }`,
    `  catch (e) { value${r} = undefined; fail(${r}, e, event) }`,
    '}',
  ]
}

/** A call of a root's routine. Where its first instruction reads a kept truth that is known to be false, the call is skipped. */
function guarded(program: Program, pc: number): string {
  const { code } = program
  const after = pc + WORDS
  const end = code[after] === Op.jf ? code[after + 1]! : after
  const decides = code[pc] === Op.memo && code[end] === Op.ret
  if (!decides) return call(pc)
  const [scope, slot] = [code[pc + 1]!, code[pc + 2]!]
  return `(${truthBits(scope, slot)}) !== ${1 << shiftOf(slot)} && ${call(pc)}`
}

/** Routines are numbered as in a listing. */
function call(pc: number): string {
  return `routine${pc / WORDS}()`
}

/** The two bits of a kept truth, at their place in the element. */
function truthBits(scope: number, slot: number): string {
  return `(scope${scope} === now ? truths${scope} : fetch${scope}())[${wordOf(slot)}] & ${3 << shiftOf(slot)}`
}

/** A routine as a function. Jumps go forwards only, so each becomes a `break` out of a block that ends at its target. */
function routineLines(program: Program, start: number, end: number, listing: Listing | undefined): string[] {
  const { targets, begins } = blocksOf(program.code, start, end)
  const lines = [`function ${call(start)} {`, '  let t = false']
  for (let pc = start; pc < end; pc += WORDS) {
    if (targets.has(pc)) lines.push('  }')
    // The outermost first.
    for (const target of begins.get(pc)?.toReversed() ?? []) lines.push(`  to${target / WORDS}: {`)
    const statement = `  ${instruction(program, pc)}`
    const note = comment(listing?.instruction(program, pc))
    lines.push(note === '' ? statement : `${statement.padEnd(60)}${note}`)
  }
  lines.push('}')
  return lines
}

/**
 * The blocks of a routine: their ends, and by pc the ends of those that begin there, ascending. A block begins as late as it can: the
 * host's parser has no stack for thousands of blocks inside each other, and a rule may have as many exceptions.
 */
function blocksOf(code: Int32Array, start: number, end: number) {
  const firstJumps = new Map<number, number>()
  for (let pc = start; pc < end; pc += WORDS) {
    const target = code[pc + 1]!
    if ((code[pc] === Op.jt || code[pc] === Op.jf) && !firstJumps.has(target)) firstJumps.set(target, pc)
  }
  const begins = new Map<number, number[]>()
  const outermost: { readonly from: number; readonly to: number }[] = []
  for (const [to, jump] of [...firstJumps].sort(([a], [b]) => a - b)) {
    let from = jump
    // A block that ends within this one also begins within it.
    for (let last = outermost.at(-1); last !== undefined && last.to > from; last = outermost.at(-1)) {
      from = Math.min(from, last.from)
      outermost.pop()
    }
    outermost.push({ from, to })
    const others = begins.get(from)
    if (others) others.push(to)
    else begins.set(from, [to])
  }
  return { targets: new Set(firstJumps.keys()), begins }
}

/** One instruction as a statement. */
function instruction(program: Program, pc: number): string {
  const { code } = program
  const op = code[pc] as OpCode
  const a = code[pc + 1]!
  const b = code[pc + 2]!
  const c = code[pc + 3]!
  const v = `value${a}`
  const k = `constant${b}`
  switch (op) {
    case Op.ret:
      return 'return t'
    case Op.const:
      return `t = ${a !== 0}`
    case Op.not:
      return 't = !t'
    case Op.jt:
      return `if (t) break to${a / WORDS}`
    case Op.jf:
      return `if (!t) break to${a / WORDS}`
    case Op.node:
      return `{ const n = nodes[${a}]; t = n >> 1 === now ? (n & 1) === 1 : ${call(b)} }`
    case Op.save:
      return `nodes[${a}] = (now << 1) | (t ? 1 : 0)`
    case Op.memo:
      return `{ const n = ${truthBits(a, b)}; t = n === 0 ? ${call(c)} : n === ${2 << shiftOf(b)} }`
    case Op.keep:
      return `truths${a}[${wordOf(b)}] |= t ? ${2 << shiftOf(b)} : ${1 << shiftOf(b)}`
    case Op.field:
      return `if (at${a} !== now) load${a}()`
    case Op.load:
      return `${v} = ${k}`
    case Op.tuple:
      return `if (at${a} !== now) { at${a} = now; ${v} = tuple([${list(program, b)}]) }`
    case Op.apply:
      return `if (at${a} !== now) { at${a} = now; ${v} = apply(${k}, [${list(program, b)}]) }`
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
      return `t = ${v} !== undefined && value${b} !== undefined && constant${c}.compare(${v}, value${b})`
    case Op.differs:
      return `t = !t && ${v} !== undefined`
  }
}

/** The registers of a `tuple` or `apply` constant, as arguments. */
function list(program: Program, constant: number): string {
  const found = program.constants[constant]!
  const registers = found.kind === 'transform' ? found.registers : found.kind === 'registers' ? found.values : []
  return registers.map(register => `value${Number(register)}`).join(', ')
}
