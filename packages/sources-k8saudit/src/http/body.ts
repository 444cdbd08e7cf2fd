import type { IncomingMessage } from 'node:http'
import { createGunzip } from 'node:zlib'
import type { BodyBudget } from './budget.ts'
import { clientOf } from './client.ts'
import { BUSY, type Refusal, tooLarge } from './refusal.ts'

export interface BodyLimits {
  /** Bytes, decompressed. */
  readonly maxBytes: number
  /** Milliseconds without any progress. */
  readonly idleMs: number
  /** Milliseconds for the whole body. */
  readonly totalMs: number
}

/** Reads a body, decompressed. What has arrived takes memory from the budget; what is only declared does not. */
export function readBody(request: IncomingMessage, limits: BodyLimits, budget: BodyBudget): Promise<Buffer | Refusal> {
  const { promise, resolve } = Promise.withResolvers<Buffer | Refusal>()
  const gunzip = request.headers['content-encoding'] === 'gzip' ? createGunzip() : undefined
  const chunks: Buffer[] = []
  let size = 0
  let received = 0
  const share = budget.open(clientOf(request.socket), () => done(BUSY))
  const slow = (ms: number) => () => done({ status: 408, cause: 'slow', reason: `no complete body within ${ms} ms` })
  const total = setTimeout(slow(limits.totalMs), limits.totalMs)
  const idle = setTimeout(slow(limits.idleMs), limits.idleMs)

  function done(result: Buffer | Refusal): void {
    clearTimeout(total)
    clearTimeout(idle)
    share.close()
    chunks.length = 0
    request.off('data', arrived)
    if (gunzip) {
      request.unpipe(gunzip)
      gunzip.destroy()
    }
    resolve(result)
  }
  function arrived(chunk: Buffer): void {
    idle.refresh()
    // What decompresses to nothing has a limit, too.
    received += chunk.length
    if (received > limits.maxBytes) done(tooLarge(limits.maxBytes))
  }
  function take(chunk: Buffer): void {
    size += chunk.length
    if (size > limits.maxBytes) done(tooLarge(limits.maxBytes))
    else if (share.grow(chunk.length)) chunks.push(chunk)
    else done(BUSY)
  }
  const bad = (error: Error) => done({ status: 400, cause: 'bad-body', reason: `gzip: ${error.message}` })
  const gone = () => done({ status: 400, cause: 'aborted', reason: 'the client closed the connection' })

  request.on('data', arrived)
  request.on('error', gone)
  request.on('close', () => request.complete || gone())
  const source = gunzip ? request.pipe(gunzip) : request
  gunzip?.on('error', bad)
  source.on('data', take)
  source.on('end', () => done(chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks)))
  return promise
}
