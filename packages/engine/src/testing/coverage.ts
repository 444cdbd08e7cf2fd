import type { Place } from '../text/span.ts'
import { checksOf, type ExplainedNode } from './explanation.ts'

/** How often a check of a rule held and did not, over the events of a test. */
export interface CheckCoverage {
  readonly rule: string
  /** The check as canonical text. */
  readonly text: string
  /** Where it was written: in the rule, a macro or an exception. */
  readonly place: Place | undefined
  readonly held: number
  readonly failed: number
}

/** Counts the truths of every check of rules, to find those that no test ever turned. */
export class Coverage {
  readonly #rules = new Map<string, CheckCount[]>()
  readonly #matched = new Map<string, number>()

  /** Notes what an event made of a rule's condition. */
  record(rule: string, condition: ExplainedNode): void {
    const checks = checksOf(condition).filter(check => !check.constant)
    let counts = this.#rules.get(rule)
    if (!counts) this.#rules.set(rule, (counts = checks.map(check => new CheckCount(check))))
    checks.forEach((check, i) => {
      if (check.truth) counts[i]!.held++
      else counts[i]!.failed++
    })
    this.#matched.set(rule, (this.#matched.get(rule) ?? 0) + (condition.truth ? 1 : 0))
  }

  /** Every check of every rule, in the order written. */
  checks(): CheckCoverage[] {
    return [...this.#rules].flatMap(([rule, counts]) =>
      counts.map(({ text, place, held, failed }) => ({ rule, text, place, held, failed })),
    )
  }

  /** Rules that no event matched. */
  neverMatched(): string[] {
    return [...this.#matched].filter(([, count]) => count === 0).map(([rule]) => rule)
  }

  /** Checks that always came out the same: nothing tests that they matter. */
  untested(): CheckCoverage[] {
    return this.checks().filter(({ held, failed }) => held === 0 || failed === 0)
  }

  /** For people: a line per rule, and below it the checks that always came out the same. */
  toString(): string {
    const lines: string[] = []
    for (const [rule, counts] of this.#rules) {
      const untested = counts.filter(({ held, failed }) => held === 0 || failed === 0)
      const tested = counts.length - untested.length
      lines.push(`${rule}: ${tested} of ${counts.length} checks seen both ways, ${this.#matched.get(rule)} matches`)
      for (const { text, place, held } of untested) {
        const where = place === undefined ? '' : `  ${place.file}:${place.line}:${place.column}`
        lines.push(`  never ${held === 0 ? 'true' : 'false'}: ${text}${where}`)
      }
    }
    return lines.map(line => `${line}\n`).join('')
  }
}

class CheckCount {
  readonly text: string
  readonly place: Place | undefined
  held = 0
  failed = 0
  constructor(check: ExplainedNode) {
    this.text = check.text!
    this.place = check.place
  }
}
