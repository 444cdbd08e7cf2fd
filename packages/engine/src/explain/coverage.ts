import { evaluateClause } from '../bytecode/evaluate-tree.ts'
import type { Clause, Node } from '../bytecode/tree.ts'
import { printCondition } from '../condition/print.ts'
import type { Place } from '../text/span.ts'

/** How often a check of a rule was true and false over the events of a test. */
export interface CheckCoverage {
  readonly rule: string
  /** The check as canonical text. */
  readonly text: string
  /** Where it was written: in the rule, a macro or an exception. */
  readonly place: Place | undefined
  readonly held: number
  readonly failed: number
}

/** A rule as coverage sees it. */
export interface CoveredRule {
  readonly name: string
  readonly node: Node
}

/** Counts the results of every check of rules, to find the checks that no test exercises. */
export class Coverage<E = any> {
  readonly #rules: readonly RuleCount[]
  /** Each distinct check of all rules: rules that share a check share its evaluation. */
  readonly #checks: readonly CheckCount[]
  readonly #begin: () => void

  /** @param begin called before an event's fields are read */
  constructor(rules: readonly CoveredRule[], begin: () => void) {
    const checks = new Map<string, CheckCount>()
    const countOf = (clause: Clause) => {
      let count = checks.get(clause.key)
      if (!count) checks.set(clause.key, (count = new CheckCount(clause)))
      return count
    }
    this.#rules = rules.map(rule => new RuleCount(rule, countOf))
    this.#checks = [...checks.values()]
    this.#begin = begin
  }

  /** Evaluates every check of every rule, including checks that short-circuit evaluation would skip. */
  record(event: E): void {
    this.#begin()
    for (const check of this.#checks) check.record(event)
    for (const rule of this.#rules) if (isTrue(rule.node, rule.counts)) rule.matched++
  }

  /** Every check of every rule, in the order written. */
  checks(): CheckCoverage[] {
    return this.#rules.flatMap(rule => rule.checks())
  }

  /** Rules that no event matched. */
  neverMatched(): string[] {
    return this.#rules.filter(({ matched }) => matched === 0).map(({ name }) => name)
  }

  /** Checks that were never true or never false: the tests would pass without them. */
  untested(): CheckCoverage[] {
    return this.checks().filter(isUntested)
  }

  /** A report: one line per rule, followed by the checks that were not both true and false at some time. */
  toString(): string {
    const lines: string[] = []
    for (const rule of this.#rules) {
      const checks = rule.checks()
      const untested = checks.filter(isUntested)
      const tested = checks.length - untested.length
      lines.push(`${rule.name}: ${tested} of ${checks.length} checks seen both ways, ${rule.matched} matches`)
      for (const { text, place, held, failed } of untested) {
        const where = place === undefined ? '' : `  ${place.file}:${place.line}:${place.column}`
        lines.push(`  never ${held + failed === 0 ? 'evaluated' : String(held === 0)}: ${text}${where}`)
      }
    }
    return lines.map(line => `${line}\n`).join('')
  }
}

function isUntested({ held, failed }: CheckCoverage): boolean {
  return held === 0 || failed === 0
}

/** The results of a check, and its truth for the current event. */
class CheckCount {
  readonly #clause: Clause
  held = 0
  failed = 0
  truth = false

  constructor(clause: Clause) {
    this.#clause = clause
  }

  record(event: unknown): void {
    this.truth = evaluateClause(this.#clause, event)
    if (this.truth) this.held++
    else this.failed++
  }
}

class RuleCount {
  readonly name: string
  readonly node: Node
  readonly counts = new Map<Clause, CheckCount>()
  matched = 0

  constructor({ name, node }: CoveredRule, countOf: (clause: Clause) => CheckCount) {
    this.name = name
    this.node = node
    for (const { clause } of clausesOf(node)) this.counts.set(clause, countOf(clause))
  }

  checks(): CheckCoverage[] {
    return clausesOf(this.node).map(({ clause, written }) => {
      const { held, failed } = this.counts.get(clause)!
      const text = written === undefined ? clause.key : printCondition(written)
      return { rule: this.name, text, place: written?.place, held, failed }
    })
  }
}

type ClauseNode = Extract<Node, { kind: 'clause' }>

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

function isTrue(node: Node, counts: ReadonlyMap<Clause, CheckCount>): boolean {
  switch (node.kind) {
    case 'const':
      return node.value
    case 'clause':
      return counts.get(node.clause)!.truth
    case 'not':
      return !isTrue(node.child, counts)
    case 'and':
      return node.children.every(child => isTrue(child, counts))
    case 'or':
      return node.children.some(child => isTrue(child, counts))
  }
}
