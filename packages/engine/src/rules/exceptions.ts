import { ConditionError } from '../condition/error.ts'
import { MODIFIERS, parseOperator, spellings, takesList } from '../condition/operators.ts'
import { parseOperand } from '../condition/parse.ts'
import { fieldsIn } from '../condition/walk.ts'
import { type MappedText, MappedTextBuilder } from '../text/mapped.ts'
import { LimitFailure, LoadFailure } from './context.ts'
import type { CheckedException, Entry, ExceptionItem } from './item.ts'
import { addQuoted } from './item-text.ts'
import { MAX_EXPANDED_LENGTH } from './lists.ts'

export interface FieldCheck {
  isField(source: string, name: string, arg: string | undefined): boolean
}

/**
 * Checks an exception's fields and comps. If the source is not loaded (undefined), any field is accepted.
 * @throws {LoadFailure} LOAD_ERR_VALIDATE
 */
export function checkException(item: ExceptionItem, source: string | undefined, sources: FieldCheck): CheckedException {
  const { name, fields, comps, values, context, range } = item
  const fail = (message: string): never => {
    throw new LoadFailure(context, 'LOAD_ERR_VALIDATE', message)
  }
  if (!fields || (fields.list && fields.items.length === 0))
    return fail('Rule exception item must have fields property with a list of fields')
  const given = comps?.list && comps.items.length === 0 ? undefined : comps
  const names = (fields.list ? fields.items : [fields]).map(entry => (entry.list ? undefined : entry.text))
  const operators = operatorsOf(given, fields.list ? names.length : 0)
  if (fields.list) {
    if (given && !given.list) fail('Fields and comps must both be lists, or both be strings')
    if (operators.length !== names.length) fail('Fields and comps lists must have equal length')
    for (const op of operators)
      if (!parseOperator(op)) fail(`'${op}' is not a supported comparison operator: one of ${spellings().join(', ')}`)
  } else {
    if (given?.list) fail('Fields and comps must both be strings')
    if (!takesList(operators[0]!))
      fail(
        `When fields is a single value, comps must be one of (${spellings('list').join(', ')}), or an operator with ${MODIFIERS.join(', ')}`,
      )
  }
  const checked = names.map(field => {
    if (field === undefined) return fail('Rule exception fields must be a list of strings')
    if (source !== undefined && !isKnown(field.text, source, sources))
      fail(`'${field.text}' is not a supported filter field`)
    return field
  })
  return { name, single: !fields.list, fields: checked, comps: operators, values, context, range }
}

/** Operators in canonical spelling; by default `=` for each field of a list, `in` for a single one (`count` 0). */
function operatorsOf(comps: Entry | undefined, count: number): string[] {
  if (!comps) return count === 0 ? ['in'] : Array.from({ length: count }, () => '=')
  const entries = comps.list ? comps.items : [comps]
  return entries.map(entry => (entry.list ? '' : entry.text.text.trim().replace(/\s+/g, ' ')))
}

function isKnown(text: string, source: string, sources: FieldCheck): boolean {
  try {
    return fieldsIn(parseOperand(text)).every(field => sources.isField(source, field.name, field.arg))
  } catch (error) {
    if (error instanceof ConditionError) return false
    throw error
  }
}

/**
 * Adds `and not` for each exception that has values. If there are exceptions, the condition is put into parentheses, as in
 * Falco.
 * @throws {LoadFailure} when values do not match the fields
 */
export function withExceptions(condition: MappedText, exceptions: readonly CheckedException[]): MappedText {
  if (exceptions.length === 0) return condition
  const builder = new MappedTextBuilder()
    .insert('(', condition)
    .add(condition)
    .insert(')', condition, condition.text.length)
  for (const exception of exceptions) {
    if (exception.values.length === 0) continue
    builder.insert(' and not ', exception.fields[0]!)
    if (exception.single) addSingle(builder, exception)
    else addRows(builder, exception)
  }
  return builder.build()
}

function addSingle(builder: MappedTextBuilder, { fields, comps, values, context }: CheckedException): void {
  const field = fields[0]!
  builder.add(field).insert(` ${comps[0]} (`, field)
  values.forEach((value, i) => {
    if (value.list)
      throw new LoadFailure(context, 'LOAD_ERR_VALIDATE', 'Expected values array to contain a list of strings')
    if (i > 0) builder.insert(', ', value.text)
    addQuoted(builder, value.text)
  })
  builder.insert(')', field)
}

function addRows(builder: MappedTextBuilder, { fields, comps, values, context }: CheckedException): void {
  builder.insert('(', fields[0]!)
  values.forEach((row, i) => {
    if (!row.list || row.items.length !== fields.length)
      throw new LoadFailure(context, 'LOAD_ERR_VALIDATE', 'Fields and values lists must have equal length')
    builder.insert(i > 0 ? ' or (' : '(', fields[0]!)
    row.items.forEach((value, k) => {
      const field = fields[k]!
      if (k > 0) builder.insert(' and ', field)
      builder.add(field).insert(` ${comps[k]} `, field)
      addValue(builder, value, comps[k]!, field)
    })
    builder.insert(')', fields[0]!)
    if (builder.length > MAX_EXPANDED_LENGTH)
      throw new LimitFailure(
        context,
        'LOAD_ERR_VALIDATE',
        `The condition with its exceptions has more than ${MAX_EXPANDED_LENGTH} characters`,
      )
  })
  builder.insert(')', fields[0]!)
}

/** Whether a value of `in` is several items in one text, `a, b`: Falco only adds the parentheses. */
export const isItems = (text: string) =>
  text.includes(',') && text.split(',').every(item => /^[^\s()"'=,]+$/.test(item.trim()))

function addValue(builder: MappedTextBuilder, value: Entry, op: string, field: MappedText): void {
  if (!value.list) {
    if (!takesList(op)) {
      addQuoted(builder, value.text)
    } else if (value.text.text.startsWith('(')) {
      // Written with its parentheses: `(a, b)`, `(some_list)`.
      builder.add(value.text)
    } else if (isItems(value.text.text)) {
      builder.insert('(', value.text).add(value.text).insert(')', value.text)
    } else {
      addQuoted(builder.insert('(', value.text), value.text).insert(')', value.text)
    }
    return
  }
  builder.insert('(', field)
  value.items.forEach((item, i) => {
    if (item.list) return
    if (i > 0) builder.insert(', ', item.text)
    addQuoted(builder, item.text)
  })
  builder.insert(')', field)
}
