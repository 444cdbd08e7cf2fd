import type { ContainerAbsence } from '../model/container.ts'

/** Why a container's metadata is unavailable, after it has been asked for. */
export type LookupReason = Exclude<ContainerAbsence, '' | 'not-asked' | 'expired'>

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
