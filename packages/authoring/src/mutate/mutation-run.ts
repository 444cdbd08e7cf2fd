import type { EventTypes } from '@falc/engine'
import { type CompiledRule, evaluateClause, type Node } from '@falc/engine/analysis'
import { Solver } from '../algebra/solve.ts'
import { type Mutant, mutantsOf } from './mutants.ts'

/** What the tests made of a mutant. `unseen`: it matches the same events as its rule in every test. */
export type Fate = 'killed' | 'survived' | 'unseen'

export interface RuleScore {
  readonly rule: string
  readonly mutants: readonly (Mutant & { readonly fate: Fate })[]
  /** Killed mutants of all, from 0 to 1; 1 without mutants. */
  readonly score: number
}

/** Whether a test passes with so many alerts of a rule. */
export type Verdict = (rule: string, alerts: number) => boolean

/**
 * Runs tests on all mutants of some rules at once: each event of a test is shown once, its checks are evaluated once, and every mutant
 * counts what it matches.
 */
export class MutationRun {
  readonly #rules: readonly Subject[]
  readonly #truths = new Map<string, boolean>()

  /** @param types of the rules' source */
  constructor(rules: readonly CompiledRule[], types: EventTypes | undefined) {
    const solver = new Solver(types)
    this.#rules = rules.map(rule => new Subject(rule, mutantsOf(rule, solver)))
  }

  /** An event of the current test. */
  see(event: unknown): void {
    this.#truths.clear()
    for (const rule of this.#rules) rule.see(node => this.#holds(node, event))
  }

  /** The current test is over. A mutant is killed when the test passes on its rule and fails on the mutant. */
  end(passes: Verdict): void {
    for (const rule of this.#rules) rule.end(passes)
  }

  scores(): RuleScore[] {
    return this.#rules.map(rule => rule.score())
  }

  #holds(node: Node, event: unknown): boolean {
    switch (node.kind) {
      case 'const':
        return node.value
      case 'not':
        return !this.#holds(node.child, event)
      case 'and':
        return node.children.every(child => this.#holds(child, event))
      case 'or':
        return node.children.some(child => this.#holds(child, event))
      case 'clause': {
        const { clause } = node
        let truth = this.#truths.get(clause.key)
        if (truth === undefined) this.#truths.set(clause.key, (truth = evaluateClause(clause, event)))
        return truth
      }
    }
  }
}

class Subject {
  readonly #rule: CompiledRule
  readonly #mutants: readonly Mutant[]
  readonly #killed: boolean[]
  readonly #differs: boolean[]
  #count = 0
  #counts: number[]

  constructor(rule: CompiledRule, mutants: readonly Mutant[]) {
    this.#rule = rule
    this.#mutants = mutants
    this.#killed = mutants.map(() => false)
    this.#differs = mutants.map(() => false)
    this.#counts = mutants.map(() => 0)
  }

  see(holds: (node: Node) => boolean): void {
    const truth = holds(this.#rule.node)
    if (truth) this.#count++
    for (const [i, { node }] of this.#mutants.entries()) {
      if (this.#killed[i]) continue
      const other = holds(node)
      if (other) this.#counts[i]!++
      if (other !== truth) this.#differs[i] = true
    }
  }

  end(passes: Verdict): void {
    const { name } = this.#rule.rule
    if (passes(name, this.#count))
      for (const [i, count] of this.#counts.entries())
        if (count !== this.#count && !passes(name, count)) this.#killed[i] = true
    this.#count = 0
    this.#counts.fill(0)
  }

  score(): RuleScore {
    const mutants = this.#mutants.map((mutant, i) => ({ ...mutant, fate: this.#fate(i) }))
    const killed = mutants.filter(({ fate }) => fate === 'killed').length
    return { rule: this.#rule.rule.name, mutants, score: mutants.length === 0 ? 1 : killed / mutants.length }
  }

  #fate(i: number): Fate {
    return this.#killed[i] ? 'killed' : this.#differs[i] ? 'survived' : 'unseen'
  }
}
