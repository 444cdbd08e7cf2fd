import { type AlertData, PRIORITIES, type Priority } from '@falc/engine'

/** Counts alerts for the final report. */
export class Statistics {
  readonly #byPriority = new Map<Priority, number>()
  readonly #byRule = new Map<string, number>()
  total = 0

  count(alert: AlertData): void {
    this.total++
    this.#byPriority.set(alert.priority, (this.#byPriority.get(alert.priority) ?? 0) + 1)
    this.#byRule.set(alert.rule, (this.#byRule.get(alert.rule) ?? 0) + 1)
  }

  get rules(): ReadonlyMap<string, number> {
    return this.#byRule
  }

  /** Falco's text. @param order names of all rules in the order of their definition */
  report(order: readonly string[]): string {
    const line = (name: string, count: number) => `   ${name}: ${count}\n`
    let text = `Events detected: ${this.total}\nRule counts by severity:\n`
    for (const priority of PRIORITIES) {
      const count = this.#byPriority.get(priority)
      if (count) text += line(priority === 'Informational' ? 'INFO' : priority.toUpperCase(), count)
    }
    text += 'Triggered rules by rule name:\n'
    // Rules that a reload removed come last.
    for (const name of new Set([...order, ...this.#byRule.keys()])) {
      const count = this.#byRule.get(name)
      if (count) text += line(name, count)
    }
    return text
  }
}
