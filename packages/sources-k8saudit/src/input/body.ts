import type { IncomingMessage } from 'node:http'

/** A request that was not taken: its status, and the reason in words. */
export interface Refusal {
  readonly status: number
  readonly reason: string
  readonly cause: RefusalCause
}

export type RefusalCause =
  /** Another path or method than the webhook's. */
  | 'route'
  /** Not JSON by its header, or compressed. */
  | 'media-type'
  | 'body-too-large'
  /** The body holds no audit event. */
  | 'bad-body'
  /** Too much is waiting to be evaluated; the client shall come again. */
  | 'busy'
  /** The client went away in the middle of the body. */
  | 'aborted'

/** What the head of a request already tells against it. */
export function refusalOf(request: IncomingMessage, path: string, maxBytes: number): Refusal | undefined {
  const url = request.url ?? '/'
  const at = url.split('?', 1)[0]!
  if (at !== path)
    return { status: 404, cause: 'route', reason: `nothing is served at ${at}; the webhook is at ${path}` }
  if (request.method !== 'POST')
    return { status: 405, cause: 'route', reason: `${request.method} is not allowed, only POST` }
  const type = request.headers['content-type'] ?? ''
  if (!/^application\/(?:[\w.-]+\+)?json\b/i.test(type.trim()))
    return { status: 415, cause: 'media-type', reason: `content type ${JSON.stringify(type)} is not application/json` }
  const encoding = request.headers['content-encoding'] ?? 'identity'
  if (encoding !== 'identity')
    return { status: 415, cause: 'media-type', reason: `content encoding ${JSON.stringify(encoding)} is not supported` }
  return Number(request.headers['content-length'] ?? 0) > maxBytes ? tooLarge(maxBytes) : undefined
}

export function tooLarge(maxBytes: number): Refusal {
  return { status: 413, cause: 'body-too-large', reason: `the body is larger than ${maxBytes} bytes` }
}

/** The whole body, or undefined as soon as it is larger than `maxBytes`; rejects when the client goes away. */
export function readBody(request: IncomingMessage, maxBytes: number): Promise<Buffer | undefined> {
  const { promise, resolve, reject } = Promise.withResolvers<Buffer | undefined>()
  const chunks: Buffer[] = []
  let size = 0
  request.on('data', (chunk: Buffer) => {
    size += chunk.length
    if (size <= maxBytes) chunks.push(chunk)
    else {
      // The rest is still read (and let go), so that the client gets to see the answer.
      chunks.length = 0
      resolve(undefined)
    }
  })
  request.on('end', () => resolve(chunks.length === 1 ? chunks[0] : Buffer.concat(chunks)))
  request.on('error', reject)
  request.on('close', () => reject(new Error('the client went away')))
  return promise
}
