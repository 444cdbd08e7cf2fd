import type { Alert } from '@falc/engine'
import { type EventStream, Recorder, type SyscallEvent } from '@falc/sources-syscall'
import type { InternalAlert } from '../alerts/internal.ts'
import type { Config } from '../config/config.ts'
import { count } from '../count.ts'
import type { Log } from '../log.ts'
import type { Feed } from '../sources/feed.ts'

const SIZE_LIMIT_REACHED = 'Falco internal: capture size limit reached'

export interface RuleCapturesOptions {
  readonly config: Config['capture']
  readonly stream: EventStream
  /** Alerts about the captures themselves. */
  readonly report: (alert: InternalAlert) => void
  /** The first capture that cannot be written, and the next one that could. */
  readonly log: Pick<Log, 'error' | 'info'>
}

/** The captures around a feed's alerts. undefined: they are not enabled, or it has nothing to record, which is a warning. */
export function capturesOf(
  { source, stream }: Pick<Feed, 'source' | 'stream'>,
  durations: ReadonlyMap<string, bigint>,
  { log, ...options }: Omit<RuleCapturesOptions, 'stream' | 'log'> & { readonly log: Log },
): RuleCaptures | undefined {
  if (!options.config.enabled) return undefined
  if (stream) return new RuleCaptures(durations, { ...options, stream, log })
  log.warning(`capture.enabled has no effect on ${source}: only system calls can be captured`)
  return undefined
}

/**
 * Captures around alerts (falco.yaml: `capture`; rules: `capture`, `capture_duration`): the tables, the event that matched,
 * and all events for a while after it. There is one file at a time; an alert while it is written extends it.
 */
export class RuleCaptures {
  /** Finished files, and files that could not be written. */
  written = 0
  failed = 0
  /** Failures since the last capture that was written. */
  #lost = 0
  readonly #options: RuleCapturesOptions
  #durations: ReadonlyMap<string, bigint>
  #recorder: Recorder | null = null
  #path = ''
  /** Event time at which the file ends. */
  #deadline = 0n

  /** @param durations ns by name of the rules that ask for a capture; 0n = the default */
  constructor(durations: ReadonlyMap<string, bigint>, options: RuleCapturesOptions) {
    this.#options = options
    this.#durations = durations
    options.stream.tap(event => {
      if (this.#recorder !== null) this.#record(event)
    })
  }

  /** Rules were reloaded. */
  reload(durations: ReadonlyMap<string, bigint>): void {
    this.#durations = durations
  }

  /** An event raised alerts. */
  alerted(alerts: readonly Alert[], event: SyscallEvent): void {
    let duration = -1n
    for (const { rule } of alerts) {
      const own = this.#durations.get(rule)
      if (own === undefined && this.#options.config.mode === 'rules') continue
      const asked = own === undefined || own === 0n ? BigInt(this.#options.config.default_duration) * 1_000_000n : own
      if (asked > duration) duration = asked
    }
    if (duration < 0n) return
    const deadline = event.time + duration
    if (this.#recorder === null) this.#open(event, deadline)
    else if (deadline > this.#deadline) this.#deadline = deadline
  }

  close(): void {
    this.#finish()
    if (this.#lost > 0) this.#options.log.error(`captures that could not be written at the end: ${this.#lost}`)
    this.#options.stream.tap(null)
  }

  #open(event: SyscallEvent, deadline: bigint): void {
    const { config, stream } = this.#options
    const digits = (value: bigint | number) => String(value).padStart(20, '0')
    this.#path = `${config.path_prefix}_${digits(event.time)}_${digits(event.num)}.scap`
    this.#deadline = deadline
    this.#attempt(() => {
      this.#recorder = new Recorder(this.#path, stream, { gzip: true, time: event.time })
      this.#recorder.write(event)
    })
  }

  #record(event: SyscallEvent): void {
    const recorder = this.#recorder!
    if (event.time >= this.#deadline) {
      this.#finish()
      return
    }
    this.#attempt(() => recorder.write(event))
    const { max_file_size_mb } = this.#options.config
    if (max_file_size_mb > 0 && recorder.size >= max_file_size_mb * 2 ** 20) {
      this.#finish()
      this.#options.report({
        rule: SIZE_LIMIT_REACHED,
        priority: 'Warning',
        output: SIZE_LIMIT_REACHED,
        fields: { file: this.#path, max_file_size_mb },
      })
    }
  }

  #finish(): void {
    const recorder = this.#recorder
    if (recorder === null) return
    this.#recorder = null
    this.#attempt(() => {
      recorder.close()
      this.written++
      if (this.#lost > 0) this.#options.log.info(`captures can be written again; ${count(this.#lost, 'capture')} lost`)
      this.#lost = 0
    })
  }

  /** A full disk ends the capture, not the detection. */
  #attempt(action: () => void): void {
    try {
      action()
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === undefined) throw error
      this.failed++
      this.#recorder?.abandon()
      this.#recorder = null
      if (this.#lost++ > 0) return
      const text = `capture ${this.#path}: ${(error as Error).message}; others are lost until one can be written`
      this.#options.log.error(text)
    }
  }
}
