import { type ClientHttp2Session, connect } from 'node:http2'
import { connect as connectSocket } from 'node:net'
import { LookupError, lookupError } from './failure.ts'
import { Message } from './protobuf.ts'

const MAX_ANSWER = 4 << 20
/** In front of every message: compressed (no), length. */
const PREFIX = 5

/** gRPC status codes that mean something here. https://grpc.io/docs/guides/status-codes */
const OK = 0
const INVALID_ARGUMENT = 3
const DEADLINE_EXCEEDED = 4
const NOT_FOUND = 5
const PERMISSION_DENIED = 7
const UNIMPLEMENTED = 12
const UNAVAILABLE = 14

/** Unary gRPC calls to a service behind a unix socket, over one HTTP/2 connection that is made again when it breaks. */
export class GrpcClient {
  readonly socket: string
  private session: ClientHttp2Session | null = null

  constructor(socket: string) {
    this.socket = socket
  }

  /** @param method `/package.Service/Method` @throws {LookupError} */
  call(method: string, request: Uint8Array, signal: AbortSignal): Promise<Message> {
    return new Promise((resolve, reject) => {
      let stream: ReturnType<ClientHttp2Session['request']>
      const end = (finish: () => void) => {
        signal.removeEventListener('abort', abort)
        finish()
      }
      const fail = (error: unknown) => end(() => reject(lookupError(error, this.socket)))
      const abort = () => {
        stream?.close()
        fail(new LookupError('timeout', `${this.socket}: no answer to ${method}`))
      }
      try {
        const session = this.connection(fail)
        stream = session.request({
          ':method': 'POST',
          ':path': method,
          'content-type': 'application/grpc',
          te: 'trailers',
        })
      } catch (error) {
        fail(error)
        return
      }
      if (signal.aborted) return abort()
      signal.addEventListener('abort', abort)
      const chunks: Buffer[] = []
      let length = 0
      let status: number | undefined
      let words = ''
      const readStatus = (headers: Record<string, unknown>) => {
        if (headers['grpc-status'] !== undefined) status = Number(headers['grpc-status'])
        if (typeof headers['grpc-message'] === 'string') words = headers['grpc-message']
      }
      stream.on('response', readStatus)
      stream.on('trailers', readStatus)
      stream.on('data', (chunk: Buffer) => {
        length += chunk.length
        if (length > MAX_ANSWER) stream.destroy(new LookupError('bad-answer', `${this.socket}: an endless answer`))
        else chunks.push(chunk)
      })
      stream.on('error', fail)
      stream.on('end', () => {
        try {
          const message = readAnswer(status, words, Buffer.concat(chunks), `${this.socket} ${method}`)
          end(() => resolve(message))
        } catch (error) {
          fail(error)
        }
      })
      stream.end(frame(request))
    })
  }

  close(): void {
    this.session?.destroy()
    this.session = null
  }

  private connection(failed: (error: Error) => void): ClientHttp2Session {
    if (this.session !== null && !this.session.closed && !this.session.destroyed) return this.session
    const session = connect('http://localhost', { createConnection: () => connectSocket(this.socket) })
    // Calls hear of it through their streams, except when there was never a connection.
    session.once('error', failed)
    session.on('error', () => {})
    // An idle connection does not keep the program alive.
    session.unref()
    this.session = session
    return session
  }
}

function frame(message: Uint8Array): Buffer {
  const bytes = Buffer.alloc(PREFIX + message.length)
  bytes.writeUInt32BE(message.length, 1)
  bytes.set(message, PREFIX)
  return bytes
}

/** @throws {LookupError | RangeError} */
function readAnswer(status: number | undefined, words: string, body: Buffer, where: string): Message {
  switch (status) {
    case OK:
      break
    case NOT_FOUND:
      throw new LookupError('not-found', `${where}: ${words}`)
    // CRI-O's and old containerd's answer to an id that is not theirs.
    case INVALID_ARGUMENT:
      throw new LookupError('not-found', `${where}: ${words}`)
    case DEADLINE_EXCEEDED:
      throw new LookupError('timeout', `${where}: ${words}`)
    case PERMISSION_DENIED:
    case UNAVAILABLE:
      throw new LookupError('refused', `${where}: ${words}`)
    case UNIMPLEMENTED:
      throw new LookupError('bad-answer', `${where}: the service is not there`)
    case undefined:
      throw new LookupError('bad-answer', `${where}: not gRPC`)
    default:
      throw new LookupError('bad-answer', `${where}: status ${status}: ${words}`)
  }
  if (body.length < PREFIX || body[0] !== 0 || body.readUInt32BE(1) !== body.length - PREFIX) {
    throw new LookupError('bad-answer', `${where}: not one plain message`)
  }
  return new Message(body.subarray(PREFIX))
}
