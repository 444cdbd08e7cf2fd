import { parseDuration } from './duration.ts'
import { ConfigError } from './error.ts'
import type { ConfigReader } from './reader.ts'

/** What falco.yaml says about metrics: which there are, and where snapshots of them go. */
export interface MetricsConfig {
  readonly enabled: boolean
  /** Milliseconds between snapshots. */
  readonly interval: number
  /** Snapshots are alerts of the rule "Falco internal: metrics snapshot". */
  readonly outputRule: boolean
  /** Snapshots are lines of this file; empty: they are not. */
  readonly outputFile: string
  readonly rules: boolean
  readonly resources: boolean
  readonly state: boolean
  readonly kernel: boolean
  readonly plugins: boolean
  /** In snapshots memory is told in megabytes. */
  readonly megabytes: boolean
  /** Counters that are 0 are told, too. */
  readonly emptyValues: boolean
}

/** The time between two snapshots in Falco's own falco.yaml. */
const DEFAULT_INTERVAL = '1h'
const SHORTEST = 100
/** Timers hold no more milliseconds. */
const LONGEST = 2 ** 31 - 1

/** @throws {ConfigError} for an interval that is none */
export function readMetrics(reader: ConfigReader): MetricsConfig {
  const on = (key: string, otherwise: boolean) => reader.boolean(`metrics.${key}`, otherwise)
  const enabled = on('enabled', false)
  return {
    enabled,
    interval: enabled ? readInterval(reader) : parseDuration(DEFAULT_INTERVAL)!,
    outputRule: on('output_rule', false),
    outputFile: reader.string('metrics.output_file', ''),
    rules: on('rules_counters_enabled', true),
    resources: on('resource_utilization_enabled', true),
    state: on('state_counters_enabled', true),
    // As in Falco the counters by CPU bring those of the whole with them.
    kernel: on('kernel_event_counters_enabled', true) || on('kernel_event_counters_per_cpu_enabled', false),
    plugins: on('plugins_metrics_enabled', true),
    megabytes: on('convert_memory_to_mb', true),
    emptyValues: on('include_empty_values', false),
  }
}

function readInterval(reader: ConfigReader): number {
  const text = reader.string('metrics.interval', DEFAULT_INTERVAL)
  const interval = parseDuration(text)
  if (interval === undefined || interval < SHORTEST || interval > LONGEST) {
    throw new ConfigError(
      `metrics.interval must be a duration such as 15s or 1h30m, from 100ms to 24d, not "${text}"`,
      reader.place('metrics.interval'),
    )
  }
  return interval
}
