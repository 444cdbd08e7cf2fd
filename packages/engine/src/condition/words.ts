/** The fixed words of the condition language: one table for lexer, printer, messages and listings. */

export const UNARY_OPERATORS = ['exists'] as const
/** Compare with a number. */
export const NUMERIC_OPERATORS = ['<=', '<', '>=', '>'] as const
/** Compare with one string, or with a list when a modifier follows. */
export const STRING_OPERATORS = [
  '==',
  '=',
  '!=',
  'glob',
  'iglob',
  'contains',
  'icontains',
  'bcontains',
  'startswith',
  'bstartswith',
  'endswith',
  'regex',
] as const
/** Compare with a list. */
export const LIST_OPERATORS = ['intersects', 'in', 'pmatch'] as const
/** How many values of the list a string operator must hold for. */
export const MODIFIERS = ['oneof', 'anyof', 'allof'] as const
/** In the order in which messages list them. */
export const OPERATORS = [...UNARY_OPERATORS, ...NUMERIC_OPERATORS, ...STRING_OPERATORS, ...LIST_OPERATORS] as const

/** Allowed on both sides; each may hold another one. */
export const TRANSFORMERS = ['tolower', 'toupper', 'b64', 'basename', 'len', 'join', 'concat', 'getopt'] as const
/** Right side only: the value of another field. */
export const VAL = 'val'
/** Transformers that take several arguments, strings and lists among them. */
const MANY_ARGUMENTS: ReadonlySet<string> = new Set(['join', 'concat', 'getopt'])

const CHECK_OPERATORS: ReadonlySet<string> = new Set(OPERATORS)
const LIST_TAKING: ReadonlySet<string> = new Set(LIST_OPERATORS)
const WITH_MODIFIER: ReadonlySet<string> = new Set(STRING_OPERATORS.flatMap(op => MODIFIERS.map(m => `${op} ${m}`)))

/** True for an operator, with a modifier or without, in the canonical spelling (one space between). */
export function isOperator(op: string): boolean {
  return CHECK_OPERATORS.has(op) || WITH_MODIFIER.has(op)
}

/** True when the operator's right side is a list. */
export function takesList(op: string): boolean {
  return LIST_TAKING.has(op) || WITH_MODIFIER.has(op)
}

export function takesManyArguments(transformer: string): boolean {
  return MANY_ARGUMENTS.has(transformer)
}

/** `'a', 'b', 'c'`, as messages list words. */
export function quotedList(words: readonly string[]): string {
  return words.map(word => `'${word}'`).join(', ')
}
