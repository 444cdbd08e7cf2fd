/**
 * Alerts as they arrive, as server-sent events: `id` is an alert's number, also without an event, so that a client that
 * reconnects misses nothing.
 */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { Refused } from './failure.ts'
import type { Look } from './routes/stream.ts'

/** Milliseconds between two looks at the store. */
const POLL_MS = 250
/** Milliseconds after which an idle connection gets a sign of life. */
const PULSE_MS = 15_000
/** Alerts that a filter leaves out, after which the client is sent the last number: with that, it comes back. */
const FAR = 500
const MAX_CLIENTS = 64
/** Of one person or token. */
const MAX_OWN = MAX_CLIENTS / 2
const STUCK_MS = 60_000

export class Stream {
  /** By what ends them: whose they are. */
  readonly #clients = new Map<() => void, string>()
  readonly #stuckMs: number

  /** @param stuckMs milliseconds without reading after which a client makes room for others */
  constructor(stuckMs = STUCK_MS) {
    this.#stuckMs = stuckMs
  }

  get clients(): number {
    return this.#clients.size
  }

  /**
   * @param owner who asks
   * @param look what comes after an alert; undefined: what the client has asked for
   * @throws {Refused} when there are too many clients, or it is not a request for a stream
   */
  async serve(
    request: IncomingMessage,
    response: ServerResponse,
    owner: string,
    look: (after: number | undefined) => Promise<Look>,
  ): Promise<void> {
    const own = [...this.#clients.values()].filter(one => one === owner).length
    if (this.#clients.size >= MAX_CLIENTS || own >= MAX_OWN)
      throw new Refused(503, 'busy', 'too many streams', { 'retry-after': '10' })
    let timer: NodeJS.Timeout | undefined
    const end = () => {
      clearTimeout(timer)
      this.#clients.delete(end)
      response.end()
    }
    this.#clients.set(end, owner)
    // Also while the first look lasts.
    response.on('close', end)
    let after: number
    try {
      const first = await look(undefined)
      after = first.after
      if (!this.#clients.has(end)) return
      response.writeHead(200, {
        'content-type': 'text/event-stream',
        'cache-control': 'no-store',
        'x-accel-buffering': 'no',
      })
      response.write(`retry: 1000\nid: ${after}\n\n${first.text}`)
    } catch (error) {
      this.#clients.delete(end)
      throw error
    }
    request.resume()
    let told = performance.now()
    let known = after
    let stuck = 0
    const again = async () => {
      // A client that does not read is not written to.
      if (response.writableNeedDrain) {
        stuck += POLL_MS
        if (stuck > this.#stuckMs) response.destroy()
      } else {
        stuck = 0
        const events = await look(after)
        after = events.after
        if (events.text !== '' || after - known >= FAR || performance.now() - told > PULSE_MS) {
          response.write(`${events.text}id: ${after}\n\n`)
          known = after
          told = performance.now()
        }
      }
      if (this.#clients.has(end)) timer = setTimeout(next, POLL_MS)
    }
    const next = () => void again().catch(end)
    timer = setTimeout(next, POLL_MS)
  }

  close(): void {
    for (const end of this.#clients.keys()) end()
  }
}
