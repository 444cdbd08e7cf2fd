/** Shared by transports that open their own connection. */

import type { Failure } from '../model/answer.ts'
import { OutputError } from '../model/output.ts'
import { fieldText } from '../text/alert-fields.ts'
import { TLS_ERRORS } from './tls.ts'

/** How long a receiver may take to accept a connection, in milliseconds. */
export const CONNECT_TIMEOUT = 10_000

/**
 * Imports the client library of a transport. These are optional peer dependencies: who does not use the transport does not install them.
 * @param load the import itself, so that bundlers see a literal name
 * @throws {OutputError} when the package is not installed
 */
export async function loadPeer<T>(name: string, output: string, load: () => Promise<T>): Promise<T> {
  try {
    return await load()
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code !== 'ERR_MODULE_NOT_FOUND' && code !== 'MODULE_NOT_FOUND') throw error
    throw new OutputError('missing', `${output}: needs the package ${name}: npm install ${name}`, 'misconfigured')
  }
}

/** A message of which the receiver may have written a part, as the log takes it: one line, neither long nor with control characters. */
export const quoted = (message: string): string => fieldText(message).slice(0, 500).toWellFormed()

/**
 * Why a connection could not be made.
 * @param denied the receiver has refused the user
 */
export function connectError(error: unknown, output: string, denied = false): OutputError {
  if (error instanceof OutputError) return error
  // A signal's reason, or what `once` makes of it.
  if (['TimeoutError', 'AbortError'].includes((error as Error).name))
    return new OutputError('timeout', `${output}: no answer in time`)
  const { code, cause, message } = error as NodeJS.ErrnoException & { cause?: NodeJS.ErrnoException }
  const name = code ?? cause?.code ?? (error as Error).name ?? 'error'
  // Happy Eyeballs: the message of such an error is empty, those of its parts are not.
  const reason = message || (error as AggregateError).errors?.[0]?.message || name
  return new OutputError(
    String(name),
    `${output}: ${quoted(reason)}`,
    denied || TLS_ERRORS.test(String(name)) ? 'misconfigured' : 'later',
  )
}

/** Settles as the promise does, or rejects with the signal's reason if that fires first. */
export function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason)
    if (signal.aborted) abort()
    signal.addEventListener('abort', abort, { once: true })
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort))
  })
}

/** A call that its signal ended: whether the receiver has the items is unknown, and so is the state of the connection. */
export const timedOut = (output: string): Failure => ({
  class: 'later',
  cause: 'timeout',
  message: `${output}: no answer in time`,
  reconnect: true,
})

/** The connection ended while items were on their way. */
export const connectionLost = (output: string, error?: unknown): Failure => ({
  class: 'later',
  cause: (error as NodeJS.ErrnoException | undefined)?.code ?? 'connection_lost',
  message: `${output}: ${error instanceof Error && error.message ? quoted(error.message) : 'the receiver closed the connection'}`,
  reconnect: true,
})
