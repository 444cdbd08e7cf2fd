import { availableParallelism, networkInterfaces, release } from 'node:os'
import { basename } from 'node:path'
import type { Json } from '@falc/engine'
import { hostname } from '../hostname.ts'
import { falcVersion } from '../version.ts'
import { dropsOf, type FeedMeter, kernelMetrics, pluginMetrics, stateMetrics } from './counts.ts'
import { inMegabytes, type Metric, oneDecimal, sanitized } from './metric.ts'
import {
  type LoadedFile,
  type MeteredFeed,
  type MetricsSource,
  nowNs,
  queueDrops,
  STARTED_AT,
  upSeconds,
} from './metrics-source.ts'
import { bootTime, resourceMetrics } from './resources.ts'

export type SnapshotFields = Record<string, Json>

/** Makes output_fields of Falco's metrics snapshots from one feed. Rates are since the previous snapshot. */
export class Snapshot {
  #time = 0n
  #evaluated = 0
  #events = 0
  #drops = 0

  take(from: MetricsSource, feed: MeteredFeed, now = nowNs()): SnapshotFields {
    const { metrics: config } = from
    const seconds = this.#time === 0n ? 0 : Number(now - this.#time) / 1e9
    this.#time = now
    return {
      ...this.#wrapper(from, feed, now, seconds),
      ...(config.rules_counters_enabled ? ruleFields(from) : {}),
      ...fieldsOf(chosen(from, feed), from),
      ...this.#kernel(kernelEnabled(config) ? feed.meter : {}, seconds),
    }
  }

  /** Fields of every snapshot. */
  #wrapper(from: MetricsSource, { source, events, meter }: MeteredFeed, now: bigint, seconds: number) {
    const before = this.#evaluated
    this.#evaluated = events
    return {
      'evt.time': now,
      'evt.source': source,
      'evt.hostname': hostname(),
      'falco.version': falcVersion(),
      'falco.start_ts': STARTED_AT,
      'falco.reload_ts': from.reloadedAt,
      'falco.duration_sec': upSeconds(),
      'falco.kernel_release': release(),
      'falco.host_boot_ts': bootTime(),
      'falco.host_num_cpus': availableParallelism(),
      'falco.outputs_queue_num_drops': queueDrops(from),
      ...digests('rules', from.rulesFiles),
      ...digests('config', from.configFiles),
      ...addresses(),
      ...(meter.engine && { 'scap.engine_name': meter.engine }),
      ...(before > 0 && seconds > 0 && { 'falco.evts_rate_sec': oneDecimal((events - before) / seconds) }),
      'falco.num_evts': events,
      'falco.num_evts_prev': before,
    }
  }

  /** Rates and shares. Those of events and drops are included when they are 0. */
  #kernel(meter: FeedMeter, seconds: number): SnapshotFields {
    const counts = meter.kernel?.()
    if (counts === undefined) return { 'scap.n_drops_perc': 0 }
    const { total } = dropsOf(counts)
    const [newEvents, newDrops] = [counts.events - this.#events, total - this.#drops]
    const rate = (count: number) => (seconds > 0 ? oneDecimal(count / seconds) : 0)
    const fields = {
      'scap.n_evts': counts.events,
      'scap.n_evts_prev': this.#events,
      'scap.evts_rate_sec': rate(newEvents),
      'scap.n_drops': total,
      'scap.n_drops_prev': this.#drops,
      'scap.evts_drop_rate_sec': rate(newDrops),
      'scap.n_drops_perc': newEvents > 0 ? (100 * newDrops) / newEvents : 0,
    }
    this.#events = counts.events
    this.#drops = total
    return fields
  }
}

/** Whether kernel counters are wanted: as in Falco, counters by CPU include the sums. */
export function kernelEnabled(config: MetricsSource['metrics']): boolean {
  return config.kernel_event_counters_enabled || config.kernel_event_counters_per_cpu_enabled
}

/** Metrics of the groups that the configuration asks for, except those of rules, which the page shows with labels. */
export function chosen({ metrics: config }: MetricsSource, { meter }: MeteredFeed): Metric[] {
  const state = meter.state?.()
  const kernel = meter.kernel?.()
  return [
    ...(config.resource_utilization_enabled ? resourceMetrics() : []),
    ...(config.state_counters_enabled && state ? stateMetrics(state) : []),
    ...(kernelEnabled(config) && kernel ? kernelMetrics(kernel) : []),
    ...(config.plugins_metrics_enabled && state ? pluginMetrics(state) : []),
  ]
}

function fieldsOf(metrics: readonly Metric[], { metrics: config }: MetricsSource): SnapshotFields {
  const fields: SnapshotFields = {}
  for (const metric of metrics) {
    const { name, value } = config.convert_memory_to_mb ? inMegabytes(metric) : metric
    if (value === 0 && !config.include_empty_values) continue
    fields[`${metric.group}.${name}`] = value
  }
  return fields
}

function ruleFields({ rules, matches, metrics: config }: MetricsSource): SnapshotFields {
  let total = 0
  for (const count of matches.values()) total += count
  const fields: SnapshotFields = { 'falco.rules.matches_total': total }
  for (const name of new Set([...rules.map(rule => rule.name), ...matches.keys()])) {
    const count = matches.get(name) ?? 0
    if (count > 0 || config.include_empty_values) fields[`falco.rules.${sanitized(name)}`] = count
  }
  return fields
}

function digests(kind: 'rules' | 'config', files: readonly LoadedFile[]): SnapshotFields {
  return Object.fromEntries(
    files.map(({ path, sha256 }) => [`falco.sha256_${kind}_file.${sanitized(basename(path))}`, sha256]),
  )
}

/** The machine's addresses, by interface. */
function addresses(): SnapshotFields {
  const fields: SnapshotFields = {}
  for (const [name, list = []] of Object.entries(networkInterfaces())) {
    if (name === 'lo') continue
    for (const family of ['IPv4', 'IPv6'] as const) {
      const own = list.filter(entry => entry.family === family).map(entry => entry.address)
      const key = `falco.host_netinfo.interfaces.${name}.protocols.${family.toLowerCase()}.addresses`
      if (own.length > 0) fields[key] = own.join(',')
    }
  }
  return fields
}
