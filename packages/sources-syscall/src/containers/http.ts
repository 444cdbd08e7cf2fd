import { Agent, request } from 'node:http'
import { LookupError, lookupError } from './failure.ts'
import type { Connected } from './user-socket.ts'

/** Maximum length of an engine's answer in bytes. A typical answer has a few thousand. */
const MAX_BODY = 4 << 20
/** The same for a user's engine: reading its answers must not delay event processing. */
const MAX_USERS_BODY = 256 << 10
/** Maximum length of an event; most of it is the container's labels. */
const MAX_LINE = 256 << 10

/** An HTTP client for a service on a unix socket; connections are kept alive between requests. */
export class SocketClient {
  readonly socket: string
  readonly #agent: Agent
  readonly #maxBody: number

  /** @param connect opens connections to a socket that a user controls */
  constructor(socket: string, connections: number, connect?: (connected: Connected) => void) {
    this.socket = socket
    this.#agent = new Agent({ keepAlive: true, maxSockets: connections, timeout: 30_000 })
    this.#maxBody = connect === undefined ? MAX_BODY : MAX_USERS_BODY
    if (connect !== undefined) {
      // If this returns undefined, Node waits for the callback to deliver the socket.
      this.#agent.createConnection = (_, connected) => void connect(connected as Connected) as unknown as undefined
    }
  }

  /** The JSON at `path`. @throws {LookupError} */
  get(path: string, signal: AbortSignal): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const fail = (error: unknown) => reject(lookupError(error, this.socket))
      const asked = request(
        { socketPath: this.socket, path, agent: this.#agent, signal, headers: { host: 'localhost' } },
        response => {
          const chunks: Buffer[] = []
          let length = 0
          response.on('data', (chunk: Buffer) => {
            length += chunk.length
            if (length > this.#maxBody)
              asked.destroy(new LookupError('bad-answer', `${this.socket}: an endless answer`))
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

  /**
   * Streams the lines of an endless answer over a separate connection that does not keep the program alive.
   * `opened` is called when the answer begins. Resolves when the service ends the answer. @throws {LookupError}
   */
  follow(path: string, opened: () => void, line: (text: string) => void, signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const fail = (error: unknown) => reject(lookupError(error, this.socket))
      const asked = request(
        { socketPath: this.socket, path, agent: false, signal, headers: { host: 'localhost' } },
        response => {
          response.on('error', fail)
          if (response.statusCode !== 200) {
            response.destroy()
            return fail(statusError(response.statusCode ?? 0, `${this.socket}${path}`))
          }
          opened()
          let rest = ''
          response.setEncoding('utf8').on('data', (text: string) => {
            const lines = text.split('\n')
            lines[0] = rest + lines[0]!
            rest = lines.pop()!
            if (rest.length > MAX_LINE)
              return asked.destroy(new LookupError('bad-answer', `${this.socket}: an endless line`))
            for (const whole of lines) if (whole.trim() !== '') line(whole)
          })
          response.on('end', resolve)
        },
      )
      asked.on('socket', socket => socket.unref())
      asked.on('error', fail)
      asked.end()
    })
  }

  close(): void {
    this.#agent.destroy()
  }
}

/** @throws {LookupError} */
function readBody(status: number, body: string, where: string): unknown {
  if (status !== 200) throw statusError(status, where)
  try {
    return JSON.parse(body)
  } catch {
    throw new LookupError('bad-answer', `${where}: not JSON`)
  }
}

function statusError(status: number, where: string): LookupError {
  if (status === 404) return new LookupError('not-found', `${where}: there is no such thing`)
  // 409: the container is being created or removed.
  if (status === 409) return new LookupError('not-found', `${where}: status ${status}`)
  // podman returns 500 while the container is being created or removed.
  const refused = status === 401 || status === 403 || status >= 500
  return new LookupError(refused ? 'refused' : 'bad-answer', `${where}: status ${status}`)
}
