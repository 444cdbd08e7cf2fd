import type { Engine, EventTypes, Place, Source } from '@falc/engine'
import type { Analysis, CompiledRule, MappedText, Node } from '@falc/engine/analysis'
import { Solver } from '../algebra/solve.ts'

/** A rule or a macro under check: its condition and source text. */
export interface Unit {
  readonly kind: 'rule' | 'macro'
  readonly name: string
  readonly node: Node
  /** The spans of the unit's own nodes refer to it. */
  readonly text: MappedText
  /** Of its definition. */
  readonly place: Place
  /** The rule, or the first one that uses the macro. */
  readonly rule: CompiledRule
  readonly solver: Solver
  /** Does not know which event types carry which fields. */
  readonly bare: Solver
}

/** Rules files as checks see them. */
export interface Project {
  readonly analysis: Analysis
  /** Those that the files define or change. */
  readonly rules: readonly Unit[]
  /** With those that the files build upon. */
  readonly allRules: readonly Unit[]
  readonly macros: readonly Unit[]
  readonly sources: readonly Source[]
}

export function projectOf(engine: Engine, analysis: Analysis): Project {
  const { sources } = engine.options
  const solvers = new Map(sources.map(({ name, eventTypes }) => [name, solversFor(eventTypes)]))
  const common = (rule: CompiledRule) => ({ rule, ...solvers.get(rule.rule.source)! })
  const rules = analysis.rules.map((compiled): Unit => {
    const { rule, node } = compiled
    const { context, conditionText } = rule
    return { kind: 'rule', name: rule.name, node, text: conditionText, place: context.place, ...common(compiled) }
  })
  const names = new Set(
    analysis.files.flatMap(({ items }) =>
      items.flatMap(item => ('name' in item && item.kind.startsWith('rule') ? [item.name] : [])),
    ),
  )
  const own = rules.filter(({ name }) => names.has(name))
  const files = new Set(analysis.files.map(({ source }) => source.name))
  const macros = new Map<string, Unit>()
  for (const compiled of analysis.rules)
    for (const node of nodesOf(compiled.node)) {
      const name = node.written?.macro
      const macro = name === undefined || macros.has(name) ? undefined : analysis.resolution?.macros.get(name)
      if (!macro?.parsed) continue
      const { place } = macro.macro.context
      if (!files.has(place.file)) continue
      macros.set(name!, { kind: 'macro', name: name!, node, text: macro.parsed.text, place, ...common(compiled) })
    }
  return { analysis, rules: own, allRules: rules, macros: [...macros.values()], sources }
}

function solversFor(types: EventTypes | undefined) {
  const solver = new Solver(types)
  if (!types?.carries) return { solver, bare: solver }
  const { carries: _, ...rest } = types
  return { solver, bare: new Solver(rest) }
}

/** All nodes of a condition, parents first. */
export function* nodesOf(node: Node): Generator<Node> {
  yield node
  if (node.kind === 'not') yield* nodesOf(node.child)
  else if (node.kind === 'and' || node.kind === 'or') for (const child of node.children) yield* nodesOf(child)
}

type Group = Extract<Node, { kind: 'and' | 'or' }>

export interface Own {
  readonly node: Node
  /** What it is joined with: dropping it leaves the neighbours. Absent for the root and below `not`. */
  readonly joined?: 'and' | 'or'
  /** The conjunctions and disjunctions around it, innermost first. */
  readonly around: readonly Group[]
  /** The number of negations around it is odd. */
  readonly negated: boolean
}

/** The nodes that a unit's own text writes, without what macros expand to. */
export function ownNodes({ node }: Unit): Own[] {
  const found: Own[] = []
  const visit = (own: Own, root: boolean): void => {
    found.push(own)
    const { node, negated, around } = own
    if (!root && node.written?.macro !== undefined) return
    if (node.kind === 'not') visit({ node: node.child, negated: !negated, around }, false)
    else if (node.kind === 'and' || node.kind === 'or')
      for (const child of node.children)
        visit({ node: child, negated, joined: node.kind, around: [node, ...around] }, false)
  }
  visit({ node, negated: false, around: [] }, true)
  return found
}

/** Whether a node was written in one of its rule's exceptions. */
export function isInException({ rule }: Unit, node: Node): boolean {
  const place = placeOf(node)
  return rule.rule.exceptions.some(exception => place !== undefined && isWithin(place, exception.place))
}

export function isWithin(place: Place, outer: Place): boolean {
  return place.file === outer.file && place.offset >= outer.offset && place.offset <= outer.offset + outer.length
}

/** Where a node was written: of a macro, its name. */
export function placeOf({ written }: Node): Place | undefined {
  return written?.use ?? written?.place
}
