import type { Engine, Source } from '@falc/engine'

/** How a rule's alerts change. */
export interface AlertChange {
  readonly rule: string
  readonly before: number
  readonly after: number
  /** Of alerts that are there before or after only: the first few. */
  readonly gone: readonly string[]
  readonly come: readonly string[]
}

/** Examples that are kept of each rule. */
const EXAMPLES = 3

interface Count {
  before: number
  after: number
  readonly gone: string[]
  readonly come: string[]
}

/** Shows the same events to two engines and compares their alerts. */
export class AlertDiff {
  readonly #before: Engine
  readonly #after: Engine
  readonly #counts = new Map<string, Count>()
  /** Events seen. */
  events = 0

  constructor(before: Engine, after: Engine) {
    this.#before = before
    this.#after = after
  }

  see(source: Source, event: unknown): void {
    this.events++
    const old = this.#before.evaluate(source, event)
    const now = this.#after.evaluate(source, event)
    if (old.length === 0 && now.length === 0) return
    for (const { rule, output } of old) {
      const count = this.#count(rule)
      count.before++
      if (count.gone.length < EXAMPLES && !now.some(alert => alert.rule === rule)) count.gone.push(output)
    }
    for (const { rule, output } of now) {
      const count = this.#count(rule)
      count.after++
      if (count.come.length < EXAMPLES && !old.some(alert => alert.rule === rule)) count.come.push(output)
    }
  }

  /** Rules of which alerts come or go, in the order of their first alert. */
  changes(): AlertChange[] {
    const changes = [...this.#counts].map(([rule, count]) => ({ rule, ...count }))
    return changes.filter(({ gone, come }) => gone.length > 0 || come.length > 0)
  }

  #count(rule: string): Count {
    let count = this.#counts.get(rule)
    if (!count) this.#counts.set(rule, (count = { before: 0, after: 0, gone: [], come: [] }))
    return count
  }
}
