import type { Place } from '@falc/engine'
import { type Check, isList, type Node, type Operand } from '@falc/engine/analysis'
import { ownNodes, type Project, type Unit } from './project.ts'

type ClauseNode = Extract<Node, { kind: 'clause' }>

/** A check, as it is written and as it is compiled. */
export interface WrittenCheck {
  readonly unit: Unit
  readonly node: ClauseNode
  readonly check: Check
}

/** A constant that a check compares with. */
export interface Literal extends WrittenCheck {
  readonly text: string
  /** With its quotes. For an item of a list, the item. */
  readonly place: Place
  /** The condition itself writes it, and the file has it letter by letter. */
  readonly verbatim: boolean
  readonly quoted: boolean
}

/** The checks that rules and macros write themselves. */
export function* checksOf({ rules, macros }: Project): Generator<WrittenCheck> {
  for (const unit of [...rules, ...macros])
    for (const { node } of ownNodes(unit)) {
      const check = node.written
      const own = check?.macro === undefined || check.macro === unit.name
      if (node.kind === 'clause' && check?.kind === 'check' && own) yield { unit, node, check }
    }
}

/** Each constant that a check compares with, at its own place, also in a list. */
export function* literalsOf(project: Project): Generator<Literal> {
  for (const { unit, node, check } of checksOf(project)) {
    if (check.right === undefined) continue
    const values: readonly Operand[] = isList(check.right) ? check.right : [check.right]
    for (const value of values)
      if (value.kind === 'literal' && value.span) {
        const { offset, length } = value.span
        const place = unit.text.place(offset, length)
        const raw = unit.text.text.slice(offset, offset + length)
        const source = unit.text.sourceAt(offset)
        const verbatim = source?.content.slice(place.offset, place.offset + place.length) === raw
        yield { unit, node, check, text: value.text, place, verbatim, quoted: /^["']/.test(raw) }
      }
  }
}
