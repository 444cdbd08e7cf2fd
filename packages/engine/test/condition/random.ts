import fc from 'fast-check'
import type { Condition, Operand } from '../../src/condition/ast.ts'
import { MODIFIERS, spellings } from '../../src/condition/operators.ts'

/** `not` begins a negation wherever another word follows. */
const identifier = fc.stringMatching(/^[a-z][a-z0-9_]{0,8}$/).filter(name => name !== 'not')
/** Any text that a condition can hold: everything but halves of characters. */
const text = fc.oneof(
  { weight: 3, arbitrary: fc.stringMatching(/^[a-z0-9_./*-]{1,10}$/) },
  fc.string({ unit: 'grapheme', maxLength: 8 }),
  fc.string({ unit: fc.constantFrom(...` "'\\()=,\t\n\r\b\f/x`), maxLength: 6 }),
  fc.constantFrom(...MODIFIERS, 'and', 'or', 'not', 'in', '', '<NA>', '\udcff', 'a\udc80b'),
)
const literal = text.map((value): Operand => ({ kind: 'literal', text: value }))
const field = fc
  .record({ a: identifier, b: identifier, arg: fc.option(text, { nil: undefined }) })
  .map(({ a, b, arg }): Operand => ({ kind: 'field', name: `${a}.${b}`, ...(arg !== undefined && { arg }) }))

const transform = fc.letrec<{ inner: Operand }>(tie => ({
  inner: fc.oneof(
    { depthSize: 'small' },
    field,
    fc
      .tuple(fc.constantFrom('tolower', 'toupper', 'b64', 'basename', 'len'), tie('inner'))
      .map(([name, arg]): Operand => ({ kind: 'transform', name, args: [arg] })),
    fc
      .tuple(fc.constantFrom('join', 'concat'), text, fc.array(tie('inner'), { maxLength: 3 }))
      .map(([name, separator, items]): Operand => {
        return { kind: 'transform', name, args: [{ kind: 'literal', text: separator }, items] }
      }),
  ),
})).inner
const val = field.map((arg): Operand => ({ kind: 'transform', name: 'val', args: [arg] }))
const onRight = fc.oneof(
  val,
  transform.filter(operand => operand.kind === 'transform'),
)
const list = fc.array(literal, { maxLength: 4 })
const listSide = fc.oneof(
  list,
  list,
  identifier.map((name): Operand => ({ kind: 'literal', text: name })),
  onRight,
)
const number = fc
  .stringMatching(/^-?[0-9]{1,5}(\.[0-9]{1,3})?$/)
  .map((value): Operand => ({ kind: 'literal', text: value }))
const stringSide = fc.oneof({ weight: 4, arbitrary: literal }, onRight)

const check = fc
  .tuple(
    fc.oneof({ weight: 3, arbitrary: field }, transform),
    fc.oneof(
      fc.constant({ op: 'exists', right: undefined }),
      fc.record({ op: fc.constantFrom(...spellings('number')), right: fc.oneof(number, onRight) }),
      fc.record({ op: fc.constantFrom(...spellings('string')), right: stringSide }),
      fc.record({ op: fc.constantFrom(...spellings('list')), right: listSide }),
      fc.record({
        op: fc
          .tuple(fc.constantFrom(...spellings('string')), fc.constantFrom(...MODIFIERS))
          .map(([op, m]) => `${op} ${m}`),
        right: list,
      }),
    ),
  )
  .map(([left, { op, right }]): Condition => ({ kind: 'check', left, op, ...(right !== undefined && { right }) }))

/** Conditions of every form that the parser can produce. */
export const condition = fc.letrec<{ node: Condition }>(tie => ({
  node: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    check,
    identifier.map((name): Condition => ({ kind: 'macro', name })),
    fc
      .tuple(fc.constantFrom('and', 'or'), fc.array(tie('node'), { minLength: 2, maxLength: 4 }))
      .map(([kind, children]): Condition => ({ kind, children })),
    tie('node').map((child): Condition => ({ kind: 'not', child })),
  ),
})).node

/** The tree without spans and places, as text: equal for equal trees. */
export function bare(condition: Condition): string {
  return JSON.stringify(condition, (key, value) => (key === 'span' || key === 'place' ? undefined : value))
}
