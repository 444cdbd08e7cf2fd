import { type AlertData, alertId, clockTime, fraction, priorityLevel } from '@falc/engine'
import type { Rate } from '../model/transport.ts'
import { printDuration } from '../text/units.ts'
import type { Counters } from './counters.ts'

/** The number of rules that a summary names. */
const MAX_RULES = 20

/** Passes on a limited number of alerts per period, and a summary of those above the limit. */
export class RateLimit {
  readonly #rate: Rate
  readonly #name: string
  readonly #next: (alert: AlertData) => void
  readonly #counters: Counters
  #passed = 0
  #excess: Excess | undefined
  #timer: NodeJS.Timeout | undefined

  /** @param name of the output, for the summary @param next takes what is passed on */
  constructor(rate: Rate, name: string, next: (alert: AlertData) => void, counters: Counters) {
    this.#rate = rate
    this.#name = name
    this.#next = next
    this.#counters = counters
  }

  push(alert: AlertData): void {
    if (this.#timer === undefined) {
      this.#timer = setTimeout(() => this.flush(), this.#rate.per)
      this.#timer.unref()
    }
    if (this.#passed < this.#rate.alerts) {
      this.#passed++
      this.#next(alert)
    } else {
      this.#counters.limited++
      this.#excess ??= new Excess(alert)
      this.#excess.add(alert)
    }
  }

  /** Ends the time. */
  flush(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    this.#passed = 0
    const excess = this.#excess
    this.#excess = undefined
    if (!excess) return
    this.#counters.pushed++
    const { alerts, per } = this.#rate
    this.#next(excess.summary(`${this.#name}: above ${alerts} alerts in ${printDuration(per)}`))
  }
}

/** Alerts above the rate. */
class Excess {
  readonly #rules = new Map<string, number>()
  readonly #first: AlertData
  #last: bigint
  #priority: AlertData['priority']
  #count = 0

  constructor(first: AlertData) {
    this.#first = first
    this.#last = first.time
    this.#priority = first.priority
  }

  add({ rule, time, priority, count = 1 }: AlertData): void {
    this.#count += count
    this.#last = time
    if (priorityLevel(priority) < priorityLevel(this.#priority)) this.#priority = priority
    const name = this.#rules.size < MAX_RULES || this.#rules.has(rule) ? rule : 'other rules'
    this.#rules.set(name, (this.#rules.get(name) ?? 0) + count)
  }

  /** @param why its beginning */
  summary(why: string): AlertData {
    const byRule = [...this.#rules].sort(([, a], [, b]) => b - a)
    const rules = byRule.map(([rule, count]) => `${rule} ${count}`).join(', ')
    const message = `${why}: ${this.#count} were left out (${rules})`
    const [rule, time, first] = ['Falco internal: output rate exceeded', this.#last, this.#first]
    return {
      id: alertId({ identity: first.id, source: 'internal', rule, time, event: this.#count }),
      ...{ rule, priority: this.#priority, source: 'internal', tags: [], time, message, hostname: first.hostname },
      output: `${clockTime(time)}${fraction(time)}: ${this.#priority} ${message}`,
      output_fields: Object.fromEntries(byRule),
      ...{ count: this.#count, firstTime: first.time, lastTime: this.#last },
    }
  }
}
