import { constantText, scalarKey } from './canonical.ts'
import type { Constant } from './constants.ts'
import type { Listing } from './javascript.ts'
import { OPS, Op, type OpCode, type OperandKind, WORDS } from './opcodes.ts'
import type { Program, ProgramClause } from './program.ts'

/** A program as text: one line per instruction, with a label before each routine. */
export function disassemble(program: Program): string {
  const { code } = program
  const labels = labelsOf(program)
  const clauses = new Map(program.clauses.map(clause => [clause.pc, clause]))
  const lines: string[] = []
  for (let pc = 0; pc < code.length; pc += WORDS) {
    const label = labels.get(pc)
    if (label !== undefined) lines.push(...(lines.length > 0 ? [''] : []), `${label}:`)
    lines.push(printInstruction(program, pc, commentOf(clauses.get(pc))))
  }
  return `${lines.join('\n')}\n`
}

/** One instruction as one line. */
function printInstruction(program: Program, pc: number, comment = ''): string {
  const { code } = program
  const info = OPS[code[pc] as OpCode]
  const operands = info.operands.flatMap((kind, i) =>
    kind === '-' ? [] : [operandText(program, kind, code[pc + 1 + i]!)],
  )
  const text = `${String(pc / WORDS).padStart(5)}  ${info.name.padEnd(8)} ${operands.join(', ')}`
  return comment === '' ? text.trimEnd() : `${text.padEnd(40)} ; ${comment}`
}

/** The contents of a register: a field by its name, anything else by its number. */
function registerText(program: Program, register: number): string {
  return program.registers[register]?.text ?? `v${register}`
}

function operandText(program: Program, kind: OperandKind, word: number): string {
  switch (kind) {
    case '-':
      return ''
    case 'number':
      return String(word)
    case 'jump':
    case 'call':
      return `@${word / WORDS}`
    case 'node':
      return `node ${word}`
    case 'scope':
      return program.scopes[word]!.name
    case 'slot':
      return `slot ${word}`
    case 'register':
      return registerText(program, word)
    default:
      return printConstant(program, program.constants[word]!)
  }
}

function commentOf(clause: ProgramClause | undefined): string {
  if (!clause) return ''
  const { place } = clause
  return place ? `${clause.key}  (${place.file}:${place.line}:${place.column})` : clause.key
}

/** Labels of routines: roots by number, others by the node or memo slot that they fill. */
function labelsOf(program: Program): Map<number, string> {
  const labels = new Map<number, string>()
  program.roots.forEach((pc, i) => {
    const known = labels.get(pc)
    labels.set(pc, known === undefined ? `root ${i}` : `${known}, root ${i}`)
  })
  const { code } = program
  for (let pc = 0; pc < code.length; pc += WORDS) {
    if (code[pc] === Op.node) labels.set(code[pc + 2]!, `node ${code[pc + 1]}`)
    if (code[pc] === Op.memo) labels.set(code[pc + 3]!, `memo ${program.scopes[code[pc + 1]!]!.name} ${code[pc + 2]}`)
  }
  return labels
}

/** Most values of a constant in a line. */
const MAX_VALUES = 8

function printConstant(program: Program, constant: Constant): string {
  switch (constant.kind) {
    case 'text':
    case 'number':
    case 'bool':
      return scalarKey(constant.value)
    case 'test': {
      const values = constant.values.map(value => constantText(constant.of, value))
      return `${constant.op} ${values.length === 1 ? values[0] : `{${some(values)}}`}`
    }
    case 'count': {
      const tests = constant.tests.map(test => printConstant(program, test))
      return `${constant.negated ? 'not ' : ''}${constant.modifier} {${some(tests)}}`
    }
    case 'comparison':
      return constant.op
    case 'registers':
      return `(${registersText(program, constant.values)})`
    case 'transform': {
      const option = constant.option === undefined ? '' : `[${JSON.stringify(constant.option)}]`
      return `${constant.name}(${registersText(program, constant.registers)})${option}`
    }
  }
}

function registersText(program: Program, registers: readonly number[]): string {
  return registers.map(r => registerText(program, r)).join(', ')
}

function some(texts: readonly string[]): string {
  const shown = texts.slice(0, MAX_VALUES).join(', ')
  return texts.length > MAX_VALUES ? `${shown}, … ${texts.length - MAX_VALUES} more` : shown
}

/** The names that javascript.ts uses. */
const LEGEND = `\
// now          number of the event, from 1
// value3       value register 3, undefined = absent; filled in event number at3 by read3, its field's function, with arg3
// constant4    constant 4 of the program
// routine5()   the routine at instruction 5: the truth of a root or of a shared subtree
// nodes[6]     of shared subtree 6: twice the number of the event in which its truth became known, plus that truth
// truths7      of this event's object in scope 7: two bits per subtree, 0 unknown, 1 false, 2 true; fetched in event scope7`

/** The comments of a program's JavaScript. */
export const LISTING: Listing = { legend: LEGEND, instruction: printInstruction, register: registerText }
