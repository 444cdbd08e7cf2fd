import { connect, createServer, type Server, type Socket } from 'node:net'

/**
 * The way to a server on this machine, which can be barred while the server goes on: for receivers that forget everything when they end.
 * Its port stays its own: who connects while it is barred is disconnected.
 */
export class Gateway {
  readonly #server: Server
  readonly #sockets = new Set<Socket>()
  #barred = false

  /** @param port of the server */
  constructor(port: number) {
    this.#server = createServer(client => {
      if (this.#barred) client.destroy()
      else this.#join(client, connect(port, '127.0.0.1'))
    })
  }

  /** @returns the port that leads to the server */
  async open(): Promise<number> {
    await new Promise<void>(resolve => this.#server.listen(0, '127.0.0.1', resolve))
    return (this.#server.address() as { port: number }).port
  }

  bar(): void {
    this.#barred = true
    for (const socket of this.#sockets) socket.destroy()
  }

  unbar(): void {
    this.#barred = false
  }

  close(): void {
    this.bar()
    this.#server.close()
  }

  #join(...ends: readonly [Socket, Socket]): void {
    for (const [end, other] of [ends, ends.toReversed() as [Socket, Socket]]) {
      this.#sockets.add(end)
      end.setNoDelay()
      end.pipe(other)
      end.on('error', () => {})
      end.on('close', () => {
        this.#sockets.delete(end)
        other.destroy()
      })
    }
  }
}
