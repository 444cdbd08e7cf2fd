/** What a number counts, and so what its name ends with on a page for Prometheus. */
export type Unit = 'count' | 'percent' | 'bytes' | 'kibibytes'

/** One number, told under Falco's names in snapshots and on the page. */
export interface Metric {
  /** As in Falco, without the group in front of it: `memory_rss_kb`, `n_evts`. */
  readonly name: string
  /** The group in snapshots: `falco.memory_rss_kb`. */
  readonly group: 'falco' | 'scap' | 'plugins'
  /** The group on the page, where it is another one: `falcosecurity_scap_n_threads_total`, but `falco.n_threads`. */
  readonly page?: 'falco' | 'scap'
  readonly unit: Unit
  /** `counter`: it only grows. */
  readonly kind: 'counter' | 'gauge'
  readonly value: number
  /** On the page, where one name has several numbers. */
  readonly labels?: Readonly<Record<string, string>>
}

const MEMORY_SUFFIX = /_(kb|bytes)$/

/** Memory in megabytes with one decimal, other numbers as they are. */
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

/** A name that stands for a rule or a file within a metric's name, as Falco makes it. */
export function sanitized(name: string): string {
  return name
    .replace(/[^a-zA-Z0-9_:]/g, '_')
    .replace(/_+/g, '_')
    .replace(/_$/, '')
}
