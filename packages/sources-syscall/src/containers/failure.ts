/** Why a container's metadata is unavailable. */
export type LookupReason =
  /** No engine for this kind of container has a socket here. */
  | 'no-socket'
  /** The socket exists, but access is denied, nothing listens, or the engine fails. */
  | 'refused'
  /** The engine does not know the container. */
  | 'not-found'
  /** The engine did not answer in time. */
  | 'timeout'
  /** The engine's answer can't be parsed. */
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

/** Maps a socket's error code to the reason of a failed look-up. */
export function reasonOf(error: NodeJS.ErrnoException): LookupReason {
  // Without a connection, HTTP/2 cancels its streams and reports the connection's error as the cause.
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

/** Converts any thrown error to a LookupError. */
export function lookupError(error: unknown, where: string): LookupError {
  if (error instanceof LookupError) return error
  const { message } = error as Error
  return new LookupError(reasonOf(error as NodeJS.ErrnoException), `${where}: ${message}`)
}
