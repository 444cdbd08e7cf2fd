/** Ensures that of several responders one acts, and only on the first delivery of an alert. */
import type { Limit } from '../playbook/load.ts'

/** The record of a step on a target. */
export interface OnceRecord {
  /** Alerts it was done for, the newest last. */
  readonly alerts: readonly string[]
  /** When it was begun, for these, in milliseconds since 1970. */
  readonly times: readonly number[]
  /** Of the last. */
  readonly state: 'claimed' | 'done' | 'undecided'
  /** The responder that did it, or is doing it. */
  readonly by: string
}

export interface Claim {
  /** Playbook, step, action and target. */
  readonly key: string
  readonly alert: string
  readonly limit: Limit
  /** Why the alert is not acted on any more. What was begun for it before is still reported. */
  readonly stale?: string
}

export type Verdict =
  | { readonly claimed: true }
  /** The same alert, one that is too old, or the target's limit. */
  | { readonly claimed: false; readonly guard: 'once' | 'age' | 'per_target'; readonly reason: string }
  /** Another responder is at it: ask again later. */
  | { readonly claimed: false; readonly busy: true }
  /** The responder that claimed it has never reported: it may or may not have been done. */
  | { readonly claimed: false; readonly undecided: true }

/** The records. */
export interface Once {
  claim(claim: Claim): Verdict | Promise<Verdict>
  /** The claimed step ended. */
  settle(key: string, state: 'done' | 'undecided'): void | Promise<void>
  /** Nothing was begun: the record is as it was before the claim. */
  release(key: string): void | Promise<void>
}

/** Of more, the oldest are forgotten: more than any limit per target has. */
const MAX_ALERTS = 100

/** The subject of a record. */
export const onceKey = (playbook: string, step: number, action: string, uid: string): string =>
  JSON.stringify([playbook, step, action, uid])

/**
 * Applies a claim to a record: a pure function, so that a journal and a bucket decide alike.
 * @param lease milliseconds after which a claim of another is given up
 */
export function decide(
  before: OnceRecord | undefined,
  { alert, limit, stale }: Claim,
  by: string,
  now: number,
  lease: number,
): { verdict: Verdict; after?: OnceRecord } {
  if (before?.state === 'claimed') {
    if (now - before.times.at(-1)! < lease && before.by !== by) return { verdict: { claimed: false, busy: true } }
    if (before.by === by && now - before.times.at(-1)! < lease)
      return { verdict: { claimed: false, guard: 'once', reason: 'it is being done' } }
    return { verdict: { claimed: false, undecided: true }, after: { ...before, state: 'undecided' } }
  }
  if (before?.alerts.includes(alert))
    return { verdict: { claimed: false, guard: 'once', reason: 'it was done for this alert' } }
  if (stale !== undefined) return { verdict: { claimed: false, guard: 'age', reason: stale } }
  const recent = (before?.times ?? []).filter(time => now - time < limit.per)
  if (recent.length >= limit.count)
    return {
      verdict: { claimed: false, guard: 'per_target', reason: `the target had its ${limit.count} in this period` },
    }
  const alerts = [...(before?.alerts ?? []), alert].slice(-MAX_ALERTS)
  const times = [...(before?.times ?? []), now].slice(-MAX_ALERTS)
  return { verdict: { claimed: true }, after: { alerts, times, state: 'claimed', by } }
}

/** More targets than one responder acts on in the time of any limit; the oldest are forgotten. */
const MAX_RECORDS = 100_000

/** Records of one responder in memory, rebuilt from its journal. */
export class LocalOnce implements Once {
  readonly #records = new Map<string, OnceRecord>()
  /** The record before a claim. */
  readonly #before = new Map<string, OnceRecord | undefined>()
  readonly #now: () => number

  constructor(now: () => number = Date.now) {
    this.#now = now
  }

  /** The journal's record of an earlier run. */
  restore(key: string, alert: string, time: number, state: OnceRecord['state']): void {
    const before = this.#records.get(key)
    const known = before?.alerts.at(-1) === alert
    const alerts = known ? before!.alerts : [...(before?.alerts ?? []), alert].slice(-MAX_ALERTS)
    const times = known ? before!.times : [...(before?.times ?? []), time].slice(-MAX_ALERTS)
    // A responder of earlier is not this one: what it had begun is undecided.
    this.#put(key, { alerts, times, state: state === 'claimed' ? 'undecided' : state, by: '' })
  }

  claim(claim: Claim): Verdict {
    const before = this.#records.get(claim.key)
    const { verdict, after } = decide(before, claim, 'me', this.#now(), Number.POSITIVE_INFINITY)
    if (after) this.#put(claim.key, after)
    if (verdict.claimed) this.#before.set(claim.key, before)
    return verdict
  }

  settle(key: string, state: 'done' | 'undecided'): void {
    const record = this.#records.get(key)
    this.#before.delete(key)
    if (record) this.#put(key, { ...record, state })
  }

  release(key: string): void {
    const before = this.#before.get(key)
    this.#before.delete(key)
    if (before) this.#put(key, before)
    else this.#records.delete(key)
  }

  #put(key: string, record: OnceRecord): void {
    this.#records.delete(key)
    this.#records.set(key, record)
    if (this.#records.size > MAX_RECORDS) this.#records.delete(this.#records.keys().next().value!)
  }
}
