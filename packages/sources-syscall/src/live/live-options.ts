import type { FieldUse, Unmatched } from '@falc/engine'
import type { StateOptions } from '../state/state.ts'
import type { CallOptions } from './calls.ts'
import type { Counter } from './wire.ts'

export interface LiveOptions extends StateOptions, CallOptions {
  /** By event type, 1 = deliver it, as Engine.wantedTypes returns it. Default: all. */
  readonly wanted?: Uint8Array | 'all'
  /** Events that no rule can match, as Engine.unmatched returns them: the kernel leaves them out. Default: none. */
  readonly unmatched?: Unmatched
  /**
   * The fields that will be read of the delivered events (`Detector.fieldsRead`). If one is of a message to the system log, the kernel
   * keeps 4096 bytes of these, whatever `snaplen` says. Default: none is.
   */
  readonly fields?: Iterable<FieldUse>
  /** Bytes captured of data read and written; default 80, as in Falco. */
  readonly snaplen?: number
  /** Size of each ring in bytes, a power of two; default 8 MiB, as in Falco. */
  readonly ringBytes?: number
  /** Default 1. */
  readonly cpusPerRing?: number
  /** Socket of a sidecar that runs as a service (`falc-probe --listen`). Default: start one, which needs root. */
  readonly socketPath?: string
  /** Failed calls update the state but are not delivered (Falco's drop_failed_exit). */
  readonly dropFailed?: boolean
  /**
   * `purgeInterval`: seconds between comparisons of the thread table with /proc, whether or not events were lost (Falco's
   * thread_table_auto_purging_interval_s). `purgeTimeout`: minimum age in seconds of a thread to be removed because it is
   * missing from /proc (thread_table_auto_purging_thread_timeout_s). Default: 300 each, as in Falco.
   */
  readonly purgeInterval?: number
  readonly purgeTimeout?: number
  /** Do not use shared memory, which is slower. The automatic fallback if mapping is refused. */
  readonly stream?: boolean
  /** Called when `counts` have changed: a few times a second, and at once when losses begin. */
  readonly onCounts?: () => void
  /** Called with warnings, such as that the sidecar exited and was restarted. */
  readonly warn?: (text: string) => void
}

/** Counters of lost events, restarts and repairs. */
export interface LiveCounts extends Record<Counter, number> {
  /** Ring records with inconsistent lengths. */
  malformed: number
  /** Number of times the sidecar was restarted. */
  restarts: number
  /** Number of times the state was compared with /proc after losses. */
  repairs: number
  /** Threads removed because they had exited without an exit event. */
  purged: number
  /** New processes whose descriptors were read from /proc again after losses, and those that were not, as there were too many. */
  reread: number
  notReread: number
}
