import type { EventTypes } from '@falc/engine'
import { type CompiledRule, evaluateClause, holdsWith, type Node, visitDeciding } from '@falc/engine/analysis'
import { Solver } from '../algebra/solve.ts'
import { type Mutant, mutantsOf } from './mutants.ts'

/** The result of a mutant. `unseen`: it matches the same events as its rule in every test. */
export type Fate = 'killed' | 'survived' | 'unseen'

export interface RuleScore {
  readonly rule: string
  readonly mutants: readonly (Mutant & { readonly fate: Fate })[]
  /** Killed mutants of all, from 0 to 1; 1 without mutants. */
  readonly score: number
}

/** Whether a test passes with this many alerts of a rule. */
export type Verdict = (rule: string, alerts: number) => boolean

/**
 * Runs tests on all mutants of some rules at once. Each event of a test is passed once and its checks are evaluated once; a mutant is
 * evaluated only where the part that it changes decides.
 */
export class MutationRun {
  readonly #rules: readonly Subject[]
  /** Of the event at hand, by clause. */
  readonly #truths = new Map<string, boolean>()

  /** @param types of the rules' source */
  constructor(rules: readonly CompiledRule[], types: EventTypes | undefined) {
    const solver = new Solver(types)
    this.#rules = rules.map(rule => new Subject(rule, mutantsOf(rule, solver)))
  }

  /** An event of the current test. */
  see(event: unknown): void {
    this.#truths.clear()
    const holds = (node: Node): boolean =>
      holdsWith(node, clause => {
        let truth = this.#truths.get(clause.key)
        if (truth === undefined) this.#truths.set(clause.key, (truth = evaluateClause(clause, event)))
        return truth
      })
    for (const rule of this.#rules) rule.see(holds)
  }

  /** The current test is over. A mutant is killed when the test passes on its rule and fails on the mutant. */
  end(passes: Verdict): void {
    for (const rule of this.#rules) rule.end(passes)
  }

  scores(): RuleScore[] {
    return this.#rules.map(rule => rule.score())
  }
}

/** A mutant, and what the tests have made of it. */
interface Trial {
  readonly mutant: Mutant
  killed: boolean
  /** It matched an event that its rule does not match, or the other way round. */
  differs: boolean
  /** Alerts that it raises more than its rule, in the current test. */
  more: number
}

class Subject {
  readonly #rule: CompiledRule
  readonly #trials: readonly Trial[]
  /** By the part of the condition that is changed. */
  readonly #at: ReadonlyMap<Node, readonly Trial[]>
  /** Those that differ in the current test. */
  readonly #differing = new Set<Trial>()
  #alerts = 0

  constructor(rule: CompiledRule, mutants: readonly Mutant[]) {
    this.#rule = rule
    this.#trials = mutants.map(mutant => ({ mutant, killed: false, differs: false, more: 0 }))
    this.#at = Map.groupBy(this.#trials, ({ mutant }) => mutant.original)
  }

  see(holds: (node: Node) => boolean): void {
    const matches = holds(this.#rule.node)
    if (matches) this.#alerts++
    visitDeciding(this.#rule.node, holds, part => {
      const truth = holds(part)
      for (const trial of this.#at.get(part) ?? []) {
        if (trial.killed || holds(trial.mutant.changed) === truth) continue
        trial.differs = true
        trial.more += matches ? -1 : 1
        this.#differing.add(trial)
      }
    })
  }

  end(passes: Verdict): void {
    const { name } = this.#rule.rule
    const holds = passes(name, this.#alerts)
    for (const trial of this.#differing) {
      if (holds && trial.more !== 0 && !passes(name, this.#alerts + trial.more)) trial.killed = true
      trial.more = 0
    }
    this.#differing.clear()
    this.#alerts = 0
  }

  score(): RuleScore {
    const mutants = this.#trials.map(({ mutant, killed, differs }) => ({
      ...mutant,
      fate: killed ? ('killed' as const) : differs ? ('survived' as const) : ('unseen' as const),
    }))
    const killed = mutants.filter(({ fate }) => fate === 'killed').length
    return { rule: this.#rule.rule.name, mutants, score: mutants.length === 0 ? 1 : killed / mutants.length }
  }
}
