/**
 * Counts of alerts by minute, hour and day, updated in the transaction that adds or removes alerts. So the most frequent rules are found
 * without reading alerts.
 */
import type { DatabaseSync, StatementSync } from 'node:sqlite'

/** What is counted apart. An absent host or namespace is the empty text. */
export interface Counted {
  readonly rule: string
  readonly priority: number
  readonly source: string
  readonly host: string
  readonly namespace: string
}

/** The units in seconds, the longest first. */
export const UNITS = [86_400, 3600, 60] as const

const MINUTE = 60_000_000_000n

interface Sum {
  /** When it begins in seconds, and what is counted apart. */
  readonly key: readonly [number, string, number, string, string, string]
  n: number
  first: number
  last: number
}

/** Adds up alerts of one transaction, then writes the sums. */
export class Counts {
  /** By what is counted, then by the minute. */
  readonly #minutes = new Map<Counted, Map<number, Sum>>()
  readonly #add: StatementSync
  readonly #remove: StatementSync
  readonly #clean: StatementSync

  constructor(db: DatabaseSync) {
    this.#add = db.prepare(`INSERT INTO counts VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE
      SET n = n + excluded.n, first = min(first, excluded.first), last = max(last, excluded.last)`)
    const same = 'unit = ? AND start = ? AND rule = ? AND priority = ? AND source = ? AND host = ? AND namespace = ?'
    this.#remove = db.prepare(`UPDATE counts SET n = n - ? WHERE ${same}`)
    this.#clean = db.prepare(`DELETE FROM counts WHERE ${same} AND n <= 0`)
  }

  /** @param what the same object for the same contents, as far as that is cheap @param time nanoseconds since 1970 */
  count(what: Counted, time: bigint, seq: number): void {
    const minute = Number(time / MINUTE) - (time % MINUTE < 0n ? 1 : 0)
    let minutes = this.#minutes.get(what)
    if (minutes === undefined) {
      minutes = new Map()
      this.#minutes.set(what, minutes)
    }
    const sum = minutes.get(minute)
    if (sum === undefined) {
      const { rule, priority, source, host, namespace } = what
      const key = [minute * 60, rule, priority, source, host, namespace] as const
      minutes.set(minute, { key, n: 1, first: seq, last: seq })
    } else {
      sum.n++
      if (seq < sum.first) sum.first = seq
      if (seq > sum.last) sum.last = seq
    }
  }

  /** The sums of all units; the next sums start at 0. */
  *#sums(): Generator<Sum & { readonly unit: number }> {
    for (const minutes of this.#minutes.values()) for (const unit of UNITS) yield* sumsOf(minutes.values(), unit)
    this.#minutes.clear()
  }

  add(): void {
    for (const { unit, key, n, first, last } of this.#sums()) this.#add.run(unit, ...key, n, first, last)
  }

  remove(): void {
    for (const { unit, key, n } of this.#sums()) {
      this.#remove.run(n, unit, ...key)
      this.#clean.run(unit, ...key)
    }
  }

  /** After a transaction that was rolled back. */
  forget(): void {
    this.#minutes.clear()
  }
}

/** @param minutes what is counted is the same in all */
function sumsOf(minutes: Iterable<Sum>, unit: number): Iterable<Sum & { readonly unit: number }> {
  const sums = new Map<number, Sum & { readonly unit: number }>()
  for (const { key, n, first, last } of minutes) {
    const [second, ...what] = key
    const start = Math.floor(second / unit) * unit
    const sum = sums.get(start)
    if (sum === undefined) sums.set(start, { unit, key: [start, ...what], n, first, last })
    else {
      sum.n += n
      sum.first = Math.min(sum.first, first)
      sum.last = Math.max(sum.last, last)
    }
  }
  return sums.values()
}

/** A part of a range of time that one unit covers: seconds since 1970, the end excluded. */
export interface Part {
  readonly unit: number
  readonly from: number
  readonly to: number
}

/**
 * Splits a range into whole days, the hours beside them, and the minutes beside those.
 * @param from, to seconds since 1970, whole minutes; the end is excluded
 */
export function partsOf(from: number, to: number, units: readonly number[] = UNITS): Part[] {
  const [unit, ...smaller] = units
  if (unit === undefined || from >= to) return []
  const start = Math.ceil(from / unit) * unit
  const end = Math.floor(to / unit) * unit
  if (start >= end) return partsOf(from, to, smaller)
  return [...partsOf(from, start, smaller), { unit, from: start, to: end }, ...partsOf(end, to, smaller)]
}
