import type { Kind } from './types.ts'

export type OperatorName =
  | 'exists'
  | '='
  | '!='
  | '<'
  | '<='
  | '>'
  | '>='
  | 'contains'
  | 'icontains'
  | 'bcontains'
  | 'startswith'
  | 'bstartswith'
  | 'endswith'
  | 'glob'
  | 'iglob'
  | 'regex'
  | 'pmatch'
  | 'in'
  | 'intersects'

/** `oneof` exactly one value, `anyof` at least one, `allof` all of them (and at least one). */
export type Modifier = 'oneof' | 'anyof' | 'allof'
export const MODIFIERS: readonly Modifier[] = ['oneof', 'anyof', 'allof']

export interface Operator {
  /** Kinds of left operand that it takes; `opaque` is in the list of `exists` alone. */
  readonly kinds: readonly Kind[]
  /** What stands on its right: nothing, a value, or a list of values. */
  readonly form: 'none' | 'value' | 'list'
  /** It may take a modifier (the string operators of the grammar). */
  readonly modifiable: boolean
  /** A list field may stand on its left. */
  readonly lists: boolean
  /** It may compare with another field. */
  readonly fields: boolean
  readonly doc: string
}

const ORDERED: readonly Kind[] = ['text', 'number']
const EQUAL: readonly Kind[] = ['text', 'number', 'bool', 'bytes', 'ip', 'net']
const TEXT: readonly Kind[] = ['text']
const SEQUENCE: readonly Kind[] = ['text', 'bytes']
const VALUE = { form: 'value', lists: false, fields: true } as const

/** Every operator: parser, checker, compiler, listings and documentation read this table. */
export const OPERATORS: Readonly<Record<OperatorName, Operator>> = {
  exists: {
    ...{ kinds: [...EQUAL, 'opaque'], form: 'none', modifiable: false, lists: true, fields: false },
    doc: 'the field has a value',
  },
  '=': { ...VALUE, kinds: EQUAL, modifiable: true, doc: 'equal; for a network: the address is in it' },
  '!=': { ...VALUE, kinds: EQUAL, modifiable: true, doc: 'present and not equal; of several values: none is' },
  '<': { ...VALUE, kinds: ORDERED, modifiable: false, doc: 'less; texts by their bytes' },
  '<=': { ...VALUE, kinds: ORDERED, modifiable: false, doc: 'less or equal' },
  '>': { ...VALUE, kinds: ORDERED, modifiable: false, doc: 'greater' },
  '>=': { ...VALUE, kinds: ORDERED, modifiable: false, doc: 'greater or equal' },
  contains: { ...VALUE, kinds: SEQUENCE, modifiable: true, doc: 'the value occurs in it' },
  icontains: { ...VALUE, kinds: TEXT, modifiable: true, doc: 'contains, ASCII letters of either case alike' },
  bcontains: { ...VALUE, kinds: ['bytes'], modifiable: true, doc: 'contains these bytes, written in hex' },
  startswith: { ...VALUE, kinds: SEQUENCE, modifiable: true, doc: 'begins with the value' },
  bstartswith: { ...VALUE, kinds: ['bytes'], modifiable: true, doc: 'begins with these bytes, written in hex' },
  endswith: { ...VALUE, kinds: SEQUENCE, modifiable: true, doc: 'ends with the value' },
  glob: { ...VALUE, kinds: TEXT, modifiable: true, doc: 'the whole text matches a pattern of * ? [ ]' },
  iglob: { ...VALUE, kinds: TEXT, modifiable: true, doc: 'glob, ASCII letters of either case alike' },
  regex: {
    ...{ kinds: TEXT, form: 'value', modifiable: true, lists: false, fields: false },
    doc: 'the whole text matches a regular expression (RE2, POSIX syntax)',
  },
  pmatch: {
    ...{ kinds: TEXT, form: 'list', modifiable: false, lists: false, fields: false },
    doc: 'the path is one of these or below one; components may be glob patterns',
  },
  in: {
    ...{ kinds: EQUAL, form: 'list', modifiable: false, lists: true, fields: true },
    doc: 'equal to one of the values; of a list field: every element is',
  },
  intersects: {
    ...{ kinds: EQUAL, form: 'list', modifiable: false, lists: true, fields: true },
    doc: 'equal to one of the values; of a list field: some element is',
  },
}

/** Splits an operator as written (`==`, `startswith oneof`) into its name and modifier; undefined: there is no such operator. */
export function parseOperator(written: string): { op: OperatorName; modifier: Modifier | undefined } | undefined {
  const [symbol = '', modifier, ...rest] = written.trim().split(/\s+/)
  const op = symbol === '==' ? '=' : symbol
  if (rest.length > 0 || !Object.hasOwn(OPERATORS, op)) return undefined
  if (modifier !== undefined && !MODIFIERS.includes(modifier as Modifier)) return undefined
  return { op: op as OperatorName, modifier: modifier as Modifier | undefined }
}
