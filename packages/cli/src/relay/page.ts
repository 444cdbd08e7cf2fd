import { type AlertData, PRIORITIES, priorityLevel } from '@falc/engine'
import type { OutputStats } from '@falc/outputs'
import type { Series } from '../meter/counts.ts'
import { type Labels, Page } from '../meter/series.ts'

/** The number of rules, and of sources, with their own series; further ones are counted together, as `other`. */
const MAX_SERIES = 1000

/** Counts of the relay, as a page for Prometheus under falcosidekick's names. */
export class RelayCounts {
  accepted = 0
  rejected = 0
  /** Refused since no output could take an alert. */
  unavailable = 0
  readonly #events = new Map<string, { readonly labels: Labels; count: number }>()

  count({ rule, priority, source }: AlertData): void {
    this.accepted++
    // falcosidekick's numbers: 1 for Debug to 8 for Emergency.
    const level = String(PRIORITIES.length - priorityLevel(priority))
    const common = { priority: level, priority_raw: priority.toLowerCase() }
    const own = { ...common, rule: cut(rule), source: cut(source) }
    const isOwn = this.#events.has(JSON.stringify(own)) || this.#events.size < MAX_SERIES
    const labels = isOwn ? own : { ...common, rule: 'other', source: 'other' }
    const key = JSON.stringify(labels)
    const known = this.#events.get(key)
    if (known) known.count++
    else this.#events.set(key, { labels, count: 1 })
  }

  page(
    outputs: readonly OutputStats[],
    refused: Readonly<Record<string, number>>,
    others: readonly Series[] = [],
  ): string {
    const page = new Page()
    const inputs = 'falcosecurity_falcosidekick_inputs_total'
    page.add(inputs, 'counter', 'Requests with alerts.', this.accepted, { source: 'requests', status: 'accepted' })
    page.add(inputs, 'counter', 'Requests with alerts.', this.rejected, { source: 'requests', status: 'rejected' })
    for (const { labels, count } of this.#events.values())
      page.add('falcosecurity_falcosidekick_falco_events_total', 'counter', 'Alerts by rule.', count, labels)
    for (const stats of outputs) describeOutput(page, stats)
    page.add('falc_relay_unavailable_total', 'counter', 'Requests answered with 503.', this.unavailable)
    for (const [cause, count] of Object.entries(refused))
      page.add('falc_relay_refused_total', 'counter', 'Requests and connections refused, by cause.', count, { cause })
    for (const { name, kind, help, value, labels } of others) page.add(name, kind, help, value, labels)
    return page.text
  }
}

function describeOutput(page: Page, stats: OutputStats): void {
  const destination = cut(stats.name)
  const delivered = 'falcosecurity_falcosidekick_outputs_total'
  const help = 'Alerts that an output has delivered (ok) or given up (error).'
  const lost = Object.values(stats.dropped).reduce((total, count) => total + count, 0)
  page.add(delivered, 'counter', help, stats.delivered, { destination, status: 'ok' })
  page.add(delivered, 'counter', help, lost, { destination, status: 'error' })
  for (const [cause, count] of Object.entries(stats.dropped))
    page.add('falc_relay_dropped_total', 'counter', 'Alerts that an output has given up, by cause.', count, {
      ...{ destination, cause },
    })
  page.add('falc_relay_queued', 'gauge', 'Alerts that wait for an output.', stats.queued, { destination })
  page.add('falc_relay_queued_bytes', 'gauge', 'Bytes of them.', stats.queuedBytes, { destination })
  page.add('falc_relay_retries_total', 'counter', 'Attempts after a failed one.', stats.retries, { destination })
  page.add('falc_relay_failing', 'gauge', '1: the last attempt failed.', stats.failing ? 1 : 0, { destination })
}

/** The maximum length of a label: senders choose the names of rules. */
const MAX_LABEL = 200

const cut = (text: string) => text.slice(0, MAX_LABEL)
