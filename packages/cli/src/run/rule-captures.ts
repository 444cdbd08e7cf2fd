import type { Alert, LoadedRule } from '@falc/engine'
import { type EventStream, Recorder, type SyscallEvent } from '@falc/sources-syscall'
import type { CaptureConfig } from '../config/config.ts'
import type { InternalAlert } from './internal-alert.ts'

const SIZE_LIMIT_REACHED = 'Falco internal: capture size limit reached'

export interface RuleCapturesOptions {
  readonly config: CaptureConfig
  readonly stream: EventStream
  /** Alerts about the captures themselves. */
  readonly tell: (alert: InternalAlert) => void
  readonly problem: (text: string) => void
}

/**
 * Captures around alerts (falco.yaml: `capture`; rules: `capture`, `capture_duration`): the event that matched, with the
 * tables as they are then, and all events for a while after it. One file at a time; an alert while one is being written prolongs it.
 */
export class RuleCaptures {
  /** Files finished, and those that could not be written. */
  written = 0
  failed = 0
  private readonly options: RuleCapturesOptions
  private durations: ReadonlyMap<string, bigint>
  private recorder: Recorder | null = null
  private path = ''
  /** Time of event at which the file ends. */
  private deadline = 0n

  /** @param durations of captureDurations */
  constructor(durations: ReadonlyMap<string, bigint>, options: RuleCapturesOptions) {
    this.options = options
    this.durations = durations
    options.stream.tap(event => {
      if (this.recorder !== null) this.record(event)
    })
  }

  /** Rules were loaded anew. */
  reload(durations: ReadonlyMap<string, bigint>): void {
    this.durations = durations
  }

  /** An event has given alerts. */
  alerted(alerts: readonly Alert[], event: SyscallEvent): void {
    let duration = -1n
    for (const { rule } of alerts) {
      const own = this.durations.get(rule)
      if (own === undefined && this.options.config.mode === 'rules') continue
      const asked = own === undefined || own === 0n ? this.options.config.defaultDurationNs : own
      if (asked > duration) duration = asked
    }
    if (duration < 0n) return
    const deadline = event.time + duration
    if (this.recorder === null) this.open(event, deadline)
    else if (deadline > this.deadline) this.deadline = deadline
  }

  close(): void {
    this.finish()
    this.options.stream.tap(null)
  }

  private open(event: SyscallEvent, deadline: bigint): void {
    const { config, stream } = this.options
    const digits = (value: bigint | number) => String(value).padStart(20, '0')
    this.path = `${config.pathPrefix}_${digits(event.time)}_${digits(event.num)}.scap`
    this.deadline = deadline
    this.attempt(() => {
      this.recorder = new Recorder(this.path, stream, { gzip: true, time: event.time })
      this.recorder.write(event)
    })
  }

  private record(event: SyscallEvent): void {
    const recorder = this.recorder!
    if (event.time >= this.deadline) {
      this.finish()
      return
    }
    this.attempt(() => recorder.write(event))
    const { maxFileSizeMb } = this.options.config
    if (maxFileSizeMb > 0 && recorder.size >= maxFileSizeMb << 20) {
      this.finish()
      this.options.tell({
        rule: SIZE_LIMIT_REACHED,
        priority: 'Warning',
        output: SIZE_LIMIT_REACHED,
        fields: { file: this.path, max_file_size_mb: maxFileSizeMb },
      })
    }
  }

  private finish(): void {
    const { recorder } = this
    if (recorder === null) return
    this.recorder = null
    this.attempt(() => {
      recorder.close()
      this.written++
    })
  }

  /** A disk that is full ends the capture, not the detection. */
  private attempt(action: () => void): void {
    try {
      action()
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === undefined) throw error
      this.failed++
      this.recorder = null
      this.options.problem(`capture ${this.path}: ${(error as Error).message}`)
    }
  }
}

/** ns by name of the rules that ask for a capture; 0n = the default. */
export function captureDurations(rules: readonly LoadedRule[]): Map<string, bigint> {
  return new Map(
    rules
      .filter(({ capture }) => capture)
      .map(({ name, captureDuration }) => [name, BigInt(captureDuration) * 1_000_000n]),
  )
}
