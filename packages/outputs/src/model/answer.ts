/** The class of a failure, which decides what happens to the undelivered messages. */
export type FailureClass =
  /** It will pass: a server that does not answer, a full disk. The same messages are sent again later. */
  | 'later'
  /** The receiver does not want the first message that was not delivered. It is dropped, the next ones are sent. */
  | 'poison'
  /** Nothing gets through until a setting is changed, here or at the receiver. Messages wait. */
  | 'misconfigured'
  /** Nothing can ever be delivered again: the reader of a pipe has gone. */
  | 'broken'

export interface Failure {
  readonly class: FailureClass
  /** The cause under which losses are counted: an errno name, `http_500`, `timeout`, `exit_1` … */
  readonly cause: string
  /** One sentence for the log. */
  readonly message: string
  /** Milliseconds that the receiver asks to wait, at least. 0: try again at once. */
  readonly after?: number
  /** The connection is gone: the transport is closed and opened again before the next attempt. */
  readonly reconnect?: true
}

/** The result of a batch: a value, not an exception, since failures are ordinary for an output. */
export interface Answer {
  /** The number of messages, from the first on, that the receiver accepted. */
  readonly delivered: number
  /** Why it did not take the others; absent when it took all. */
  readonly failure?: Failure
  /** Answers of bulk interfaces, one for each item after the first `delivered`; undefined: delivered. In place of `failure`. */
  readonly items?: readonly (Failure | undefined)[]
}

/** The answer that failures by item make up. */
export function answerOf(failures: readonly (Failure | undefined)[]): Answer {
  const first = failures.findIndex(failure => failure !== undefined)
  if (first < 0) return { delivered: failures.length }
  return { delivered: first, items: failures.slice(first) }
}

/** The failure that a system error means. */
export function failureOf(error: unknown, output: string): Failure {
  const cause = (error as NodeJS.ErrnoException | null)?.code ?? 'error'
  const reason = error instanceof Error ? error.message : String(error)
  return { class: 'later', cause, message: `${output}: ${reason}` }
}

/** Statuses that are not about the alert: they pass by themselves, or with another setting. Redirects are not followed. */
const STATUS: Readonly<Record<number, FailureClass>> = {
  401: 'misconfigured',
  402: 'misconfigured',
  403: 'misconfigured',
  404: 'misconfigured',
  405: 'misconfigured',
  407: 'misconfigured',
  408: 'later',
  410: 'misconfigured',
  425: 'later',
  429: 'later',
}

/**
 * The failure that an HTTP status means; undefined: the request succeeded.
 * @param server who answered, with the output's name
 * @param after what Retry-After asks for, in milliseconds
 * @param reason what the server says about it
 */
export function statusFailure(status: number, server: string, after?: number, reason = ''): Failure | undefined {
  if (status >= 200 && status < 300) return undefined
  // One below 200, such as 101, is the last word of a receiver that speaks something else from then on.
  const byRange = status < 200 || status >= 500 ? 'later' : status < 400 ? 'misconfigured' : 'poison'
  return {
    class: STATUS[status] ?? byRange,
    cause: `http_${status}`,
    message: `${server} answered ${status}${reason && `: ${reason}`}`,
    ...(after !== undefined && { after }),
  }
}

/**
 * Retry-After in milliseconds: seconds, or a date. undefined: there is none, it is malformed, or it asks for no pause, which a failing
 * receiver must not be able to do.
 */
export function retryAfter(header: string | undefined, now = Date.now()): number | undefined {
  if (header === undefined) return undefined
  const ms = /^\d+(\.\d+)?$/.test(header) ? Number(header) * 1000 : Date.parse(header) - now
  return ms > 0 && Number.isFinite(ms) ? ms : undefined
}
