import { evaluateClause } from '../bytecode/evaluate-tree.ts'
import type { Clause, Node } from '../bytecode/tree.ts'
import { enlarged, itemText, lackingItem } from '../bytecode/variants.ts'
import { printCondition } from '../condition/print.ts'
import type { Place } from '../text/span.ts'
import { visitDeciding } from './deciding.ts'

/**
 * How often a part of a rule decided over the events of a test: with the opposite result of this part alone, the rule would have had the
 * opposite result. A check that was only true once and false once shows nothing, since another one may have decided each time.
 */
export interface CheckCoverage {
  readonly rule: string
  /** `item`: one of the constants of a check. `bound`: the constant of a comparison by order. */
  readonly kind: 'check' | 'item' | 'bound'
  /** The part as canonical text. */
  readonly text: string
  /** Where it was written: in the rule, a macro or an exception. */
  readonly place: Place | undefined
  /** Events for which it held and decided. An item: because of it alone; a bound: the next larger one would have made a difference. */
  readonly held: number
  /** Events for which the check did not hold, and decided. */
  readonly failed: number
  /** The tests need this part: a check decided both by holding and by not holding, an item or a bound decided. */
  readonly tested: boolean
}

/** A rule as coverage sees it. */
export interface CoveredRule {
  readonly name: string
  readonly node: Node
}

/** Counts which parts of rules decide, to find those that no test needs. */
export class Coverage<E = any> {
  readonly #rules: readonly RuleCount[]
  readonly #begin: () => void
  /** Of the event at hand, by clause: rules that share a check share its evaluation. */
  readonly #truths = new Map<string, boolean>()

  /** @param begin called before an event's fields are read */
  constructor(rules: readonly CoveredRule[], begin: () => void) {
    this.#rules = rules.map(rule => new RuleCount(rule))
    this.#begin = begin
  }

  record(event: E): void {
    this.#begin()
    this.#truths.clear()
    const truthOf = (clause: Clause): boolean => {
      let truth = this.#truths.get(clause.key)
      if (truth === undefined) this.#truths.set(clause.key, (truth = evaluateClause(clause, event)))
      return truth
    }
    for (const rule of this.#rules) rule.record(truthOf)
  }

  /** Every part of every rule, in the order written. */
  checks(): CheckCoverage[] {
    return this.#rules.flatMap(rule => rule.checks())
  }

  /** Rules that no event matched. */
  neverMatched(): string[] {
    return this.#rules.filter(({ matched }) => matched === 0).map(({ name }) => name)
  }

  /** Parts that the tests do not need: they would pass without them. */
  untested(): CheckCoverage[] {
    return this.checks().filter(({ tested }) => !tested)
  }

  /** A report: one line per rule, followed by the parts that the tests do not need. */
  toString(): string {
    const lines: string[] = []
    for (const rule of this.#rules) {
      const checks = rule.checks()
      const untested = checks.filter(({ tested }) => !tested)
      const tested = checks.length - untested.length
      lines.push(`${rule.name}: ${tested} of ${checks.length} parts decide, ${rule.matched} matches`)
      for (const { kind, text, place, held, failed } of untested) {
        const how = held + failed === 0 ? '' : held === 0 ? ' by being true' : ' by being false'
        const where = place === undefined ? '' : `  ${place.file}:${place.line}:${place.column}`
        lines.push(`  ${kind} never decides${how}: ${text}${where}`)
      }
    }
    return lines.map(line => `${line}\n`).join('')
  }
}

type ClauseNode = Extract<Node, { kind: 'clause' }>

class RuleCount {
  readonly name: string
  readonly #node: Node
  readonly #checks: ReadonlyMap<Node, CheckCount>
  matched = 0

  constructor({ name, node }: CoveredRule) {
    this.name = name
    this.#node = node
    this.#checks = new Map(clausesOf(node).map(one => [one, new CheckCount(one)]))
  }

  /** @param truthOf of the clauses for the event at hand */
  record(truthOf: (clause: Clause) => boolean): void {
    const holds = (node: Node) => holdsWith(node, truthOf)
    if (holds(this.#node)) this.matched++
    visitDeciding(this.#node, holds, node => this.#checks.get(node)?.record(truthOf))
  }

  checks(): CheckCoverage[] {
    return [...this.#checks.values()].flatMap(check => check.parts(this.name))
  }
}

const ORDERED = ['<', '<=', '>', '>=']

/** A check of a rule: how often it, its items and its bound decided. */
class CheckCount {
  readonly #node: ClauseNode
  readonly #items: number[]
  readonly #larger: Clause | undefined
  #held = 0
  #failed = 0
  #bound = 0

  constructor(node: ClauseNode) {
    const { clause } = node
    this.#node = node
    this.#items = clause.values.length > 1 ? clause.values.map(() => 0) : []
    this.#larger = ORDERED.includes(clause.op) ? enlarged(clause) : undefined
  }

  record(truthOf: (clause: Clause) => boolean): void {
    const { clause } = this.#node
    const truth = truthOf(clause)
    if (truth) this.#held++
    else this.#failed++
    if (this.#larger && truthOf(this.#larger) !== truth) this.#bound++
    if (truth) for (const i of this.#items.keys()) if (!truthOf(lackingItem(clause, i))) this.#items[i]!++
  }

  parts(rule: string): CheckCoverage[] {
    const { clause, written } = this.#node
    const text = written === undefined ? clause.key : printCondition(written)
    const part = (kind: CheckCoverage['kind'], text: string, held: number): CheckCoverage => ({
      ...{ rule, kind, text, place: written?.place, held, failed: this.#failed },
      tested: held > 0 && (kind !== 'check' || this.#failed > 0),
    })
    return [
      part('check', text, this.#held),
      ...(this.#larger ? [part('bound', text, this.#bound)] : []),
      ...this.#items.map((held, i) => part('item', itemText(clause, i), held)),
    ]
  }
}

/** The checks of a condition that can be true or false, in the order written. */
function clausesOf(node: Node): ClauseNode[] {
  switch (node.kind) {
    case 'const':
      return []
    case 'clause':
      return [node]
    case 'not':
      return clausesOf(node.child)
    default:
      return node.children.flatMap(clausesOf)
  }
}

/** The truth of a condition by those of its clauses. */
export function holdsWith(node: Node, truthOf: (clause: Clause) => boolean): boolean {
  switch (node.kind) {
    case 'const':
      return node.value
    case 'clause':
      return truthOf(node.clause)
    case 'not':
      return !holdsWith(node.child, truthOf)
    case 'and':
      return node.children.every(child => holdsWith(child, truthOf))
    case 'or':
      return node.children.some(child => holdsWith(child, truthOf))
  }
}
