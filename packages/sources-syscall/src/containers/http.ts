import { Agent, request } from 'node:http'
import { LookupError, lookupError } from './failure.ts'

/** An engine's answer is a few kilobytes; beyond this it is no answer. */
const MAX_BODY = 4 << 20

/** Asks an HTTP service behind a unix socket; connections are kept between requests. */
export class SocketClient {
  readonly socket: string
  private readonly agent: Agent

  constructor(socket: string, connections: number) {
    this.socket = socket
    this.agent = new Agent({ keepAlive: true, maxSockets: connections, timeout: 30_000 })
  }

  /** The JSON at `path`. @throws {LookupError} */
  get(path: string, signal: AbortSignal): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const fail = (error: unknown) => reject(lookupError(error, this.socket))
      const asked = request(
        { socketPath: this.socket, path, agent: this.agent, signal, headers: { host: 'localhost' } },
        response => {
          const chunks: Buffer[] = []
          let length = 0
          response.on('data', (chunk: Buffer) => {
            length += chunk.length
            if (length > MAX_BODY) asked.destroy(new LookupError('bad-answer', `${this.socket}: an endless answer`))
            else chunks.push(chunk)
          })
          response.on('error', fail)
          response.on('end', () => {
            try {
              resolve(
                readBody(response.statusCode ?? 0, Buffer.concat(chunks).toString('utf8'), `${this.socket}${path}`),
              )
            } catch (error) {
              fail(error)
            }
          })
        },
      )
      asked.on('error', fail)
      asked.end()
    })
  }

  close(): void {
    this.agent.destroy()
  }
}

/** @throws {LookupError} */
function readBody(status: number, body: string, where: string): unknown {
  if (status === 404) throw new LookupError('not-found', `${where}: no such container`)
  if (status === 401 || status === 403) throw new LookupError('refused', `${where}: status ${status}`)
  // The container is being made or taken down.
  if (status === 409) throw new LookupError('not-found', `${where}: status ${status}`)
  // podman answers so while it makes or takes down the container.
  if (status >= 500) throw new LookupError('refused', `${where}: status ${status}`)
  if (status !== 200) throw new LookupError('bad-answer', `${where}: status ${status}`)
  try {
    return JSON.parse(body)
  } catch {
    throw new LookupError('bad-answer', `${where}: not JSON`)
  }
}
