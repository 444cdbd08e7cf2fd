import type { ConfigReader } from './reader.ts'

/** What falco.yaml says about live capture. */
export interface LiveConfig {
  /** Bytes kept of what is read and written. */
  readonly snaplen: number
  /** Per ring. */
  readonly ringBytes: number
  readonly cpusPerRing: number
  /** base_syscalls. */
  readonly customCalls: readonly string[]
  readonly repairCalls: boolean
  readonly threadTableSize: number
}

/** Ring bytes by buf_size_preset; 0 is reserved. */
const PRESETS = [8, 1, 2, 4, 8, 16, 32, 64, 128, 256, 512].map(megabytes => megabytes << 20)
const DEFAULT_SNAPLEN = 80

export function readLive(reader: ConfigReader): LiveConfig {
  const snaplen = reader.integer('falco_libs.snaplen', reader.integer('snaplen', 0, 0, 65535), 0, 65535)
  return {
    snaplen: snaplen === 0 ? DEFAULT_SNAPLEN : snaplen,
    ringBytes: PRESETS[reader.integer('engine.modern_ebpf.buf_size_preset', 4, 0, PRESETS.length - 1)]!,
    cpusPerRing: reader.integer('engine.modern_ebpf.cpus_for_each_buffer', 2, 0, 4096) || 4096,
    customCalls: reader.strings('base_syscalls.custom_set'),
    repairCalls: reader.boolean('base_syscalls.repair', false),
    threadTableSize: reader.integer('falco_libs.thread_table_size', 262144, 1, 1 << 22),
  }
}
