import { bytesToText, textToBytes } from '../text/encoding.ts'
import { decodeBase64 } from './base64.ts'
import type { FieldType, Scalar, Value } from './field.ts'
import { getopt, optionOf } from './getopt.ts'
import { lowerAscii, upperAscii } from './glob.ts'
import type { Kind } from './types.ts'

export type TransformerName = 'tolower' | 'toupper' | 'b64' | 'basename' | 'len' | 'join' | 'concat' | 'getopt'

export interface Transformer {
  /** Fewest and most arguments. */
  readonly arity: readonly [number, number]
  /** Kinds that an argument's elements may have. A list of any type has a length. */
  readonly kinds: readonly Kind[]
  /**
   * How arguments are taken: `each` applies to a scalar or to each element of a list; `whole` takes one operand as it is;
   * `texts` takes single texts only; `text-list` a text and then a list; `list-text` a list and then a text.
   */
  readonly shape: 'each' | 'whole' | 'texts' | 'text-list' | 'list-text'
  /** The type of the result; 'same' = that of the first argument. */
  readonly result: FieldType | 'same'
  /** It may be followed by `[option]`. */
  readonly option: boolean
  readonly doc: string
  /** The result for arguments that are all present; undefined = absent. */
  apply(args: readonly Value[], option: string | undefined): Value | undefined
}

const ONE = { arity: [1, 1], option: false } as const

/** Every transformer but `val`, which stands for its operand and is gone after lowering. */
export const TRANSFORMERS: Readonly<Record<TransformerName, Transformer>> = {
  tolower: {
    ...{ ...ONE, kinds: ['text'], shape: 'each', result: 'same', doc: 'ASCII letters in lower case' },
    apply: ([v]) => each(v!, text => lowerAscii(text as string)),
  },
  toupper: {
    ...{ ...ONE, kinds: ['text'], shape: 'each', result: 'same', doc: 'ASCII letters in upper case' },
    apply: ([v]) => each(v!, text => upperAscii(text as string)),
  },
  b64: {
    ...{
      ...ONE,
      kinds: ['text', 'bytes'],
      shape: 'each',
      result: 'same',
      doc: 'decoded from base64; absent when it is none',
    },
    apply: ([v]) => each(v!, decode),
  },
  basename: {
    ...{ ...ONE, kinds: ['text'], shape: 'each', result: 'same', doc: 'what stands behind the last slash' },
    apply: ([v]) => each(v!, text => (text as string).slice((text as string).lastIndexOf('/') + 1)),
  },
  len: {
    ...{ ...ONE, kinds: ['text', 'bytes'], shape: 'whole', result: 'uint64' },
    doc: 'the number of elements of a list, of bytes of a text or buffer',
    apply: ([v]) => lengthOf(v!),
  },
  join: {
    ...{ arity: [2, 2], kinds: ['text'], shape: 'text-list', result: 'string', option: false },
    doc: 'the elements of a list in one text, with a separator between: join(separator, list)',
    apply: ([separator, list]) => elements(list!).join(separator as string),
  },
  concat: {
    ...{ arity: [2, 64], kinds: ['text'], shape: 'texts', result: 'string', option: false },
    doc: 'its arguments in one text',
    apply: args => args.join(''),
  },
  getopt: {
    ...{ arity: [2, 2], kinds: ['text'], shape: 'list-text', result: 'string', option: true },
    doc: 'options and their values in a list of arguments, as getopt(3) finds them; getopt(…)[c] the value of option c',
    apply: ([args, spec], option) => {
      const found = getopt(elements(args!) as string[], spec as string)
      return option === undefined ? present(found.flatMap(o => o.listed)) : optionOf(found, option)
    },
  },
}

/** Names that a condition may use, `val` among them. */
export const TRANSFORMER_NAMES: readonly string[] = ['val', ...Object.keys(TRANSFORMERS)]

function each(value: Value, change: (v: Scalar) => Scalar | undefined): Value | undefined {
  if (!isList(value)) return change(value)
  const changed: Scalar[] = []
  for (const v of value) {
    const c = change(v)
    if (c === undefined) return undefined
    changed.push(c)
  }
  return changed
}

export function isList(value: Value): value is readonly Scalar[] {
  return Array.isArray(value)
}

/** A list's elements; a scalar is a list of one. */
export function elements(value: Value): readonly Scalar[] {
  return isList(value) ? value : [value]
}

function present(list: string[]): string[] | undefined {
  return list.length === 0 ? undefined : list
}

function decode(value: Scalar): Scalar | undefined {
  const bytes = decodeBase64(typeof value === 'string' ? value : bytesToText(value as Uint8Array))
  if (bytes === undefined) return undefined
  return typeof value === 'string' ? bytesToText(bytes).toWellFormed() : bytes
}

function lengthOf(value: Value): number {
  if (typeof value !== 'string') return (value as readonly Scalar[] | Uint8Array).length
  // Most texts are ASCII, where bytes and units are one.
  for (let i = 0; i < value.length; i++) if (value.charCodeAt(i) > 0x7f) return textToBytes(value).length
  return value.length
}
