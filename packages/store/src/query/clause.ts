/** One check of a condition in SQL. */
import type { Scalar } from '@falc/engine'
import { PRIORITIES } from '@falc/engine'
import { type Clause, printAddress } from '@falc/engine/analysis'
import { isIndexed, term, termsFrom } from '../term.ts'
import { exactly, FALSE, type Fragment, type Plan, TRUE, UNKNOWN } from './fragment.ts'
import { type Operand, operandOf } from './operand.ts'

/** As many values of a list as SQL compares. */
const MAX_VALUES = 200

/** The plan of a check. `UNKNOWN` when only its evaluation can decide it. */
export function planClause(clause: Clause): Plan {
  const { op, right, values } = clause
  const operand = operandOf(clause)
  if (right !== undefined || values.length > MAX_VALUES || !isCountless(clause)) return UNKNOWN
  if (operand === undefined) return { ...UNKNOWN, match: tagsMatch(clause) }
  if (op === 'exists') return planExists(operand)
  const plan = PLAN[operand.kind](operand, clause)
  return { ...plan, match: matchOf(operand, clause) }
}

/** Whether the operator must hold for any one of the values. */
function isCountless({ op, modifier }: Clause): boolean {
  return modifier === undefined || (modifier === 'anyof' && op !== '!=')
}

const PLAN: Readonly<Record<Operand['kind'], (operand: Operand, clause: Clause) => Plan>> = {
  text: planText,
  number: planNumber,
  bool: planOther,
  ip: planOther,
  time: planTime,
  priority: planPriority,
}

function planExists({ kind, type }: Operand): Plan {
  if (kind === 'time' || kind === 'priority') return exactly('1')
  const there = `ifnull(${type}, 'null') <> 'null'`
  // Any value is text; but not any value is a number.
  return kind === 'text' ? exactly(there) : { sure: FALSE, maybe: { text: there, params: [] } }
}

function planText(operand: Operand, { op, values }: Clause): Plan {
  const { type, value, several } = operand
  const test = textTest(op, value, values as readonly string[])
  if (several) {
    // Each of the values is a part of the whole text.
    const part = op === '=' ? textTest('contains', value, values as readonly string[])! : TRUE
    return { sure: FALSE, maybe: either(`${type} <> 'text'`, part, type) }
  }
  if (!test) return { sure: FALSE, maybe: { text: `ifnull(${type}, 'null') <> 'null'`, params: [] } }
  if (operand.column) return exactly(test.text, test.params)
  const sure = { text: `ifnull(${type} = 'text' AND ${test.text}, 0)`, params: test.params }
  // Numbers, booleans and lists have a text that SQL would print in another way.
  const maybe = either(`${type} NOT IN ('text', 'null')`, test, type)
  return { sure, maybe }
}

/** `other`, or the test holds; absent values never. */
function either(other: string, test: Fragment, type: string): Fragment {
  return { text: `ifnull(${type} IS NOT NULL AND (${other} OR ${test.text}), 0)`, params: test.params }
}

function textTest(op: Clause['op'], x: string, values: readonly string[]): Fragment | undefined {
  const any = (test: string) => ({ text: `(${values.map(() => test).join(' OR ')})`, params: values })
  switch (op) {
    case '=':
    case 'in':
    case 'intersects':
      return { text: `${x} IN (${values.map(() => '?').join(', ')})`, params: values }
    case '!=':
      return { text: `${x} <> ?`, params: values }
    case '<':
    case '<=':
    case '>':
    case '>=':
      return { text: `${x} ${op} ?`, params: values }
    case 'contains':
      return any(`instr(${x}, ?) > 0`)
    case 'icontains':
      return any(`instr(lower(${x}), lower(?)) > 0`)
    case 'startswith':
      return {
        text: `(${values.map(() => `substr(${x}, 1, length(?)) = ?`).join(' OR ')})`,
        params: values.flatMap(v => [v, v]),
      }
    default:
      return undefined
  }
}

/** Numbers up to here are exact, as JSON has them and as SQLite compares them. */
const EXACT = Number.MAX_SAFE_INTEGER

function planNumber(operand: Operand, { op, values }: Clause): Plan {
  const { type, value, several } = operand
  const known = numberTest(op, value, values)
  const there = { text: `ifnull(${type}, 'null') <> 'null'`, params: [] }
  if (several || !known) return { sure: FALSE, maybe: there }
  if (operand.column) return exactly(known.text, known.params)
  // Not abs(): it throws for -2^63.
  const isNumber = `${type} IN ('integer', 'real') AND ${value} BETWEEN ${1 - EXACT} AND ${EXACT - 1}`
  return {
    sure: { text: `ifnull(${isNumber} AND ${known.text}, 0)`, params: known.params },
    maybe: { text: `ifnull(iif(${isNumber}, ${known.text}, ${there.text}), 0)`, params: known.params },
  }
}

function numberTest(op: Clause['op'], x: string, values: readonly Scalar[]): Fragment | undefined {
  if (!values.every(v => typeof v === 'number' && Math.abs(v) < EXACT)) return undefined
  const params = values as readonly number[]
  switch (op) {
    case '=':
    case 'in':
    case 'intersects':
      return { text: `${x} IN (${params.map(() => '?').join(', ')})`, params }
    case '!=':
      return { text: `${x} <> ?`, params }
    case '<':
    case '<=':
    case '>':
    case '>=':
      return { text: `${x} ${op} ?`, params }
    default:
      return undefined
  }
}

const LAST = 2n ** 63n - 1n

/** Times are exact, but for those that the column cannot hold. */
function planTime({ value }: Operand, { op, values }: Clause): Plan {
  const params = values.map(v => BigInt(v as number | bigint))
  if (!params.every(v => v < LAST)) return UNKNOWN
  const test =
    op === '=' || op === 'in' || op === 'intersects' ? `IN (${params.map(() => '?').join(', ')})` : COMPARED[op]
  return test === undefined ? UNKNOWN : exactly(`${value} ${test}`, params)
}

const COMPARED: Partial<Record<Clause['op'], string>> = {
  '!=': '<> ?',
  '<': '< ?',
  '<=': '<= ?',
  '>': '> ?',
  '>=': '>= ?',
}

function planPriority({ value }: Operand, { op, values }: Clause): Plan {
  const levels = values.map(v => PRIORITIES.indexOf(v as (typeof PRIORITIES)[number]))
  if (levels.includes(-1)) return UNKNOWN
  if (op === '!=') return exactly(`${value} <> ?`, levels)
  const equal = op === '=' || op === 'in' || op === 'intersects'
  return equal ? exactly(`${value} IN (${levels.map(() => '?').join(', ')})`, levels) : UNKNOWN
}

/** Addresses and truths have several spellings. */
function planOther({ type }: Operand): Plan {
  return { sure: FALSE, maybe: { text: `ifnull(${type}, 'null') <> 'null'`, params: [] } }
}

/** What the index says about a check; undefined: nothing. */
function matchOf(operand: Operand, { op, values }: Clause): string | undefined {
  const { names, kind, several } = operand
  if (names.length === 0 || !names.every(isIndexed) || values.length === 0) return undefined
  if (kind === 'bool' || (several && kind !== 'ip')) return undefined
  const each = (word: (name: string, value: string) => string) =>
    names.flatMap(name => values.map(value => word(name, textOf(value, kind) ?? ''))).join(' OR ')
  if (op === '=' || op === 'in' || op === 'intersects')
    return values.every(value => textOf(value, kind) !== undefined) ? each(term) : undefined
  if (op === 'startswith' && kind === 'text')
    return values.some(value => DIGITS.test(value as string)) ? undefined : each(termsFrom)
  return undefined
}

/** A value as the index has it; undefined: it is not one value but many. */
function textOf(value: Scalar, kind: Operand['kind']): string | undefined {
  if (kind === 'ip') return value instanceof Uint8Array ? printAddress(value) : undefined
  // Larger numbers are rounded in the index, also where a field has them as text.
  if (kind === 'number' && !(typeof value === 'number' && Math.abs(value) < EXACT)) return undefined
  const text = String(value)
  return kind === 'text' && text.length > 15 && DIGITS.test(text) ? undefined : text
}

/** A number, or the beginning of one, which may change all of its digits when it is rounded; or nothing. */
const DIGITS = /^-?\d*$/

function tagsMatch({ left, op, values }: Clause): string | undefined {
  if (left.kind !== 'field' || left.field.name !== 'alert.tags' || op !== 'intersects' || values.length === 0)
    return undefined
  return values.map(value => term('alert.tags', value as string)).join(' OR ')
}
