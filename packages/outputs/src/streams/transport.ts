import type { Answer } from '../model/answer.ts'
import type { Item, Transport } from '../model/transport.ts'
import type { Broadcast } from './broadcast.ts'

/** A transport to which receivers connect. An alert counts as delivered once it is in the broadcast. */
export abstract class BroadcastTransport implements Transport {
  readonly broadcast: Broadcast

  constructor(broadcast: Broadcast) {
    this.broadcast = broadcast
  }

  get undone(): Readonly<Record<string, number>> {
    return this.broadcast.undone
  }

  async send(items: readonly Item[]): Promise<Answer> {
    this.broadcast.push(items)
    return { delivered: items.length }
  }

  /** Port, clients and what waits for them stay: only certificates are read again. @throws {OutputError} the old ones stay */
  abstract reopen(): Promise<void>

  /** Clients get what has been written to them, unless they take longer than a second. */
  abstract close(force?: boolean): Promise<void>
}
