import type { TransformerName } from '../condition/transformers.ts'
import { bytesToText, textToBytes } from '../text/encoding.ts'
import { decodeBase64 } from './base64.ts'
import type { Scalar, Value } from './field.ts'
import { getopt, optionOf } from './getopt.ts'
import { lowerAscii, upperAscii } from './glob.ts'

/** Computes the result from arguments that are all present; undefined = absent. */
type Apply = (args: readonly Value[], option: string | undefined) => Value | undefined

/** What each transformer computes, for arguments as condition/transformers.ts declares them. */
export const APPLY: Readonly<Record<TransformerName, Apply>> = {
  tolower: ([v]) => each(v!, text => lowerAscii(text as string)),
  toupper: ([v]) => each(v!, text => upperAscii(text as string)),
  b64: ([v]) => each(v!, decode),
  basename: ([v]) => each(v!, text => (text as string).slice((text as string).lastIndexOf('/') + 1)),
  len: ([v]) => lengthOf(v!),
  join: ([separator, list]) => elements(list!).join(String(separator)),
  concat: args => args.join(''),
  getopt: ([args, spec], option) => {
    const found = getopt(elements(args!) as string[], spec as string)
    return option === undefined ? present(found.flatMap(o => o.listed)) : optionOf(found, option)
  },
}

function each(value: Value, change: (v: Scalar) => Scalar | undefined): Value | undefined {
  if (!Array.isArray(value)) return change(value as Scalar)
  const changed: Scalar[] = []
  for (const v of value) {
    const c = change(v)
    if (c === undefined) return undefined
    changed.push(c)
  }
  return changed
}

/** A list's elements; a scalar is a list of one. */
export function elements(value: Value): readonly Scalar[] {
  return Array.isArray(value) ? value : [value as Scalar]
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
  // Most texts are ASCII, with one byte per unit.
  for (let i = 0; i < value.length; i++) if (value.charCodeAt(i) > 0x7f) return textToBytes(value).length
  return value.length
}
