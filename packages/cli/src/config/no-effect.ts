import { ConfigError, where } from './error.ts'
import type { ConfigReader } from './reader.ts'

/** A key that Falco acts on and falc does not. */
interface NoEffect {
  readonly key: string
  readonly why: string
  /** Whether the value asks for something that does not happen; default: any value does. */
  readonly asks?: (reader: ConfigReader) => boolean
}

const isOn = (key: string) => (reader: ConfigReader) => reader.boolean(key, false)
const withMetrics = (key: string) => (reader: ConfigReader) =>
  reader.boolean('metrics.enabled', false) && reader.boolean(key, false)

/** All there are: what is not named here is acted on (docs/config.md says how). */
const NO_EFFECT: readonly NoEffect[] = [
  {
    key: 'plugins_hostinfo',
    why: "no plugin's library is loaded, so none is told about the host",
    asks: isOn('plugins_hostinfo'),
  },
  {
    key: 'engine.modern_ebpf.disable_iterators',
    why: 'the probe has no iterators: the first picture of the machine is read from /proc',
    asks: reader => !reader.boolean('engine.modern_ebpf.disable_iterators', true),
  },
  {
    key: 'webserver.threadiness',
    why: 'the webserver answers from the one thread that reads events',
    asks: reader => reader.boolean('webserver.enabled', false) && reader.integer('webserver.threadiness', 0) > 1,
  },
  {
    key: 'metrics.kernel_event_counters_per_cpu_enabled',
    why: 'the probe tells sums over all CPUs, which kernel_event_counters_enabled shows',
    asks: withMetrics('metrics.kernel_event_counters_per_cpu_enabled'),
  },
  {
    key: 'metrics.kernel_iter_event_counters_enabled',
    why: 'the probe has no iterators',
    asks: withMetrics('metrics.kernel_iter_event_counters_enabled'),
  },
  {
    key: 'metrics.libbpf_stats_enabled',
    why: "the run times of the probe's programs are not read (bpftool prog show tells them)",
    asks: withMetrics('metrics.libbpf_stats_enabled'),
  },
  {
    key: 'metrics.jemalloc_stats_enabled',
    why: 'memory is not managed by jemalloc',
    asks: withMetrics('metrics.jemalloc_stats_enabled'),
  },
]

/** One warning for each key whose value does nothing, with its place and the reason. */
export function noEffectWarnings(reader: ConfigReader): string[] {
  return NO_EFFECT.flatMap(({ key, why, asks = () => true }) => {
    const place = reader.place(key)
    return place && holds(asks, reader) ? [`${where(place)}: ${key} has no effect: ${why}`] : []
  })
}

/** A value of a wrong type, which nothing depends on, is a matter of the schema's alone. */
function holds(asks: NonNullable<NoEffect['asks']>, reader: ConfigReader): boolean {
  try {
    return asks(reader)
  } catch (error) {
    if (error instanceof ConfigError) return false
    throw error
  }
}

/** What became of keys of earlier releases: an unknown key is a warning, this is added to it. */
export const FORMER_KEYS: Readonly<Record<string, string>> = {
  'engine.ebpf': 'Falco 0.44 took it out; engine.modern_ebpf is there',
  'engine.gvisor': 'Falco 0.44 took it out',
  container_engines: 'it is init_config of the plugin container',
  grpc: 'Falco 0.44 took it out; http_output is there',
  grpc_output: 'Falco 0.44 took it out; http_output is there',
  outputs: 'Falco 0.37 took the limit on alerts out; outputs_queue.capacity is there',
  snaplen: 'it is falco_libs.snaplen',
  syscall_buf_size_preset: 'it is engine.modern_ebpf.buf_size_preset',
  syscall_drop_failed_exit: 'it is engine.modern_ebpf.drop_failed_exit',
  modern_bpf: 'it is engine.modern_ebpf',
  metadata_download: 'Falco 0.37 took it out',
}
