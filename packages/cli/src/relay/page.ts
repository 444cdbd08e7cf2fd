import { type AlertData, PRIORITIES, priorityLevel } from '@falc/engine'
import type { OutputStats } from '@falc/outputs'
import type { Series } from '../meter/counts.ts'

/** The number of rules, and of sources, with their own series; further ones are counted together, as `other`. */
const MAX_SERIES = 1000

/** Counts of the relay, as a page for Prometheus under falcosidekick's names. */
export class RelayCounts {
  accepted = 0
  rejected = 0
  /** Refused since no output could take an alert. */
  unavailable = 0
  readonly #events = new Map<string, number>()

  count({ rule, priority, source }: AlertData): void {
    this.accepted++
    // falcosidekick's numbers: 1 for Debug to 8 for Emergency.
    const level = String(PRIORITIES.length - priorityLevel(priority))
    const labels = { priority: level, priority_raw: priority.toLowerCase() }
    const key = labelsOf({ ...labels, rule, source })
    const known = this.#events.has(key) || this.#events.size < MAX_SERIES
    const counted = known ? key : labelsOf({ ...labels, rule: 'other', source: 'other' })
    this.#events.set(counted, (this.#events.get(counted) ?? 0) + 1)
  }

  page(
    outputs: readonly OutputStats[],
    refused: Readonly<Record<string, number>>,
    others: readonly Series[] = [],
  ): string {
    const lines: string[] = []
    const metric = (
      name: string,
      type: 'counter' | 'gauge',
      help: string,
      samples: Iterable<readonly [string, number]>,
    ) => {
      lines.push(`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`)
      for (const [labels, value] of samples) lines.push(`${name}${labels} ${value}`)
    }
    metric('falcosecurity_falcosidekick_inputs_total', 'counter', 'Requests with alerts.', [
      [labelsOf({ source: 'requests', status: 'accepted' }), this.accepted],
      [labelsOf({ source: 'requests', status: 'rejected' }), this.rejected],
    ])
    metric(
      'falcosecurity_falcosidekick_outputs_total',
      'counter',
      'Alerts that an output has delivered (ok) or given up (error).',
      outputs.flatMap(({ name, delivered, dropped }) => [
        [labelsOf({ destination: name, status: 'ok' }), delivered] as const,
        [labelsOf({ destination: name, status: 'error' }), sum(dropped)] as const,
      ]),
    )
    metric('falcosecurity_falcosidekick_falco_events_total', 'counter', 'Alerts by rule.', this.#events)
    metric(
      'falc_relay_dropped_total',
      'counter',
      'Alerts that an output has given up, by cause.',
      outputs.flatMap(({ name, dropped }) =>
        Object.entries(dropped).map(([cause, count]) => [labelsOf({ destination: name, cause }), count] as const),
      ),
    )
    const each = (of: (stats: OutputStats) => number) =>
      outputs.map(stats => [labelsOf({ destination: stats.name }), of(stats)] as const)
    metric(
      'falc_relay_queued',
      'gauge',
      'Alerts that wait for an output.',
      each(({ queued }) => queued),
    )
    metric(
      'falc_relay_queued_bytes',
      'gauge',
      'Bytes of them.',
      each(({ queuedBytes }) => queuedBytes),
    )
    metric(
      'falc_relay_retries_total',
      'counter',
      'Attempts after a failed one.',
      each(({ retries }) => retries),
    )
    metric(
      'falc_relay_failing',
      'gauge',
      '1: the last attempt failed.',
      each(({ failing }) => (failing ? 1 : 0)),
    )
    metric('falc_relay_unavailable_total', 'counter', 'Requests answered with 503.', [['', this.unavailable]])
    metric(
      'falc_relay_refused_total',
      'counter',
      'Requests and connections refused, by cause.',
      Object.entries(refused).map(([cause, count]) => [labelsOf({ cause }), count] as const),
    )
    for (const { name, kind, help, value, labels = {} } of others) metric(name, kind, help, [[labelsOf(labels), value]])
    return `${lines.join('\n')}\n`
  }
}

const sum = (counts: Readonly<Record<string, number>>) =>
  Object.values(counts).reduce((total, count) => total + count, 0)

/** The maximum length of a label: senders choose the names of rules. */
const MAX_LABEL = 200

function labelsOf(labels: Readonly<Record<string, string>>): string {
  const pairs = Object.entries(labels).map(
    ([name, value]) =>
      `${name}="${value.slice(0, MAX_LABEL).toWellFormed().replace(/[\\"]/g, '\\$&').replace(/\n/g, '\\n')}"`,
  )
  return `{${pairs.join(',')}}`
}
