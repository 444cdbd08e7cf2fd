import { readFileSync } from 'node:fs'
import { type Metric, oneDecimal, type Unit } from './metric.ts'

/** The root of the host, seen from a container: Falco's variable. */
const HOST = process.env.HOST_ROOT ?? ''
/** Files with the memory of falc's own container: Falco's variable or path, then the path of cgroups v2. */
const CGROUP_MEMORY = [
  process.env.FALCO_CGROUP_MEM_PATH ?? '/sys/fs/cgroup/memory/memory.usage_in_bytes',
  '/sys/fs/cgroup/memory.current',
]

/** Resources that falc and the machine use (metrics.resource_utilization_enabled). Unreadable ones are left out. */
export function resourceMetrics(): Metric[] {
  const gauge = (name: string, unit: Unit, value: number | undefined): Metric[] =>
    value === undefined || Number.isNaN(value) ? [] : [{ name, group: 'falco', unit, kind: 'gauge', value }]
  const status = read('/proc/self/status')
  const stat = read(`${HOST}/proc/stat`)
  return [
    ...gauge('cpu_usage_perc', 'percent', cpuUsage()),
    ...gauge('memory_rss_kb', 'kibibytes', kibibytes(status, 'VmRSS')),
    ...gauge('memory_vsz_kb', 'kibibytes', kibibytes(status, 'VmSize')),
    ...gauge('memory_pss_kb', 'kibibytes', kibibytes(read('/proc/self/smaps_rollup'), 'Pss')),
    ...gauge(
      'container_memory_used_bytes',
      'bytes',
      CGROUP_MEMORY.map(wholeNumber).find(value => value !== undefined),
    ),
    ...gauge('host_cpu_usage_perc', 'percent', hostCpuUsage(stat)),
    ...gauge('host_memory_used_kb', 'kibibytes', hostMemory()),
    ...gauge('host_procs_running', 'count', numberAfter(stat, 'procs_running')),
    ...gauge('host_open_fds', 'count', Number(read(`${HOST}/proc/sys/fs/file-nr`)?.split('\t')[0] ?? Number.NaN)),
  ]
}

/** When the machine booted, in ns since 1970; 0n = unknown. */
export function bootTime(): bigint {
  return BigInt(numberAfter(read(`${HOST}/proc/stat`), 'btime') ?? 0) * 1_000_000_000n
}

/** Percent of one CPU since the start, as ps prints it. */
function cpuUsage(): number {
  const { user, system } = process.cpuUsage()
  return oneDecimal((user + system) / 10_000 / process.uptime())
}

/** Percent of all CPUs since boot. */
function hostCpuUsage(stat: string | undefined): number | undefined {
  const times = /^cpu\s+(.*)$/m
    .exec(stat ?? '')?.[1]
    ?.split(' ')
    .slice(0, 7)
    .map(Number)
  if (times === undefined) return undefined
  const sum = times.reduce((total, time) => total + time, 0)
  return sum === 0 ? undefined : oneDecimal(100 - (times[3]! * 100) / sum)
}

function hostMemory(): number | undefined {
  const text = read(`${HOST}/proc/meminfo`)
  const [total, ...free] = ['MemTotal', 'MemFree', 'Buffers', 'Cached'].map(name => kibibytes(text, name) ?? Number.NaN)
  return free.reduce((used, part) => used - part, total!)
}

function kibibytes(text: string | undefined, name: string): number | undefined {
  return numberAfter(text, `${name}:`)
}

function numberAfter(text: string | undefined, name: string): number | undefined {
  const found = new RegExp(`^${name}\\s+(\\d+)`, 'm').exec(text ?? '')
  return found ? Number(found[1]) : undefined
}

function wholeNumber(path: string): number | undefined {
  const text = read(path)?.trim()
  return text !== undefined && /^\d+$/.test(text) ? Number(text) : undefined
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return undefined
  }
}
