import type { Alert, Priority } from '@falc/engine'
import type { Answer, FailureClass } from './answer.ts'

/** An alert on its way out: formatted once, sent to every output. */
export interface Message {
  /** Text or JSON, as `json_output` says, without a newline at the end. */
  readonly line: string
  readonly priority: Priority
  /** The alert that `line` shows; absent for falc's own messages. */
  readonly alert?: Alert
}

/**
 * One way out. It knows how to open, how to send a batch and what an answer means; queues, retries, counters and log
 * lines are the Channel's. A Channel never makes two calls at the same time, except for `close(true)`.
 */
export interface Output {
  /** As in falco.yaml: stdout, file, program, http, syslog. */
  readonly name: string
  /** The largest batch that `send` takes. */
  readonly maxBatch: number
  /** Bytes of a batch, roughly: a stop measures progress in batches, so a slow receiver gets small ones. Default: no limit. */
  readonly maxBatchBytes?: number
  /** Checks that the receiver is there. @throws {OutputError} */
  open(): Promise<void>
  /** Sends messages in order. Resolves when the receiver has them or does not want them; never rejects. */
  send(messages: readonly Message[]): Promise<Answer>
  /** SIGUSR1: closes and opens again what may have been moved away (log rotation). @throws {OutputError} the old state stays, if it can */
  reopen(): Promise<void>
  /** Frees everything: after what was sent has gone out, or with `force` at once, which also ends a `send` in progress. */
  close(force?: boolean): Promise<void>
  /** Messages that were answered as delivered and turned out to be lost, by cause, in total. */
  readonly undone?: Readonly<Record<string, number>>
}

/** An output cannot be set up as it is configured. */
export class OutputError extends Error {
  override readonly name = 'OutputError'
  /** An errno name, or what is wrong in a word. */
  readonly code: string
  /** Whether to try again, as for a failed `send`. */
  readonly class: FailureClass

  constructor(code: string, message: string, kind: FailureClass = 'later') {
    super(message)
    this.code = code
    this.class = kind
  }
}

/** A system error as an OutputError. */
export function outputError(error: unknown, output: string, kind?: FailureClass): OutputError {
  if (error instanceof OutputError) return error
  const code = (error as NodeJS.ErrnoException | null)?.code ?? 'error'
  return new OutputError(code, `${output}: ${error instanceof Error ? error.message : String(error)}`, kind)
}
