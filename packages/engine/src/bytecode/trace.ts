import type { Value } from '../fields/field.ts'
import { scalarKey } from './canonical.ts'
import { operandText, printInstruction } from './disassemble.ts'
import type { Program } from './program.ts'
import { Vm } from './vm.ts'

/** Runs a root for one event and tells each instruction as it was executed: a listing with values in it. */
export function trace(program: Program, root: number, event: unknown): string {
  const lines: string[] = []
  let last = -1
  let registers: readonly (Value | undefined)[] = []
  // An instruction is told when the next one begins: then it is known what it did.
  const tell = (t: boolean) => {
    if (last >= 0) lines.push(printInstruction(program, last, withValues(registers), `t = ${t}`))
  }
  const vm = new Vm(program, undefined, (pc, t, values) => {
    registers = values
    tell(t)
    last = pc
  })
  vm.begin(event)
  tell(vm.test(root))
  return `${lines.join('\n')}\n`
}

function withValues(registers: readonly (Value | undefined)[]): typeof operandText {
  return (program, kind, word) => {
    const name = operandText(program, kind, word)
    return kind === 'register' ? `${name} = ${valueText(registers[word])}` : name
  }
}

/** Longest text of a value that is shown whole. */
const MAX_LENGTH = 60

function valueText(value: Value | undefined): string {
  if (value === undefined) return '<NA>'
  const text = Array.isArray(value) ? `(${value.map(scalarKey).join(', ')})` : scalarKey(value as never)
  return text.length > MAX_LENGTH ? `${text.slice(0, MAX_LENGTH)}…` : text
}
