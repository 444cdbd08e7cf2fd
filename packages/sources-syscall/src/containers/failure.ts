/** Why a container's metadata could not be had. */
export type LookupReason =
  /** No engine that makes such containers has a socket here. */
  | 'no-socket'
  /** The socket exists, but access is denied, nothing listens, or the engine fails. */
  | 'refused'
  /** The engine answers that it has no such container. */
  | 'not-found'
  /** The engine did not answer in time. */
  | 'timeout'
  /** The engine's answer cannot be read. */
  | 'bad-answer'
  /** Too many look-ups were waiting. */
  | 'queue-full'

/** A look-up that failed. */
export class LookupError extends Error {
  readonly reason: LookupReason

  constructor(reason: LookupReason, message: string) {
    super(message)
    this.name = 'LookupError'
    this.reason = reason
  }
}

/** What the system's error code of a socket means for a look-up. */
export function reasonOf(error: NodeJS.ErrnoException): LookupReason {
  // HTTP/2 cancels its streams when there is no connection, and says so in the cause.
  if (error.cause instanceof Error) return reasonOf(error.cause)
  switch (error.code) {
    case 'ENOENT':
    case 'ENOTSOCK':
    case 'ENOTDIR':
      return 'no-socket'
    case 'ETIMEDOUT':
    case 'ABORT_ERR':
      return 'timeout'
    case 'ECONNREFUSED':
    case 'ECONNRESET':
    case 'EACCES':
    case 'EAGAIN':
    case 'EPERM':
    case 'EPIPE':
    case 'ENOTCONN':
      return 'refused'
    default:
      return error.name === 'TimeoutError' || error.name === 'AbortError' ? 'timeout' : 'bad-answer'
  }
}

/** The failure as a LookupError, whatever was thrown. */
export function lookupError(error: unknown, where: string): LookupError {
  if (error instanceof LookupError) return error
  const { message } = error as Error
  return new LookupError(reasonOf(error as NodeJS.ErrnoException), `${where}: ${message}`)
}
