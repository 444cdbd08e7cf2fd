import type { IncomingMessage } from 'node:http'
import { createGunzip } from 'node:zlib'
import type { BodyBudget } from './budget.ts'
import { clientOf } from './client.ts'
import type { Deadlines } from './deadlines.ts'
import { BUSY, type Refusal, tooLarge } from './refusal.ts'

export interface BodyLimits {
  /** Bytes, decompressed. */
  readonly maxBytes: number
  /** Milliseconds without any progress. */
  readonly idleMs: number
  /** Milliseconds for the whole body. */
  readonly totalMs: number
}

/**
 * Reads a body, decompressed. What has arrived takes memory from the budget; what is only declared does not.
 * @param then called once
 */
export function readBody(
  request: IncomingMessage,
  { maxBytes, idleMs, totalMs }: BodyLimits,
  { budget, deadlines }: { readonly budget: BodyBudget; readonly deadlines: Deadlines },
  then: (result: Buffer | Refusal) => void,
): void {
  const gunzip = request.headers['content-encoding'] === 'gzip' ? createGunzip() : undefined
  const chunks: Buffer[] = []
  let size = 0
  let received = 0
  let ended = false
  const share = budget.open(clientOf(request.socket), () => done(BUSY))
  const end = performance.now() + totalMs
  const deadline = deadlines.begin(Math.min(idleMs, totalMs), () =>
    done({
      ...{ status: 408, cause: 'slow' },
      reason: `no complete body within ${deadline.due === end ? totalMs : idleMs} ms`,
    }),
  )

  function done(result: Buffer | Refusal): void {
    if (ended) return
    ended = true
    deadlines.end(deadline)
    share.close()
    request.off('data', arrived)
    if (gunzip) {
      request.unpipe(gunzip)
      gunzip.destroy()
    }
    then(result)
  }
  function arrived(chunk: Buffer): void {
    deadline.due = Math.min(end, performance.now() + idleMs)
    // What decompresses to nothing has a limit, too.
    received += chunk.length
    if (received > maxBytes) done(tooLarge(maxBytes))
    else if (!gunzip) take(chunk)
  }
  function take(chunk: Buffer): void {
    if (ended) return
    size += chunk.length
    if (size > maxBytes) done(tooLarge(maxBytes))
    else if (share.grow(chunk.length)) chunks.push(chunk)
    else done(BUSY)
  }
  const bad = (error: Error) => done({ status: 400, cause: 'bad-body', reason: `gzip: ${error.message}` })
  const gone = () => done({ status: 400, cause: 'aborted', reason: 'the client closed the connection' })
  const complete = () => done(chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks))

  request.on('data', arrived)
  request.on('error', gone)
  request.on('close', () => request.complete || gone())
  if (gunzip) request.pipe(gunzip).on('data', take).on('error', bad).on('end', complete)
  else request.on('end', complete)
}
