/** Alerts as they arrive, as server-sent events: `id` is an alert's number, so that a client that reconnects misses nothing. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Query } from '@falc/store'
import { Refused } from './failure.ts'
import type { Desk, Who } from './routes/route.ts'
import { printed } from './routes/shown.ts'

/** Milliseconds between two looks at the store. */
const POLL_MS = 250
/** Milliseconds after which an idle connection gets a sign of life. */
const PULSE_MS = 15_000
const MAX_CLIENTS = 64
/** Alerts that one look sends. */
const PAGE = 200
/** A client that is further behind gets the newest only, and is told. */
const MAX_BEHIND = 2000

export class Stream {
  readonly #desk: Desk
  readonly #clients = new Set<() => void>()

  constructor(desk: Desk) {
    this.#desk = desk
  }

  /** @throws {Refused} when there are too many clients */
  async serve(
    request: IncomingMessage,
    response: ServerResponse,
    who: Who,
    query: Query,
    from: number | undefined,
  ): Promise<void> {
    if (this.#clients.size >= MAX_CLIENTS) throw new Refused(503, 'busy', 'too many streams', { 'retry-after': '10' })
    let after = from ?? (await this.#desk.reader(who)).last
    let told = performance.now()
    let timer: NodeJS.Timeout | undefined
    const end = () => {
      clearTimeout(timer)
      this.#clients.delete(end)
      response.end()
    }
    this.#clients.add(end)
    response.on('close', end)
    request.resume()
    response.writeHead(200, {
      'content-type': 'text/event-stream',
      'cache-control': 'no-store',
      'x-accel-buffering': 'no',
    })
    response.write(`retry: 1000\nid: ${after}\n\n`)

    const look = async () => {
      // A client that does not read is not written to.
      if (!response.writableNeedDrain) {
        const events = await this.#since(who, query, after)
        after = events.after
        if (events.text !== '' || performance.now() - told > PULSE_MS) {
          response.write(events.text || ':\n\n')
          told = performance.now()
        }
      }
      if (this.#clients.has(end)) timer = setTimeout(next, POLL_MS)
    }
    const next = () => void look().catch(end)
    next()
  }

  async #since(who: Who, query: Query, after: number): Promise<{ text: string; after: number }> {
    const store = await this.#desk.reader(who)
    const { last } = store
    // Another store has taken the place of this one.
    let from = last < after ? 0 : after
    let text = ''
    if (last - from > MAX_BEHIND) {
      text = `event: gap\ndata: {"skipped":${last - PAGE - from}}\n\n`
      from = last - PAGE
    }
    if (last === from) return { text, after: from }
    let count = 0
    const silences = this.#desk.silences(store)
    for (const found of store.search(query, { after: from, oldest: true })) {
      text += `id: ${found.seq}\nevent: alert\ndata: ${printed(found, store, silences)}\n\n`
      if (++count === PAGE) return { text, after: found.seq }
    }
    return { text, after: last }
  }

  close(): void {
    for (const end of this.#clients) end()
  }
}
