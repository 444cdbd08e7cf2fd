import type { AlertData, EventTypes } from '@falc/engine'
import { type Clause, type CompiledRule, evaluateClause, type Node } from '@falc/engine/analysis'
import { and, FALSE, formulaOf, type Literal, literalsOf } from '../algebra/formula.ts'
import { Solver } from '../algebra/solve.ts'
import { FieldEvent } from '../test/field-event.ts'

/** Whether an alert would still be raised. `open`: its fields do not decide it. */
export type KeptFate = 'stays' | 'goes' | 'open'

/** What becomes of the alerts of one rule. */
export interface KeptChange {
  readonly rule: string
  readonly stays: number
  readonly goes: number
  readonly open: number
  /** The first alerts that go. */
  readonly gone: readonly AlertData[]
  /** Fields that the output would have to print to decide it. */
  readonly needed: readonly string[]
}

/** Examples that are kept of each rule. */
const EXAMPLES = 3
/** Steps of one decision. */
const LIMIT = 2000
/** Decisions that are remembered: alerts of one rule are much alike. */
const MAX_KNOWN = 10_000

interface Count {
  stays: number
  goes: number
  open: number
  readonly gone: AlertData[]
  readonly needed: Set<string>
}

interface Decision {
  readonly fate: KeptFate
  readonly needed: readonly string[]
}

/**
 * Says of alerts that one version of the rules has raised whether another one would raise them, too. An alert has the fields of its output
 * only: a check of another field may hold or not, so far as it does not follow from the old condition, which held. Stored alerts cannot
 * show which new alerts would be raised. The order of rules is ignored: each rule is evaluated alone.
 */
export class KeptAlerts {
  readonly #before: ReadonlyMap<string, CompiledRule>
  readonly #after: ReadonlyMap<string, CompiledRule>
  readonly #solvers: ReadonlyMap<string, Solver>
  readonly #counts = new Map<string, Count>()
  readonly #known = new Map<string, Decision>()
  /** Alerts seen. */
  seen = 0
  /** Alerts of rules that the old version does not have. */
  foreign = 0

  /** Both sets of rules read `FieldEvent`s: their sources are `testable`. */
  constructor(
    before: readonly CompiledRule[],
    after: readonly CompiledRule[],
    types: ReadonlyMap<string, EventTypes | undefined>,
  ) {
    const byName = (rules: readonly CompiledRule[]) => new Map(rules.map(one => [one.rule.name, one]))
    this.#before = byName(before)
    this.#after = byName(after)
    this.#solvers = new Map([...types].map(([name, own]) => [name, new Solver(own)]))
  }

  see(alert: AlertData): void {
    this.seen++
    const old = this.#before.get(alert.rule)
    if (!old) {
      this.foreign++
      return
    }
    const { fate, needed } = this.#decide(old, this.#after.get(alert.rule), alert)
    let count = this.#counts.get(alert.rule)
    if (!count) this.#counts.set(alert.rule, (count = { stays: 0, goes: 0, open: 0, gone: [], needed: new Set() }))
    count[fate]++
    for (const field of needed) count.needed.add(field)
    if (fate === 'goes' && count.gone.length < EXAMPLES) count.gone.push(alert)
  }

  /** Rules of which not all alerts stay, in the order of their first alert. */
  changes(): KeptChange[] {
    return [...this.#counts].flatMap(([rule, { needed, ...count }]) =>
      count.goes + count.open === 0 ? [] : [{ rule, ...count, needed: [...needed].sort() }],
    )
  }

  #decide(old: CompiledRule, now: CompiledRule | undefined, alert: AlertData): Decision {
    if (!now?.rule.enabled || now.rule.source !== old.rule.source) return { fate: 'goes', needed: [] }
    const given = Object.entries(alert.output_fields).filter(([, value]) => value !== null)
    const event = new FieldEvent(Object.fromEntries(given))
    const truths = new Map<string, boolean | undefined>()
    const truthOf = (clause: Clause) => {
      if (truths.has(clause.key)) return truths.get(clause.key)
      const isKnown = clause.fields.every(({ text }) => Object.hasOwn(alert.output_fields, text))
      const truth = isKnown ? evaluateClause(clause, event) : undefined
      truths.set(clause.key, truth)
      return truth
    }
    for (const { node } of [old, now]) eachClause(node, truthOf)
    const key = `${old.rule.name}\n${[...truths.values()].map(truth => (truth === undefined ? '?' : Number(truth))).join('')}`
    let decision = this.#known.get(key)
    if (!decision) {
      decision = decide(old.node, now.node, truthOf, this.#solvers.get(old.rule.source)!)
      if (this.#known.size < MAX_KNOWN) this.#known.set(key, decision)
    }
    return decision
  }
}

function eachClause(node: Node, see: (clause: Clause) => unknown): void {
  if (node.kind === 'clause') see(node.clause)
  else if (node.kind === 'not') eachClause(node.child, see)
  else if (node.kind !== 'const') for (const child of node.children) eachClause(child, see)
}

function decide(old: Node, now: Node, truthOf: (clause: Clause) => boolean | undefined, solver: Solver): Decision {
  const known = (node: Node) => (node.kind === 'clause' ? truthOf(node.clause) : undefined)
  const matched = formulaOf(old, true, known)
  // What was printed can differ from what was compared, or a third version raised the alert: then the old condition proves nothing.
  const given = matched === FALSE ? [] : [matched]
  const matches = formulaOf(now, true, known)
  if (solver.isImpossible(and([...given, formulaOf(now, false, known)]), LIMIT)) return { fate: 'stays', needed: [] }
  if (solver.isImpossible(and([...given, matches]), LIMIT)) return { fate: 'goes', needed: [] }
  const isTold = (literal: Literal) =>
    solver.isImpossible(and([...given, { ...literal, truth: !literal.truth }]), LIMIT)
  const missing = literalsOf(matches).filter(literal => !isTold(literal))
  const needed = missing.flatMap(({ atom }) => atom.clause?.fields.map(({ text }) => text) ?? [])
  return { fate: 'open', needed: [...new Set(needed)] }
}
