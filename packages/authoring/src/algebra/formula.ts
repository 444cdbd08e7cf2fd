import type { EventTypes } from '@falc/engine'
import { type Clause, type Node, printCondition } from '@falc/engine/analysis'

/** A condition with its negations at the checks. */
export type Formula =
  | { readonly kind: 'const'; readonly value: boolean }
  | { readonly kind: 'and'; readonly parts: readonly Formula[] }
  | { readonly kind: 'or'; readonly parts: readonly Formula[] }
  | Literal

/** A check that holds, or that does not. */
export interface Literal {
  readonly kind: 'literal'
  readonly atom: Atom
  readonly truth: boolean
}

export interface Atom {
  /** Atoms with equal keys have the same truth. */
  readonly key: string
  /** Absent where nothing is known but the text: it may hold or not. */
  readonly clause?: Clause
}

export const TRUE: Formula = { kind: 'const', value: true }
export const FALSE: Formula = { kind: 'const', value: false }

/** A replacement for a node's own meaning; undefined = its own. */
export type Replace = (node: Node) => boolean | undefined

/** Formulas of nodes, and of their opposites. */
const known: readonly [WeakMap<Node, Formula>, WeakMap<Node, Formula>] = [new WeakMap(), new WeakMap()]

/** The formula of a condition, or of its opposite. Equal calls give the same object. */
export function formulaOf(node: Node, truth = true, replace?: Replace): Formula {
  if (replace) return make(node, truth, replace)
  const formulas = known[truth ? 1 : 0]
  let formula = formulas.get(node)
  if (!formula) formulas.set(node, (formula = make(node, truth, undefined)))
  return formula
}

function make(node: Node, truth: boolean, replace: Replace | undefined): Formula {
  const value = replace?.(node)
  if (value !== undefined) return value === truth ? TRUE : FALSE
  switch (node.kind) {
    case 'const':
      // Rules use constants for what others are to fill in: `evt.num = 0`, an empty list.
      return node.written
        ? { kind: 'literal', atom: { key: `constant ${printCondition(node.written)}` }, truth }
        : node.value === truth
          ? TRUE
          : FALSE
    case 'clause':
      // Solvers remember literals by identity.
      return replace ? formulaOf(node, truth) : { kind: 'literal', atom: atomOf(node.clause), truth }
    case 'not':
      return formulaOf(node.child, !truth, replace)
    default: {
      const parts = node.children.map(child => formulaOf(child, truth, replace))
      return (node.kind === 'and') === truth ? and(parts) : or(parts)
    }
  }
}

function atomOf(clause: Clause): Atom {
  return clause.left.key === 'evt.num' ? { key: `constant ${clause.key}` } : { key: clause.key, clause }
}

export function and(parts: readonly Formula[]): Formula {
  return joined('and', parts)
}

export function or(parts: readonly Formula[]): Formula {
  return joined('or', parts)
}

function joined(kind: 'and' | 'or', parts: readonly Formula[]): Formula {
  const unit = kind === 'and'
  const flat: Formula[] = []
  for (const part of parts) {
    if (part.kind === 'const') {
      if (part.value !== unit) return unit ? FALSE : TRUE
    } else if (part.kind === kind) flat.push(...part.parts)
    else flat.push(part)
  }
  return flat.length === 0 ? (unit ? TRUE : FALSE) : flat.length === 1 ? flat[0]! : { kind, parts: flat }
}

/** The literals of a formula. */
export function literalsOf(formula: Formula): Literal[] {
  if (formula.kind === 'const') return []
  return formula.kind === 'literal' ? [formula] : formula.parts.flatMap(literalsOf)
}

/** The event types with which a check can have a truth: what the source says of types and of the fields that they carry. */
export function typesOf({ atom, truth }: Literal, types: EventTypes): ReadonlySet<number> | undefined {
  const { clause } = atom
  if (!clause) return undefined
  const { left } = clause
  if (left.kind === 'field' && types.fields.includes(left.key)) {
    const equal = clause.op === '=' || clause.op === 'in' || clause.op === 'exists' || clause.op === '!='
    if (!equal || clause.right || clause.modifier) return undefined
    return new Set(types.all.filter(type => mayBe(clause, types.valueOf(left.key, type), truth)))
  }
  if (!truth || !types.carries) return undefined
  const told = clause.fields.filter(({ name, argText }) => types.all.some(type => !types.carries!(name, argText, type)))
  if (told.length === 0) return undefined
  return new Set(types.all.filter(type => told.every(({ name, argText }) => types.carries!(name, argText, type))))
}

function mayBe({ op, values }: Clause, value: string | null | undefined, truth: boolean): boolean {
  if (value === undefined) return true
  if (value === null) return !truth
  const holds = op === 'exists' || values.includes(value) === (op !== '!=')
  return holds === truth
}
