/** How the values of a type behave in comparisons (fields/types.ts says which type has which). `opaque` values only support `exists`. */
export type Kind = 'text' | 'number' | 'bool' | 'bytes' | 'ip' | 'net' | 'opaque'

/** For how many values of a list a string operator must hold: exactly one, at least one, all (of at least one). */
export const MODIFIERS = ['oneof', 'anyof', 'allof'] as const
export type Modifier = (typeof MODIFIERS)[number]

export interface Operator {
  /**
   * What follows it: nothing; a number; a text, or with a modifier a list; a list. Any but nothing may also be another field,
   * when `fields` is set.
   */
  readonly form: 'unary' | 'number' | 'string' | 'list'
  /** Another spelling. */
  readonly alias?: string
  /** Kinds of values that it compares; a list of one of these kinds too, when `lists` is set. */
  readonly kinds: readonly Kind[]
  readonly lists?: true
  readonly fields?: true
  /** Its values are written as hex digits. */
  readonly hex?: true
  /** The operator that compares in the same way once the values are parsed. */
  readonly sameAs?: 'contains' | 'startswith'
  /** Rough time of comparing texts or bytes; 1 is a comparison of two numbers. Guides the order of evaluation only. */
  readonly cost: number
  /** Guessed share of events in which it holds: rules look for the rare thing. Guides the order of evaluation only. */
  readonly likelihood: number
  readonly doc: string
}

const ORDERED = ['text', 'number'] as const
const EQUAL = ['text', 'number', 'bool', 'bytes', 'ip', 'net'] as const
const TEXT = ['text'] as const
const SEQUENCE = ['text', 'bytes'] as const
const COMPARED = { form: 'string', fields: true } as const
const ORDER = { form: 'number', kinds: ORDERED, fields: true, cost: 3, likelihood: 0.5 } as const
const MEMBER = { form: 'list', kinds: EQUAL, lists: true, fields: true, cost: 4, likelihood: 0.15 } as const

/**
 * Every operator, in the order in which messages list them. Lexer, printer, type checks, order of evaluation and
 * docs/language.md read this table; what an operator means is its case of `holds` (fields/compare.ts).
 */
const TABLE = {
  exists: {
    ...{ form: 'unary', kinds: [...EQUAL, 'opaque'], lists: true, cost: 1, likelihood: 0.8 },
    doc: 'the field has a value',
  },
  '<=': { ...ORDER, doc: 'less or equal' },
  '<': { ...ORDER, doc: 'less; texts are ordered by their bytes' },
  '>=': { ...ORDER, doc: 'greater or equal' },
  '>': { ...ORDER, doc: 'greater' },
  '=': {
    ...{ ...COMPARED, alias: '==', kinds: EQUAL, cost: 2, likelihood: 0.1 },
    doc: 'equal; for a network: the address is in it',
  },
  '!=': {
    ...{ ...COMPARED, kinds: EQUAL, cost: 2, likelihood: 0.9 },
    doc: 'present and not equal; of several values: none is equal',
  },
  glob: {
    ...{ ...COMPARED, kinds: TEXT, cost: 15, likelihood: 0.1 },
    doc: 'the whole text matches a pattern of `*`, `?` and `[…]`',
  },
  iglob: { ...COMPARED, kinds: TEXT, cost: 30, likelihood: 0.1, doc: 'as `glob`, ignoring the case of ASCII letters' },
  contains: { ...COMPARED, kinds: SEQUENCE, cost: 8, likelihood: 0.1, doc: 'the value occurs in it' },
  icontains: {
    ...{ ...COMPARED, kinds: TEXT, cost: 20, likelihood: 0.1 },
    doc: 'as `contains`, ignoring the case of ASCII letters',
  },
  bcontains: {
    ...{ ...COMPARED, kinds: ['bytes'], hex: true, sameAs: 'contains', cost: 8, likelihood: 0.1 },
    doc: 'these bytes, written in hex, occur in it',
  },
  startswith: { ...COMPARED, kinds: SEQUENCE, cost: 3, likelihood: 0.15, doc: 'begins with the value' },
  bstartswith: {
    ...{ ...COMPARED, kinds: ['bytes'], hex: true, sameAs: 'startswith', cost: 3, likelihood: 0.15 },
    doc: 'begins with these bytes, written in hex',
  },
  endswith: { ...COMPARED, kinds: SEQUENCE, cost: 3, likelihood: 0.1, doc: 'ends with the value' },
  regex: {
    ...{ form: 'string', kinds: TEXT, cost: 60, likelihood: 0.1 },
    doc: 'the whole text matches a regular expression (RE2, POSIX syntax)',
  },
  intersects: { ...MEMBER, doc: 'equal to one of the values; of a list field: some element is' },
  in: { ...MEMBER, doc: 'equal to one of the values; of a list field: every element is' },
  pmatch: {
    ...{ form: 'list', kinds: TEXT, cost: 25, likelihood: 0.15 },
    doc: 'the path is one of these or below one of them; components may be glob patterns',
  },
} as const satisfies Record<string, Operator>

export type OperatorName = keyof typeof TABLE
export const OPERATORS: Readonly<Record<OperatorName, Operator>> = TABLE

/** An operator as a condition names it: `=`, `==`, `startswith oneof`. */
export interface WrittenOperator {
  readonly op: OperatorName
  readonly modifier: Modifier | undefined
}

const WRITTEN = new Map<string, WrittenOperator>()
for (const op of operatorNames()) {
  for (const spelling of spellingsOf(op)) {
    WRITTEN.set(spelling, { op, modifier: undefined })
    if (OPERATORS[op].form !== 'string') continue
    for (const modifier of MODIFIERS) WRITTEN.set(`${spelling} ${modifier}`, { op, modifier })
  }
}

/** Every operator of one form, or of all, in each of its spellings. */
export function spellings(form?: Operator['form']): string[] {
  return operatorNames()
    .filter(op => form === undefined || OPERATORS[op].form === form)
    .flatMap(spellingsOf)
}

/** Reads an operator with one blank before its modifier, if it has any; undefined: there is no such operator. */
export function parseOperator(written: string): WrittenOperator | undefined {
  return WRITTEN.get(written)
}

/** True when the operator as written is followed by a list. */
export function takesList(written: string): boolean {
  const operator = parseOperator(written)
  return operator !== undefined && (operator.modifier !== undefined || OPERATORS[operator.op].form === 'list')
}

function operatorNames(): OperatorName[] {
  return Object.keys(TABLE) as OperatorName[]
}

function spellingsOf(op: OperatorName): string[] {
  const { alias } = OPERATORS[op]
  return alias === undefined ? [op] : [alias, op]
}
