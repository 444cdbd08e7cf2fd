import { createHash } from 'node:crypto'
import { type AlertData, alertId, alertSize, clockTime, compileOutput, type Source } from '@falc/engine'
import type { Counters } from './counters.ts'

export interface CollapseOptions {
  /** Fields of the alert: alerts with the same values are repeats of one another. */
  readonly by: readonly string[]
  /** Milliseconds for which repeats are counted, from the first alert on. */
  readonly window: number
}

/** An attacker may choose the values of these fields, and so how many different ones there are. */
const MAX_KEYS = 10_000

/** Memory of the alerts that are remembered: their fields can be far longer than their output. */
const MAX_BYTES = 32 * 1024 * 1024

/** Longer values are compared by their digests: no one can make two that share a part pass for one. */
const MAX_VALUE = 512

interface Repeats {
  readonly alert: AlertData
  readonly bytes: number
  /** When the window ends, as performance.now. */
  readonly ends: number
  count: number
  firstTime: bigint
  lastTime: bigint
}

/**
 * Passes on the first of alerts that have the same key, counts its repeats, and sums them up at the end of the window. With too
 * many keys at once, the oldest window ends early. Nothing is silent: every repeat is in some sum.
 */
export class Collapse {
  readonly #key: readonly ((alert: AlertData) => string)[]
  readonly #window: number
  readonly #next: (alert: AlertData) => void
  readonly #counters: Counters
  /** In the order in which their windows end. */
  readonly #open = new Map<string, Repeats>()
  #bytes = 0
  #timer: NodeJS.Timeout | undefined

  /** @param next takes what is passed on @throws {ConditionError} when `by` names something that is not a field */
  constructor(
    { by, window }: CollapseOptions,
    source: Source<AlertData>,
    next: (alert: AlertData) => void,
    counters: Counters,
  ) {
    this.#key = by.map(field => compileOutput(`%${field}`, source))
    this.#window = window
    this.#next = next
    this.#counters = counters
  }

  push(alert: AlertData): void {
    const key = this.#keyOf(alert)
    const repeats = this.#open.get(key)
    if (repeats && performance.now() < repeats.ends) {
      if (repeats.count === 0) repeats.firstTime = alert.time
      repeats.count += alert.count ?? 1
      repeats.lastTime = alert.time
      this.#counters.collapsed++
      return
    }
    if (repeats) this.#end(key, repeats)
    this.#next(alert)
    this.#remember(key, alert)
  }

  /** Ends all windows. */
  flush(): void {
    for (const [key, repeats] of this.#open) this.#end(key, repeats)
    clearTimeout(this.#timer)
    this.#timer = undefined
  }

  #keyOf(alert: AlertData): string {
    let key = ''
    for (const value of this.#key) {
      const text = value(alert)
      const shown = text.length <= MAX_VALUE ? text : createHash('sha256').update(text).digest('base64')
      // With its length before it, no value can pass for two.
      key += `${text.length}:${shown}`
    }
    return key
  }

  #remember(key: string, alert: AlertData): void {
    const bytes = alertSize(alert)
    for (const [oldest, repeats] of this.#open) {
      if (this.#open.size < MAX_KEYS && this.#bytes + bytes <= MAX_BYTES) break
      this.#end(oldest, repeats)
    }
    this.#bytes += bytes
    const ends = performance.now() + this.#window
    this.#open.set(key, { alert, bytes, ends, count: 0, firstTime: alert.time, lastTime: alert.time })
    this.#schedule()
  }

  #schedule(): void {
    const [oldest] = this.#open.values()
    if (this.#timer !== undefined || oldest === undefined) return
    this.#timer = setTimeout(() => this.#expire(), Math.max(0, oldest.ends - performance.now()) + 1)
    this.#timer.unref()
  }

  #expire(): void {
    this.#timer = undefined
    const now = performance.now()
    for (const [key, repeats] of this.#open) {
      if (repeats.ends > now) break
      this.#end(key, repeats)
    }
    this.#schedule()
  }

  #end(key: string, repeats: Repeats): void {
    this.#open.delete(key)
    this.#bytes -= repeats.bytes
    if (repeats.count > 0) {
      this.#counters.pushed++
      this.#next(summary(repeats))
    }
  }
}

/** The alert that summarises the repeats of another. */
function summary({ alert, count, firstTime, lastTime }: Repeats): AlertData {
  const { rule, priority, source, tags, output_fields, hostname } = alert
  const times = count === 1 ? 'once more' : `${count} times more`
  const since = ` (${times}, from ${clockTime(firstTime)} to ${clockTime(lastTime)})`
  return {
    id: alertId({ identity: alert.id, source: 'collapsed', rule, time: firstTime, event: `${lastTime} ${count}` }),
    ...{ rule, priority, source, tags, output_fields, hostname, count, firstTime, lastTime },
    time: lastTime,
    output: alert.output + since,
    message: alert.message + since,
  }
}
