import type { Alert, Priority } from '@falc/engine'

/** An alert on its way out: formatted once, sent to every output. */
export interface Message {
  /** Text or JSON as `json_output` says, without a newline at the end. */
  readonly line: string
  readonly priority: Priority
  /** The alert that `line` shows; absent for falc's own messages. */
  readonly alert?: Alert
}

/**
 * One way out. A Channel calls it: never two calls at the same time, `open` before the first `send`, nothing after
 * `close`. `send` resolves when the receiver has taken all messages (operating system, child process, HTTP server).
 */
export interface Output {
  /** As in falco.yaml: stdout, file, program, http, syslog. */
  readonly name: string
  /** Largest number of messages for one `send`. */
  readonly maxBatch: number
  /** Checks that the receiver is there. @throws {OutputError} */
  open(): Promise<void>
  /** @throws {OutputError} what was lost and why; the output can be used again, unless the error is `broken`. */
  send(messages: readonly Message[]): Promise<void>
  /** SIGUSR1: closes and opens again what may have been moved away (log rotation). @throws {OutputError} */
  reopen(): Promise<void>
  /** Frees everything, at once when `force` is set, otherwise after what was sent has gone out. */
  close(force?: boolean): Promise<void>
  /** Attempts repeated because the first one failed. */
  readonly retries: number
}

/** Why messages did not go out. `code` is the cause they are counted under: an errno name, `http_500`, `timeout` … */
export class OutputError extends Error {
  readonly code: string
  /** How many messages of the batch are lost by this, after `delivered` others went out; the rest may be sent again. */
  readonly lost: number
  readonly delivered: number
  /** Nothing can ever go out here again (the reader of a pipe has gone). */
  readonly broken: boolean
  constructor(code: string, message: string, lost: number, delivered = 0, broken = false) {
    super(message)
    this.name = 'OutputError'
    this.code = code
    this.lost = lost
    this.delivered = delivered
    this.broken = broken
  }
}

/** An OutputError out of what the system threw. */
export function outputError(error: unknown, what: string, lost: number, delivered = 0): OutputError {
  if (error instanceof OutputError) return error
  const code = (error as NodeJS.ErrnoException | null)?.code ?? 'error'
  const reason = error instanceof Error ? error.message : String(error)
  return new OutputError(code, `${what}: ${reason}`, lost, delivered)
}
