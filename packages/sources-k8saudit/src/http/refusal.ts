import type { IncomingMessage } from 'node:http'
import type { TokenCheck } from './token.ts'

/** Why a request was refused: the status, and a message. */
export interface Refusal {
  readonly status: number
  readonly reason: string
  readonly cause: RefusalCause
  /** Seconds after which the client should try again. */
  readonly retryAfter?: number
  /** With 405: the methods that are allowed. Default POST. */
  readonly allow?: string
}

export type RefusalCause =
  /** A path or method that is not served. */
  | 'route'
  /** The bearer token is missing or wrong, the TLS handshake failed, or a page in a browser asks. */
  | 'unauthorized'
  /** Not JSON by its header, or in an unknown encoding. */
  | 'media-type'
  | 'body-too-large'
  /** The body is not what it should be, or cannot be decompressed. */
  | 'bad-body'
  /** Too much is waiting; the client should try again. */
  | 'busy'
  /** The head or the body did not arrive in time, or the answer was not taken in time. */
  | 'slow'
  /** The client closed the connection in the middle of the body. */
  | 'aborted'
  /** The client has too many connections; this one was closed. */
  | 'connections'
  /** Not HTTP, or a head that is too large. */
  | 'malformed'
  /** The client sends requests without taking the answers; its connection was closed. */
  | 'pipelined'
  /** It made a service throw: a fault of ours. */
  | 'fault'

export const BUSY: Refusal = {
  ...{ status: 429, cause: 'busy', retryAfter: 1 },
  reason: 'too many events are waiting; try again',
}

/** The log has the reason. */
export const FAULT: Refusal = { status: 500, cause: 'fault', reason: 'an error of the server' }

export const UNEXPECTED: Refusal = {
  ...{ status: 417, cause: 'malformed' },
  reason: 'a server can be expected to say 100-continue, and nothing else',
}

export function tooLarge(maxBytes: number): Refusal {
  return { status: 413, cause: 'body-too-large', reason: `the body is larger than ${maxBytes} bytes` }
}

/** Checks a request that should be a POST from an authorised sender. */
export function callRefusal({ method, headers }: IncomingMessage, token: TokenCheck | undefined): Refusal | undefined {
  if (method !== 'POST') return { status: 405, cause: 'route', reason: `${method} is not allowed, only POST` }
  // A page of the web may have its own name lead to this machine's address, and need not ask then. Its browser says where it is from.
  if (headers.origin !== undefined || headers['sec-fetch-site'] !== undefined)
    return { status: 403, cause: 'unauthorized', reason: 'pages in a browser may not send this' }
  if (token && !token.accepts(headers.authorization))
    return { status: 401, cause: 'unauthorized', reason: 'a bearer token is required' }
  return undefined
}

/** Judges a request that should have a body of JSON, by its head alone. */
export function refusalOf(
  request: IncomingMessage,
  maxBytes: number,
  token: TokenCheck | undefined,
): Refusal | undefined {
  const refusal = callRefusal(request, token)
  if (refusal) return refusal
  const { headers } = request
  const type = headers['content-type'] ?? ''
  if (!saysJson(type.trim()) && type !== PLAIN_CURL)
    return { status: 415, cause: 'media-type', reason: `content type ${shown(type)} is not application/json` }
  const encoding = headers['content-encoding'] ?? 'identity'
  if (encoding !== 'identity' && encoding !== 'gzip')
    return { status: 415, cause: 'media-type', reason: `content encoding ${shown(encoding)} is not supported` }
  return Number(headers['content-length'] ?? 0) > maxBytes ? tooLarge(maxBytes) : undefined
}

const saysJson = (type: string): boolean => /^application\/(?:[\w.-]+\+)?json\b/i.test(type)

/** `curl -d '{…}'`, as falcosidekick's README has it. */
const PLAIN_CURL = 'application/x-www-form-urlencoded'

const shown = (text: string): string => JSON.stringify(text.slice(0, 200))
