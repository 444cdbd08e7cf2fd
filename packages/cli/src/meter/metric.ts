/** The unit of a metric. It decides how the name ends on the Prometheus page. */
export type Unit = 'count' | 'percent' | 'bytes' | 'kibibytes'

/** One number under Falco's names. */
export interface Metric {
  /** Falco's name without the group: `memory_rss_kb`, `n_evts`. */
  readonly name: string
  /** The group in snapshots: `falco.memory_rss_kb`. */
  readonly group: 'falco' | 'scap' | 'plugins'
  /** The group on the page, where it differs: `falcosecurity_scap_n_threads_total`, but `falco.n_threads`. */
  readonly page?: 'falco' | 'scap'
  readonly unit: Unit
  /** A `counter` only grows. */
  readonly kind: 'counter' | 'gauge'
  readonly value: number
  /** Labels on the page. */
  readonly labels?: Readonly<Record<string, string>>
}

const MEMORY_SUFFIX = /_(kb|bytes)$/

/** Memory in megabytes with one decimal, other numbers unchanged. */
export function inMegabytes(metric: Metric): { name: string; value: number } {
  const { name, unit, value } = metric
  if (unit !== 'bytes' && unit !== 'kibibytes') return metric
  const megabytes = value / (unit === 'bytes' ? 1 << 20 : 1 << 10)
  return { name: name.replace(MEMORY_SUFFIX, '_mb'), value: oneDecimal(megabytes) }
}

export function oneDecimal(value: number): number {
  return Math.round(value * 10) / 10
}

const PAGE_UNITS: Readonly<Record<Unit, string>> = {
  count: 'total',
  percent: 'ratio',
  bytes: 'bytes',
  kibibytes: 'bytes',
}

/** Name and value on the page, in base units: `falcosecurity_falco_memory_rss_bytes`. */
export function onPage(metric: Metric): { name: string; value: number } {
  const { unit, value } = metric
  const bare = metric.name.replace(/_(kb|bytes|perc|total)$/, '').replaceAll('.', '_')
  const factor = unit === 'kibibytes' ? 1024 : unit === 'percent' ? 0.01 : 1
  return {
    name: `falcosecurity_${metric.page ?? metric.group}_${bare}_${PAGE_UNITS[unit]}`,
    value: unit === 'percent' ? Number((value * factor).toFixed(6)) : value * factor,
  }
}

/** The name of a rule or file as part of a metric's name, made as in Falco. */
export function sanitized(name: string): string {
  return name
    .replace(/[^a-zA-Z0-9_:]/g, '_')
    .replace(/_+/g, '_')
    .replace(/_$/, '')
}
