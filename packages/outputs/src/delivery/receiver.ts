/** The sockets to a receiver, for any client library: bounds what the receiver sends, and leaves no connection open. */
import { AsyncLocalStorage } from 'node:async_hooks'
import { subscribe } from 'node:diagnostics_channel'
import type { Socket } from 'node:net'

/** Bytes that a receiver may send from one call to the next: the longest answers, those of bulk interfaces, have 16 MiB. */
const MAX_BYTES = 64 << 20

/** Milliseconds between two looks. */
const PERIOD = 25

const current = new AsyncLocalStorage<Receiver>()

subscribe('net.client.socket', message => current.getStore()?.watch((message as { socket: Socket }).socket))

/** The sockets that calls have opened to one receiver. */
export class Receiver {
  /** With the bytes that they had received when the last call began. */
  readonly #sockets = new Map<Socket, number>()
  #timer: NodeJS.Timeout | undefined

  watch(socket: Socket): void {
    this.#sockets.set(socket, 0)
    this.#timer ??= setInterval(() => this.#look(), PERIOD).unref()
    socket.once('close', () => {
      this.#sockets.delete(socket)
      if (this.#sockets.size > 0) return
      clearInterval(this.#timer)
      this.#timer = undefined
    })
  }

  call<T>(make: () => Promise<T>): Promise<T> {
    for (const socket of this.#sockets.keys()) this.#sockets.set(socket, socket.bytesRead)
    return current.run(this, make)
  }

  /** Ends what client libraries leave open. */
  disconnect(): void {
    for (const socket of this.#sockets.keys()) socket.destroy()
  }

  #look(): void {
    for (const [socket, before] of this.#sockets)
      if (socket.bytesRead - before > MAX_BYTES) socket.destroy(new Error('the receiver sends without end'))
  }
}
