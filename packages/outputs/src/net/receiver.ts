/** The sockets to a receiver, for any client library: bounds what the receiver sends, and leaves no connection open. */
import { AsyncLocalStorage } from 'node:async_hooks'
import { subscribe } from 'node:diagnostics_channel'
import type { Socket } from 'node:net'

/**
 * Bytes that a receiver may send from one call to the next: the longest answers, those of bulk interfaces, have 16 MiB. No message of
 * NATS has more.
 */
const MAX_BYTES = 64 << 20

/** Milliseconds between two looks. */
const PERIOD = 25

const current = new AsyncLocalStorage<Receiver>()

subscribe('net.client.socket', message => current.getStore()?.watch((message as { socket: Socket }).socket))

/** The sockets that calls have opened to one receiver. */
export class Receiver {
  /** With the bytes that they had received when the last call began, or progress was made. */
  readonly #sockets = new Map<Socket, number>()
  readonly #progress: () => number
  #last = 0
  #timer: NodeJS.Timeout | undefined

  /** @param progress a number that changes whenever something of use has arrived without a call */
  constructor(progress: () => number = () => 0) {
    this.#progress = progress
  }

  /** How many there are. */
  get connections(): number {
    return this.#sockets.size
  }

  watch(socket: Socket): void {
    this.#sockets.set(socket, 0)
    this.#timer ??= setInterval(() => this.#look(), PERIOD).unref()
  }

  call<T>(make: () => Promise<T>): Promise<T> {
    this.#mark()
    return current.run(this, make)
  }

  #mark(): void {
    for (const socket of this.#sockets.keys()) this.#sockets.set(socket, socket.bytesRead)
  }

  /** Ends what client libraries leave open. */
  disconnect(): void {
    for (const socket of this.#sockets.keys()) socket.destroy()
  }

  #look(): void {
    const progress = this.#progress()
    if (progress !== this.#last) this.#mark()
    this.#last = progress
    for (const [socket, before] of this.#sockets) {
      // Some clients remove the listeners of their sockets, others' included: nothing would tell the end of one.
      if (socket.destroyed) this.#sockets.delete(socket)
      else if (socket.bytesRead - before > MAX_BYTES) socket.destroy(new Error('the receiver sends without end'))
    }
    if (this.#sockets.size > 0) return
    clearInterval(this.#timer)
    this.#timer = undefined
  }
}
