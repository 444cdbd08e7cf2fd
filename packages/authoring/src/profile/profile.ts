import type { Place } from '@falc/engine'
import {
  type Clause,
  type CompiledRule,
  evaluateClause,
  holdsWith,
  type Node,
  printCondition,
} from '@falc/engine/analysis'

/** A part of a conjunction, as events have found it. */
export interface PartProfile {
  /** As it was written: a check, a macro, a group. */
  readonly text: string
  readonly place: Place | undefined
  /** Events for which the parts before it held. */
  readonly reached: number
  /** Of those, for which it held, too. */
  readonly held: number
  /** Mean time of one evaluation. */
  readonly nanoseconds: number
}

export interface RuleProfile {
  readonly rule: string
  /** Events of the types that the rule can match. */
  readonly events: number
  readonly matches: number
  /** Time for all events, in the order written. */
  readonly nanoseconds: number
  readonly parts: readonly PartProfile[]
  /** The parts that should come first, if that takes at most four fifths of the time: they rule out all that is ruled out. */
  readonly better: { readonly order: readonly string[]; readonly nanoseconds: number } | undefined
}

/** A smaller gain is not worth a change. */
const WORTHWHILE = 0.8
/** Parts of a conjunction that are distinguished: bits of a number. */
const MAX_PARTS = 30

/**
 * Measures the cost of rules when conditions are evaluated as written, as Falco does. (Falc orders checks itself, shares them between rules
 * and remembers them.) Every part of a rule's conjunction is evaluated for every event of the rule's types.
 */
export class Profiler {
  readonly #rules: readonly Subject[]

  /** @param typesOf the event types that a rule can match, as the source numbers them */
  constructor(rules: readonly CompiledRule[], typesOf: (rule: string) => readonly number[] | 'all') {
    this.#rules = rules.map(rule => new Subject(rule, typesOf(rule.rule.name)))
  }

  /** @param type of the event; undefined where the source has no types */
  see(event: unknown, type: number | undefined): void {
    for (const rule of this.#rules) rule.see(event, type)
  }

  /** The most expensive first. */
  results(): RuleProfile[] {
    return this.#rules.map(rule => rule.result()).sort((a, b) => b.nanoseconds - a.nanoseconds)
  }
}

class Subject {
  readonly #rule: CompiledRule
  readonly #parts: readonly Node[]
  readonly #types: ReadonlySet<number> | undefined
  readonly #times: number[]
  /** Events by the set of parts that held. */
  readonly #patterns = new Map<number, number>()
  #events = 0

  constructor(rule: CompiledRule, types: readonly number[] | 'all') {
    this.#rule = rule
    this.#parts = partsOf(rule.node)
    this.#types = types === 'all' ? undefined : new Set(types)
    this.#times = this.#parts.map(() => 0)
  }

  see(event: unknown, type: number | undefined): void {
    if (this.#types && type !== undefined && !this.#types.has(type)) return
    this.#events++
    const truthOf = (clause: Clause) => evaluateClause(clause, event)
    let pattern = 0
    let from = performance.now()
    for (const [i, part] of this.#parts.entries()) {
      if (holdsWith(part, truthOf)) pattern |= 1 << i
      const to = performance.now()
      this.#times[i]! += to - from
      from = to
    }
    this.#patterns.set(pattern, (this.#patterns.get(pattern) ?? 0) + 1)
  }

  result(): RuleProfile {
    const means = this.#times.map(time => (this.#events === 0 ? 0 : (time * 1e6) / this.#events))
    const written = this.#parts.map((_, i) => i)
    const parts = written.map(i => ({
      text: textOf(this.#parts[i]!),
      place: this.#parts[i]!.written?.use ?? this.#parts[i]!.written?.place,
      reached: this.#count(written.slice(0, i)),
      held: this.#count(written.slice(0, i + 1)),
      nanoseconds: means[i]!,
    }))
    const nanoseconds = this.#cost(written, means)
    const order = this.#cheapest(means)
    const less = this.#cost(order, means)
    const matches = this.#count(written)
    const deciding = order.slice(0, order.findIndex((_, i) => this.#count(order.slice(0, i + 1)) === matches) + 1)
    return {
      rule: this.#rule.rule.name,
      events: this.#events,
      matches,
      nanoseconds,
      parts,
      better:
        less < nanoseconds * WORTHWHILE ? { order: deciding.map(i => parts[i]!.text), nanoseconds: less } : undefined,
    }
  }

  /** Events for which certain parts held. */
  #count(parts: readonly number[]): number {
    const mask = parts.reduce((sum, i) => sum | (1 << i), 0)
    let count = 0
    for (const [pattern, events] of this.#patterns) if ((pattern & mask) === mask) count += events
    return count
  }

  /** Time for all events, if evaluation stops at the first part that does not hold. */
  #cost(order: readonly number[], means: readonly number[]): number {
    return order.reduce((sum, part, i) => sum + this.#count(order.slice(0, i)) * means[part]!, 0)
  }

  /** Next is always the part that rules out most events for its time. */
  #cheapest(means: readonly number[]): number[] {
    const order: number[] = []
    const left = new Set(means.keys())
    while (left.size > 0) {
      const reached = this.#count(order)
      const price = (i: number) => means[i]! / (reached - this.#count([...order, i]) + Number.MIN_VALUE)
      const next = [...left].reduce((best, i) => (price(i) < price(best) ? i : best))
      order.push(next)
      left.delete(next)
    }
    return order
  }
}

function partsOf(node: Node): readonly Node[] {
  if (node.kind !== 'and') return [node]
  const parts = node.children.flatMap(child => (child.written?.macro === undefined ? partsOf(child) : [child]))
  return parts.length <= MAX_PARTS ? parts : [node]
}

function textOf({ written }: Node): string {
  const text = written === undefined ? '' : (written.macro ?? printCondition(written))
  return text.length > 70 ? `${text.slice(0, 67)}...` : text
}
