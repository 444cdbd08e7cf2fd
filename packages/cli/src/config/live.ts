import type { ConfigReader } from './reader.ts'

/** What falco.yaml says about live capture. */
export interface LiveConfig {
  /** Bytes kept of what is read and written. */
  readonly snaplen: number
  /** Per ring. */
  readonly ringBytes: number
  readonly cpusPerRing: number
  /** Calls that failed are not handed to rules. */
  readonly dropFailed: boolean
  /** base_syscalls. */
  readonly customCalls: readonly string[]
  readonly repairCalls: boolean
  readonly allCalls: boolean
  readonly threadTableSize: number
  /** Seconds between two comparisons of the thread table with /proc. */
  readonly purgeInterval: number
  /** Seconds of age from which a thread that has gone from /proc is taken out. */
  readonly purgeTimeout: number
}

/** Ring bytes by buf_size_preset; 0 is reserved. */
const PRESETS = [8, 1, 2, 4, 8, 16, 32, 64, 128, 256, 512].map(megabytes => megabytes << 20)
const DEFAULT_SNAPLEN = 80
/** Falco's. */
const PURGE_SECONDS = 300

/** @param engine `kmod` or `modern_ebpf`: the section whose settings count */
export function readLive(reader: ConfigReader, engine: 'kmod' | 'modern_ebpf'): LiveConfig {
  const snaplen = reader.integer('falco_libs.snaplen', 0, 0, 65535)
  const purge = (key: string, min: number) =>
    reader.integer(`falco_libs.thread_table_auto_purging_${key}`, PURGE_SECONDS, min, 2 ** 31 - 1)
  return {
    snaplen: snaplen === 0 ? DEFAULT_SNAPLEN : snaplen,
    ringBytes: PRESETS[reader.integer(`engine.${engine}.buf_size_preset`, 4, 0, PRESETS.length - 1)]!,
    // The module of Falco's has a buffer for each CPU.
    cpusPerRing: engine === 'kmod' ? 1 : reader.integer('engine.modern_ebpf.cpus_for_each_buffer', 2, 0, 4096) || 4096,
    dropFailed: reader.boolean(`engine.${engine}.drop_failed_exit`, false),
    customCalls: reader.strings('base_syscalls.custom_set'),
    repairCalls: reader.boolean('base_syscalls.repair', false),
    allCalls: reader.boolean('base_syscalls.all', false),
    threadTableSize: reader.integer('falco_libs.thread_table_size', 262144, 1, 1 << 22),
    purgeInterval: purge('interval_s', 1),
    purgeTimeout: purge('thread_timeout_s', 0),
  }
}
