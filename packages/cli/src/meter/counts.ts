import type { StateCounts, StateLosses } from '@falc/sources-syscall'
import type { Metric } from './metric.ts'

/** The kernel side's counters since the start. */
export interface KernelCounts {
  /** Events that happened, lost ones included. */
  readonly events: number
  /** Lost events by cause: `buffer…` = a ring was full, `scratch` = too large to assemble, `bug` = anything else. */
  readonly lost: {
    readonly bufferFull: number
    readonly bufferPressure: number
    readonly bufferFullFirst: number
    readonly scratch: number
    readonly bug: number
  }
  /** Time of the first loss after seconds without any, ns since 1970; 0n = none. */
  readonly lossBegan?: bigint
  /** Of these, the events of processes that filled a ring, and the last such process: `name(pid)`. */
  readonly flood?: number
  readonly flooder?: string
}

/** A number on the metrics page under falc's own names. */
export interface Series {
  readonly name: `falc_${string}`
  readonly kind: 'counter' | 'gauge'
  readonly help: string
  readonly value: number
  readonly labels?: Readonly<Record<string, string>>
}

/** A feed's own counters. */
export interface FeedMeter {
  /** Falco's name for how events arrive. Captures have none. */
  readonly engine?: 'modern_bpf' | 'source_plugin'
  kernel?(): KernelCounts
  /** Has `check` called whenever these have been counted anew. */
  onKernel?(check: () => void): void
  state?(): StateCounts
  /** Time of the last event of any kind, in ns since 1970; 0n = no event yet. */
  lastEvent?(): bigint
}

const BUFFER_CAUSES = ['bufferFull', 'bufferPressure', 'bufferFullFirst'] as const

export function dropsOf({ lost }: KernelCounts): { total: number; buffer: number } {
  const buffer = BUFFER_CAUSES.reduce((sum, cause) => sum + lost[cause], 0)
  return { total: buffer + lost.scratch + lost.bug, buffer }
}

/** metrics.kernel_event_counters_enabled; n_evts and n_drops come first. */
export function kernelMetrics(counts: KernelCounts): Metric[] {
  const { total, buffer } = dropsOf(counts)
  const counter = (name: string, value: number): Metric => ({
    name,
    group: 'scap',
    unit: 'count',
    kind: 'counter',
    value,
  })
  return [
    counter('n_evts', counts.events),
    counter('n_drops', total),
    counter('n_drops_buffer_total', buffer),
    counter('n_drops_scratch_map', counts.lost.scratch),
    counter('n_drops_bug', counts.lost.bug),
  ]
}

type StateCounter = Exclude<keyof StateCounts, 'losses' | 'containers'> | keyof StateLosses

/** Every counter of the state, but `containers`, which is the container plugin's. */
const STATE_METRICS: Readonly<Record<StateCounter, readonly [name: string, kind: Metric['kind']]>> = {
  threads: ['n_threads', 'gauge'],
  fds: ['n_fds', 'gauge'],
  addedThreads: ['n_added_threads', 'counter'],
  removedThreads: ['n_removed_threads', 'counter'],
  unknownThreads: ['n_failed_thread_lookups', 'counter'],
  threadTableFull: ['n_drops_full_threadtable', 'counter'],
  fdTableFull: ['n_drops_full_fdtable', 'counter'],
  userTableFull: ['n_drops_full_usertable', 'counter'],
  containerTableFull: ['n_drops_full_containertable', 'counter'],
  orphanFds: ['n_orphan_fds', 'counter'],
  unreadableContainers: ['n_unreadable_containers', 'counter'],
  truncatedArgs: ['n_truncated_args', 'counter'],
  truncatedEnvs: ['n_truncated_envs', 'counter'],
  ancestorsCut: ['n_ancestors_cut', 'counter'],
}

/** metrics.state_counters_enabled */
export function stateMetrics(counts: StateCounts): Metric[] {
  const values = { ...counts, ...counts.losses }
  return Object.entries(STATE_METRICS).map(([counter, [name, kind]]) => {
    return { name, group: 'falco', page: 'scap', unit: 'count', kind, value: values[counter as StateCounter] }
  })
}

/** metrics.plugins_metrics_enabled: those of the container plugin, which is built in. */
export function pluginMetrics(counts: StateCounts): Metric[] {
  const name = 'container.n_containers'
  return [{ name, group: 'plugins', unit: 'count', kind: 'gauge', value: counts.containers }]
}
