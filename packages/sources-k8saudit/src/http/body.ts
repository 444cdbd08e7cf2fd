import type { IncomingMessage } from 'node:http'
import { createGunzip } from 'node:zlib'
import { Arrived } from '../json/arrived.ts'
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
  const held = new Arrived()
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
    if (held.size + chunk.length > maxBytes) done(tooLarge(maxBytes))
    else if (share.grow(chunk.length)) held.add(chunk)
    else done(BUSY)
  }
  const bad = (error: Error) => done({ status: 400, cause: 'bad-body', reason: `gzip: ${error.message}` })
  const gone = () => done({ status: 400, cause: 'aborted', reason: 'the client closed the connection' })
  const complete = () => {
    const { buffer, byteOffset, length } = held.take()
    done(Buffer.from(buffer, byteOffset, length))
  }

  request.on('data', arrived)
  request.on('error', gone)
  request.on('close', () => request.complete || gone())
  if (gunzip) request.pipe(gunzip).on('data', take).on('error', bad).on('end', complete)
  else request.on('end', complete)
}
