import { connect, createServer, type Server, type Socket } from 'node:net'

/**
 * A proxy to a server on this machine that can be barred while the server keeps running: for receivers that lose everything when
 * they stop. While barred, it keeps its port and disconnects every client.
 */
export class Gateway {
  readonly #server: Server
  readonly #sockets = new Set<Socket>()
  readonly #answered: (piece: Buffer) => Buffer
  #barred = false

  /** @param port of the server @param answered changes what the server sends */
  constructor(port: number, answered: (piece: Buffer) => Buffer = piece => piece) {
    this.#answered = answered
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

  #join(client: Socket, server: Socket): void {
    client.pipe(server)
    server.on('data', piece => void client.write(this.#answered(piece)))
    server.on('end', () => client.end())
    for (const [end, other] of [
      [client, server],
      [server, client],
    ] as const) {
      this.#sockets.add(end)
      end.setNoDelay()
      end.on('error', () => {})
      end.on('close', () => {
        this.#sockets.delete(end)
        other.destroy()
      })
    }
  }
}
