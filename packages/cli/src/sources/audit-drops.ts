import type { AuditProblem } from '@falc/sources-k8saudit'
import { printable } from '../printable.ts'
import type { Consumer } from './feed.ts'

const AUDIT_EVENT_DROP = 'Falco internal: audit event drop'

/** Milliseconds between two alerts. */
const INTERVAL = 60_000

/**
 * Raises alerts when audit events are rejected or lost, since an unreadable event may hide an attack: one at once, then at
 * most one a minute.
 */
export class AuditDrops {
  readonly #now: () => number
  #counts = new Map<string, number>()
  #first = ''
  #last = Number.NEGATIVE_INFINITY

  /** @param now milliseconds of a monotonic clock */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now
  }

  add({ cause, message, count = 1 }: AuditProblem): void {
    if (this.#counts.size === 0) this.#first = printable(`${cause}: ${message}`)
    this.#counts.set(cause, (this.#counts.get(cause) ?? 0) + count)
  }

  /** @param last send what has been counted, whatever the time */
  report(consumer: Pick<Consumer, 'report'>, last = false): void {
    if (this.#counts.size === 0 || (!last && this.#now() - this.#last < INTERVAL)) return
    this.#last = this.#now()
    const total = [...this.#counts.values()].reduce((sum, count) => sum + count, 0)
    const fields = Object.fromEntries([...this.#counts].map(([cause, count]) => [cause, String(count)]))
    this.#counts = new Map()
    consumer.report?.({
      rule: AUDIT_EVENT_DROP,
      priority: 'Warning',
      output: `${AUDIT_EVENT_DROP}. ${total} audit ${total === 1 ? 'event was' : 'events were'} rejected or lost, the first because of ${this.#first.slice(0, 200)}`,
      fields,
    })
  }
}
