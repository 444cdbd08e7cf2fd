import type { Check, Operand } from '../condition/ast.ts'
import { takesList } from '../condition/operators.ts'
import { isList } from '../condition/walk.ts'
import { nearest } from '../text/did-you-mean.ts'
import type { Span } from '../text/span.ts'
import type { FailedItems } from './failed-items.ts'

/** A mistake and its place in the condition's text. */
interface Mistake {
  readonly message: string
  readonly span: Span
}

/** Limits on the time spent guessing. */
const MAX_VALUES = 30
const MAX_LENGTH = 10_000
const MAX_LISTS = 100

const LIKE_A_LIST = /^[a-zA-Z][a-zA-Z0-9]*(?:_[a-zA-Z0-9]+)+$/

/**
 * Words among a check's values that are probably names of lists that do not exist: `proc.name in (shel_binaries)`. Such a word
 * is compared as text, so the rule never matches. A word counts when it is written like the name of a list and nearly is
 * one, or when it is the only value and a plural.
 */
export function undefinedLists(
  { op, right }: Check,
  text: string,
  names: ReadonlySet<string>,
  failed: FailedItems,
): Mistake[] {
  if (right === undefined || !takesList(op)) return []
  const values: readonly Operand[] = isList(right) ? right : [right]
  if (values.length > MAX_VALUES) return []
  return values.flatMap(value => {
    if (value.kind !== 'literal' || !LIKE_A_LIST.test(value.text) || !value.span) return []
    if (/["']/.test(text[value.span.offset]!) || names.has(value.text) || failed.has('list', value.text)) return []
    const guess = nearest(value.text, names)
    if (guess === undefined && (values.length > 1 || !value.text.endsWith('s'))) return []
    const hint = guess === undefined ? 'quote it if it is a plain value' : `did you mean ${guess}?`
    return [{ message: `There is no list '${value.text}': ${hint}`, span: value.span }]
  })
}

/** A list's name where a check or a macro is expected. */
export function listAsMacro(lists: readonly string[], text: string): Mistake | undefined {
  if (text.length > MAX_LENGTH) return undefined
  for (const name of lists.slice(0, MAX_LISTS))
    for (let at = text.indexOf(name); at >= 0; at = text.indexOf(name, at + 1)) {
      const before = text.slice(Math.max(0, at - 40), at)
      const expected =
        /(?:^|[\s(])(?:and|or|not)\s+$|^\s*$/.test(before) || /(?:^|\band|\bor|\bnot|\()\s*\(\s*$/.test(before)
      if (!expected || !/^(?:[\s)]|$)/.test(text.slice(at + name.length))) continue
      const message = `'${name}' is a list, not a macro: write 'field in (${name})'`
      return { message, span: { offset: at, line: 1, column: at + 1, length: name.length } }
    }
  return undefined
}
