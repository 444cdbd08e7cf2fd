import type { Kind } from './operators.ts'

export interface Transformer {
  /** Fewest and most arguments. */
  readonly arity: readonly [number, number]
  /** Kinds that the elements of an argument may have. */
  readonly kinds: readonly Kind[]
  /**
   * The kinds of arguments. `each`: a scalar, or each element of a list. `whole`: one operand unchanged, even a list of any type. `texts`:
   * only single values. `text-list`: a single value, then a list. `list-text`: a list, then a single value.
   */
  readonly shape: 'each' | 'whole' | 'texts' | 'text-list' | 'list-text'
  /** The type of the result; 'same' = that of the first argument. */
  readonly result: 'same' | 'string' | 'uint64'
  /** It may be followed by `[c]`, one character. */
  readonly option?: true
  /** Rough time; 1 is a comparison of two numbers. Guides the order of evaluation only. */
  readonly cost: number
  readonly doc: string
}

const EACH = { arity: [1, 1], shape: 'each', result: 'same', cost: 10 } as const

/**
 * Every transformer but `val`, in the order in which messages list them. Lexer, type checks, order of evaluation and
 * docs/language.md read this table; what a transformer computes is its entry in fields/transformers.ts.
 */
const TABLE = {
  tolower: { ...EACH, kinds: ['text'], doc: 'ASCII letters in lower case' },
  toupper: { ...EACH, kinds: ['text'], doc: 'ASCII letters in upper case' },
  b64: { ...EACH, kinds: ['text', 'bytes'], doc: 'decoded from base64; absent when it is not base64' },
  basename: { ...EACH, kinds: ['text'], doc: 'what follows the last slash' },
  len: {
    ...{ arity: [1, 1], kinds: ['text', 'bytes'], shape: 'whole', result: 'uint64', cost: 10 },
    doc: 'the number of elements of a list, of bytes of a text or buffer',
  },
  join: {
    ...{ arity: [2, 2], kinds: ['text', 'number'], shape: 'text-list', result: 'string', cost: 10 },
    doc: 'the elements of a list in one text, numbers in decimal, with a separator between them: `join(separator, list)`',
  },
  concat: {
    ...{ arity: [2, 64], kinds: ['text'], shape: 'texts', result: 'string', cost: 10 },
    doc: 'its arguments in one text',
  },
  getopt: {
    ...{ arity: [2, 2], kinds: ['text'], shape: 'list-text', result: 'string', option: true, cost: 10 },
    doc: 'options and their values in a list of arguments, as getopt(3) finds them; `getopt(…)[c]`: the value of option c',
  },
} as const satisfies Record<string, Transformer>

export type TransformerName = keyof typeof TABLE
export const TRANSFORMERS: Readonly<Record<TransformerName, Transformer>> = TABLE

/** Right side only: the value of another field. It means its operand, and lowering removes it. */
export const VAL = 'val'

/** Names that a condition may use on either side of a check. */
export const TRANSFORMER_NAMES = Object.keys(TABLE) as readonly TransformerName[]

export function isTransformer(name: string): name is TransformerName {
  return Object.hasOwn(TABLE, name)
}
