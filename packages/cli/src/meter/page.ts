import { availableParallelism, release } from 'node:os'
import { basename } from 'node:path'
import { priorityLevel } from '@falc/engine'
import type { OutputStats } from '@falc/outputs'
import { hostname } from '../hostname.ts'
import { falcVersion } from '../version.ts'
import type { KernelCounts, Series } from './counts.ts'
import { type Metric, onPage } from './metric.ts'
import { type MeteredFeed, type MetricsSource, queueDrops, STARTED_AT, upSeconds } from './metrics-source.ts'
import { bootTime } from './resources.ts'
import { describeResponse } from './response.ts'
import { type Labels, Page } from './series.ts'
import { chosen, kernelEnabled } from './snapshot.ts'

/**
 * The numbers of the snapshots in Prometheus' text format, under Falco's names. Series named `falc_…` are falc's own.
 * @param refused requests that the web server has refused, by cause
 * @param own the web server's other series
 */
export function metricsPage(
  from: MetricsSource,
  refused: Readonly<Record<string, number>> = {},
  own: readonly Series[] = [],
): string {
  const page = new Page()
  const feeds = from.feeds()
  describe(page, from, feeds)
  if (from.metrics.rules_counters_enabled) describeRules(page, from)
  const added = new Set<string>()
  for (const feed of feeds) {
    for (const metric of chosen(from, feed)) {
      // Resources are the same for every feed.
      const { name, value } = onPage(metric)
      if (added.has(name)) continue
      added.add(name)
      // The page has the sum by cause instead.
      if (metric.name !== 'n_drops_buffer_total') page.add(name, metric.kind, HELP, value)
    }
    const kernel = kernelEnabled(from.metrics) ? feed.meter.kernel?.() : undefined
    if (kernel) describeBuffers(page, kernel)
    addSeries(page, feed.series)
  }
  describeEvents(page, feeds)
  describeOutputs(page, from)
  describeEngine(page, from)
  const response = from.response()
  if (response) describeResponse(page, response)
  for (const [cause, count] of Object.entries(refused))
    page.add(
      'falc_webserver_refused_total',
      'counter',
      'Requests and connections that the web server refused, by cause.',
      count,
      { cause },
    )
  addSeries(page, own)
  return page.text
}

/** A page of series alone. */
export function seriesPage(series: readonly Series[]): string {
  const page = new Page()
  addSeries(page, series)
  return page.text
}

function addSeries(page: Page, series: readonly Series[] = []): void {
  for (const { name, kind, help, value, labels } of series) page.add(name, kind, help, value, labels)
}

const HELP = 'https://falco.org/docs/metrics/'

function describe(page: Page, from: MetricsSource, feeds: readonly MeteredFeed[]): void {
  const info = (name: string, labels: Labels) => page.add(`falcosecurity_${name}_info`, 'gauge', HELP, 1, labels)
  const number = (name: string, kind: Metric['kind'], value: number | bigint) =>
    page.add(`falcosecurity_falco_${name}`, kind, HELP, value)
  info('falco_version', { version: falcVersion() })
  // Files of one name and text in two folders are one series.
  const files = (name: string, all: MetricsSource['rulesFiles']) => {
    const labels = all.map(({ path, sha256 }) => ({ file_name: basename(path), sha256 }))
    const unique = new Map(labels.map(one => [`${one.file_name} ${one.sha256}`, one]))
    for (const one of unique.values()) info(name, one)
  }
  files('falco_sha256_rules_files', from.rulesFiles)
  files('falco_sha256_config_files', from.configFiles)
  for (const { source, meter } of feeds)
    if (meter.engine) info('scap_engine_name', { engine_name: meter.engine, evt_source: source })
  info('falco_kernel_release', { kernel_release: release() })
  info('evt_hostname', { hostname: hostname() })
  number('outputs_queue_num_drops_total', 'counter', queueDrops(from))
  number('reload_timestamp_nanoseconds', 'gauge', from.reloadedAt)
  number('start_timestamp_nanoseconds', 'gauge', STARTED_AT)
  number('duration_seconds_total', 'counter', upSeconds())
  number('host_boot_timestamp_nanoseconds', 'gauge', bootTime())
  number('host_num_cpus_total', 'gauge', availableParallelism())
  number(
    'num_evts_total',
    'counter',
    feeds.reduce((sum, { events }) => sum + events, 0),
  )
}

function describeRules(page: Page, { rules, matches, metrics }: MetricsSource): void {
  const name = 'falcosecurity_falco_rules_matches_total'
  const known = new Map(rules.map(rule => [rule.name, rule]))
  for (const rule_name of new Set([...known.keys(), ...matches.keys()])) {
    const count = matches.get(rule_name) ?? 0
    if (count === 0 && !metrics.include_empty_values) continue
    const rule = known.get(rule_name)
    const tags = (rule?.tags ?? []).map(tag => [`tag_${tag.replace(/[^a-zA-Z0-9_]/g, '_')}`, 'true'])
    const own = rule && { priority: String(priorityLevel(rule.priority)), source: rule.source }
    page.add(name, 'counter', HELP, count, { ...own, rule_name, ...Object.fromEntries(tags) })
  }
}

/** Falco counts losses of full rings by system call; the probe counts them by how full the ring was. */
function describeBuffers(page: Page, { lost }: KernelCounts): void {
  const causes = { full: lost.bufferFull, pressure: lost.bufferPressure, full_first: lost.bufferFullFirst }
  for (const [drop, count] of Object.entries(causes))
    page.add('falcosecurity_scap_n_drops_buffer_total', 'counter', HELP, count, { dir: 'exit', drop })
}

/** Metrics of each output; its losses have their causes as a label. */
const OUTPUT_METRICS: readonly {
  readonly name: string
  readonly kind: Metric['kind']
  readonly help: string
  value(stats: OutputStats): number
}[] = [
  {
    name: 'falc_outputs_queue_length',
    kind: 'gauge',
    help: 'Alerts waiting in the queue of an output.',
    value: ({ queued }) => queued,
  },
  {
    name: 'falc_outputs_queue_bytes',
    kind: 'gauge',
    help: 'Memory or room on disk of the alerts waiting.',
    value: ({ queuedBytes }) => queuedBytes,
  },
  {
    name: 'falc_outputs_failing',
    kind: 'gauge',
    help: '1 while nothing gets through.',
    value: ({ failing }) => (failing === undefined ? 0 : 1),
  },
  {
    name: 'falc_outputs_delivered_total',
    kind: 'counter',
    help: 'Alerts that the receiver has taken.',
    value: ({ delivered }) => delivered,
  },
  {
    name: 'falc_outputs_retries_total',
    kind: 'counter',
    help: 'Attempts after one that failed.',
    value: ({ retries }) => retries,
  },
  {
    name: 'falc_outputs_dead_letters_total',
    kind: 'counter',
    help: 'Alerts that the receiver refused, kept as dead letters.',
    value: ({ dead }) => dead,
  },
  {
    name: 'falc_outputs_journal_bytes',
    kind: 'gauge',
    help: 'Size of the files of a queue on disk.',
    value: ({ disk }) => disk?.bytes ?? 0,
  },
  {
    name: 'falc_outputs_journal_unwritten',
    kind: 'gauge',
    help: 'Alerts of a queue on disk that are in memory only.',
    value: ({ disk }) => disk?.unwritten ?? 0,
  },
  {
    name: 'falc_outputs_journal_errors_total',
    kind: 'counter',
    help: 'Calls to the disk of a queue that failed.',
    value: ({ disk }) => disk?.errors ?? 0,
  },
  {
    name: 'falc_outputs_collapsed_total',
    kind: 'counter',
    help: 'Repeats that summaries count.',
    value: ({ collapsed }) => collapsed,
  },
  {
    name: 'falc_outputs_limited_total',
    kind: 'counter',
    help: 'Alerts above the rate, which summaries count.',
    value: ({ limited }) => limited,
  },
]

function describeEvents(page: Page, feeds: readonly MeteredFeed[]): void {
  const counter = (name: string, help: string, rows: readonly (readonly [Labels, number])[]) => {
    for (const [labels, count] of rows) page.add(name, 'counter', help, count, labels)
  }
  counter(
    'falc_events_lost_total',
    'Events lost or cut, by source and cause.',
    feeds.flatMap(({ source, losses }) =>
      Object.entries(losses).map(([cause, count]) => [{ source, cause }, count] as const),
    ),
  )
  counter(
    'falc_events_seen_in_part_total',
    'What a source could not see or check although no event was lost, by kind.',
    feeds.flatMap(({ source, limits }) =>
      Object.entries(limits).map(([kind, count]) => [{ source, kind }, count] as const),
    ),
  )
  counter(
    'falc_state_repairs_total',
    'Repairs of the state of processes after losses, and processes that were read again.',
    feeds.flatMap(({ source, repairs }) =>
      Object.entries(repairs).map(([kind, count]) => [{ source, kind }, count] as const),
    ),
  )
  counter(
    'falc_events_passed_over_total',
    'Events left out by the kernel, or read no further than to see that no rule depends on them.',
    feeds.flatMap(({ source, passedOver }) => (passedOver === undefined ? [] : [[{ source }, passedOver] as const])),
  )
}

function describeOutputs(page: Page, from: MetricsSource): void {
  page.add('falc_own_process_alerts_total', 'counter', "Alerts about outputs' processes, not sent.", from.ownAlerts)
  const outputs = from.outputs()
  const lost = [...from.losses()].map(([key, count]) => {
    const [output = '', cause = ''] = key.split(': ')
    return { output, cause, count }
  })
  // Series exist with 0 from the start, so that `increase()` sees the first loss.
  const none = outputs
    .map(({ name }) => ({ output: name, cause: 'queue_full', count: 0 }))
    .filter(({ output, cause }) => !lost.some(known => known.output === output && known.cause === cause))
  for (const { count, ...labels } of [...none, ...lost])
    page.add('falc_alerts_lost_total', 'counter', 'Alerts not delivered, by output and cause.', count, labels)
  for (const { name, kind, help, value } of OUTPUT_METRICS)
    for (const stats of outputs) page.add(name, kind, help, value(stats), { output: stats.name })
}

function describeEngine(page: Page, from: MetricsSource): void {
  page.add(
    'falc_reloads_failed_total',
    'counter',
    'Reloads that failed; the previous rules stayed.',
    from.failedReloads,
  )
  for (const [outcome, count] of Object.entries(from.metadata()))
    page.add(
      'falc_container_metadata_total',
      'counter',
      'Look-ups of containers, and evaluations that waited.',
      count,
      {
        outcome,
      },
    )
  for (const [cause, count] of Object.entries(from.fieldStats().absences))
    page.add('falc_absent_fields_total', 'counter', 'Output fields of alerts that were absent, by cause.', count, {
      cause,
    })
  const errors = Object.entries(from.fieldStats().extractErrors)
  for (const [field, count] of errors)
    page.add('falc_field_errors_total', 'counter', 'Failed extractions, by field.', count, { field })
  const captures = from.ruleCaptures
  if (captures === undefined) return
  const help = 'Captures around alerts that were written, and those that failed.'
  for (const result of ['written', 'failed'] as const)
    page.add('falc_rule_captures_total', 'counter', help, captures[result], { result })
}
