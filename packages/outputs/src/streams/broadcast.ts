import type { Item } from '../model/transport.ts'
import { Fifo } from '../queue/fifo.ts'

/** An alert that clients share. */
interface Entry {
  readonly item: Item
  /** Counted as lost. */
  lost: boolean
}

/** A client's connection as the broadcast sees it. */
export interface Sink {
  /** @returns whether more can be written at once; if not, `Subscription.drained` says when */
  write(item: Item): boolean
  /** Alerts are missing here, before what is written next. @param count how many, as far as that is known */
  missed(count: number | undefined): void
  /** No more alerts follow. */
  end(): void
}

export interface BroadcastOptions {
  /** Alerts that are kept for clients that connect later or reconnect. */
  readonly history: number
  /** Alerts that wait for a client that reads slowly. Then it loses the oldest. */
  readonly buffer: number
  readonly maxClients: number
}

/**
 * Options of an output whose receivers come and go, for their alerts and their number.
 * @param alerts the default of `history` and `buffer` @param history what it is for @param told the notice for a slow client
 */
export const broadcastOptions = (alerts: number, history: string, told = '') =>
  ({
    history: { kind: 'integer', default: alerts, min: 1, max: 1_000_000, doc: history },
    buffer: {
      kind: 'integer',
      default: alerts,
      min: 1,
      max: 1_000_000,
      doc: `Alerts that wait for a slow client. Beyond that, it loses the oldest${told}.`,
    },
    max_clients: { kind: 'integer', default: 64, min: 1, max: 10_000, doc: 'Concurrent clients.' },
  }) as const

/** Bytes of the history, and of the alerts that wait for the slowest client, at most: clients share them. */
const MAX_BYTES = 32 << 20

/** Memory that an item takes: its body is made for the first client and kept for the others. */
const sizeOf = ({ body }: Item) => 1024 + 2 * body.length

/**
 * Hands alerts to any number of clients, none of which can hold up the others. A client that is too slow loses alerts and is notified of how
 * many; alerts that come while there is no client wait for the next one, up to a bound.
 */
export class Broadcast {
  /** Alerts that clients have lost, by cause; each is counted once. */
  readonly undone: Record<string, number> = {}
  readonly #options: BroadcastOptions
  readonly #clients = new Set<Subscription>()
  /** The last alerts, oldest first. */
  #history: Entry[] = []
  #bytes = 0
  /** How many of them, from the end, no client has got. */
  #unread = 0

  constructor(options: BroadcastOptions) {
    this.#options = options
  }

  get clients(): number {
    return this.#clients.size
  }

  push(items: readonly Item[]): void {
    for (const item of items) {
      const entry: Entry = { item, lost: false }
      this.#history.push(entry)
      this.#bytes += sizeOf(item)
      if (this.#clients.size === 0) this.#unread++
      for (const client of this.#clients) client.push(entry)
    }
    this.#trim()
  }

  /** The alerts that no client has got, which count as read from now on. */
  take(): Item[] {
    return this.#takeUnread().map(({ item }) => item)
  }

  /**
   * Adds a client. It gets the alerts that no client has got, then those to come.
   * @param after the ID of the last alert that it has: it gets those after it instead
   * @returns undefined when there are too many clients
   */
  subscribe(sink: Sink, after?: string): Subscription | undefined {
    if (this.#clients.size >= this.#options.maxClients) return undefined
    const known = after === undefined ? -1 : this.#history.findLastIndex(({ item }) => item.id === after)
    const missed = after !== undefined && known < 0
    const unread = this.#takeUnread()
    const waiting = after === undefined ? unread : this.#history.slice(known + 1)
    const client = new Subscription(sink, this.#options.buffer, {
      lose: entry => this.#lose(entry, 'slow_client'),
      leave: () => this.#clients.delete(client),
    })
    this.#clients.add(client)
    if (missed) sink.missed(undefined)
    for (const entry of waiting) client.push(entry)
    return client
  }

  /** Ends the clients' streams. */
  close(): void {
    for (const client of [...this.#clients]) client.end()
  }

  #takeUnread(): Entry[] {
    const unread = this.#unread === 0 ? [] : this.#history.slice(-this.#unread)
    this.#unread = 0
    return unread
  }

  #trim(): void {
    let cut = 0
    while (this.#history.length - cut > this.#options.history || this.#bytes > MAX_BYTES) {
      const entry = this.#history[cut++]!
      this.#bytes -= sizeOf(entry.item)
      if (this.#history.length - cut >= this.#unread) continue
      this.#unread--
      this.#lose(entry, 'no_client')
    }
    if (cut > 0) this.#history = this.#history.slice(cut)
  }

  #lose(entry: Entry, cause: string): void {
    if (entry.lost) return
    entry.lost = true
    this.undone[cause] = (this.undone[cause] ?? 0) + 1
  }
}

/** One client, and what waits for it. */
export class Subscription {
  /** Alerts that it has lost. */
  lost = 0
  readonly #sink: Sink
  readonly #buffer: number
  readonly #events: { lose(entry: Entry): void; leave(): void }
  readonly #waiting = new Fifo<Entry>()
  #bytes = 0
  #full = false
  /** Lost, and not yet reported to the client. */
  #untold = 0

  constructor(sink: Sink, buffer: number, events: { lose(entry: Entry): void; leave(): void }) {
    this.#sink = sink
    this.#buffer = buffer
    this.#events = events
  }

  push(entry: Entry): void {
    if (!this.#full) {
      this.#full = !this.#sink.write(entry.item)
      return
    }
    this.#waiting.push(entry)
    this.#bytes += sizeOf(entry.item)
    while (this.#waiting.length > this.#buffer || this.#bytes > MAX_BYTES) {
      this.#events.lose(this.#take())
      this.#untold++
      this.lost++
    }
  }

  #take(): Entry {
    const entry = this.#waiting.shift()!
    this.#bytes -= sizeOf(entry.item)
    return entry
  }

  /** The connection takes more. */
  drained(): void {
    this.#full = false
    if (this.#untold > 0) this.#sink.missed(this.#untold)
    this.#untold = 0
    while (!this.#full && this.#waiting.length > 0) this.#full = !this.#sink.write(this.#take().item)
  }

  /** The client has gone. Alerts that wait for it are lost. */
  leave(): void {
    this.#events.leave()
    while (this.#waiting.length > 0) this.#events.lose(this.#take())
  }

  end(): void {
    this.leave()
    this.#sink.end()
  }
}
