import type { Condition, LiteralOperand, Operand } from './ast.ts'
import { IDENTIFIER } from './field-name.ts'
import { MODIFIERS, OPERATORS, parseOperator } from './operators.ts'
import { quote } from './quote.ts'
import { isList } from './walk.ts'

const MODIFIER_WORDS: ReadonlySet<string> = new Set(MODIFIERS)
/** Arguments that need no quotes. */
const BARE_ARG = /^[^\]["'\s\\\0-\x1f\udc80-\udcff]+$/

/** The condition as canonical text, which parses to the same tree. */
export function printCondition(condition: Condition): string {
  switch (condition.kind) {
    case 'and':
    case 'or':
      return `(${condition.children.map(printCondition).join(` ${condition.kind} `)})`
    case 'not': {
      const child = printCondition(condition.child)
      return condition.child.kind === 'not' ? `not (${child})` : `not ${child}`
    }
    case 'macro':
      return condition.name
    case 'check': {
      const { left, op, right } = condition
      const head = `${printOperand(left)} ${op}`
      if (right === undefined) return head
      if (isList(right)) return `${head} (${right.map(printOperand).join(', ')})`
      return `${head} ${right.kind === 'literal' ? printLiteral(op, right) : printOperand(right)}`
    }
  }
}

/** What may follow `<` without quotes: a number or a word. */
const ORDERED = new RegExp(`^(?:0[xX][0-9a-zA-Z]+|[+-]?[0-9]+\\.?[0-9]*(?:[eE][+-][0-9]+)?|${IDENTIFIER})$`)

/** A value after the operator as written. Quotes would change the meaning of a list's name (`in shells`) and of a number. */
function printLiteral(written: string, value: LiteralOperand): string {
  const operator = parseOperator(written)
  if (operator === undefined) return printOperand(value)
  const { form } = OPERATORS[operator.op]
  if (form === 'number') return ORDERED.test(value.text) ? value.text : printArgument(value)
  return form === 'list' || operator.modifier !== undefined ? value.text : printOperand(value)
}

/** An operand as canonical text. */
export function printOperand(operand: Operand): string {
  switch (operand.kind) {
    case 'literal':
      return MODIFIER_WORDS.has(operand.text) ? `"${operand.text}"` : quote(operand.text)
    case 'field':
      return operand.name + printArg(operand.arg)
    case 'transform': {
      const args = operand.args.map(arg =>
        isList(arg) ? `(${arg.map(printArgument).join(', ')})` : printArgument(arg),
      )
      return `${operand.name}(${args.join(', ')})${printArg(operand.arg)}`
    }
  }
}

/** Strings inside a transformer are always quoted, and so are those after `<` that are neither a number nor a word. */
function printArgument(operand: Operand): string {
  const text = printOperand(operand)
  return operand.kind === 'literal' && !text.startsWith('"') ? `"${text}"` : text
}

function printArg(arg: string | undefined): string {
  if (arg === undefined) return ''
  if (BARE_ARG.test(arg)) return `[${arg}]`
  const quoted = quote(arg)
  return quoted.startsWith('"') ? `[${quoted}]` : `["${quoted}"]`
}
