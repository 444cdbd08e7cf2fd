import { type ClientHttp2Session, connect } from 'node:http2'
import { connect as connectSocket } from 'node:net'
import { LookupError, lookupError } from './failure.ts'
import { Message } from './protobuf.ts'

const MAX_MESSAGE = 4 << 20
/** Prefix of every message: a compression flag (0) and the length. */
const PREFIX = 5

/** The gRPC status codes that are handled. https://grpc.io/docs/guides/status-codes */
const OK = 0
const INVALID_ARGUMENT = 3
const DEADLINE_EXCEEDED = 4
const NOT_FOUND = 5
const PERMISSION_DENIED = 7
const UNIMPLEMENTED = 12
const UNAVAILABLE = 14

/** gRPC metadata, sent as headers of a call. */
export type Metadata = Readonly<Record<string, string>>

/** gRPC calls to a service on a unix socket, over one HTTP/2 connection that is reopened if it breaks. */
export class GrpcClient {
  readonly socket: string
  #session: ClientHttp2Session | null = null

  constructor(socket: string) {
    this.socket = socket
  }

  /** A unary call. @param method `/package.Service/Method` @throws {LookupError} */
  async call(method: string, request: Uint8Array, signal: AbortSignal, metadata: Metadata = {}): Promise<Message> {
    const wrong = () => new LookupError('bad-answer', `${this.socket} ${method}: not one plain message`)
    let answer: Uint8Array | undefined
    await this.#exchange(method, request, signal, metadata, bytes => {
      // Of messages without end, none is kept.
      if (answer !== undefined) throw wrong()
      answer = bytes
    })
    if (answer === undefined) throw wrong()
    return readMessage(answer, this.socket)
  }

  /**
   * A server-streaming call. `opened` is called once the connection is established: services send nothing, not even headers,
   * before the first answer. Resolves when the service ends the stream. @throws {LookupError}
   */
  async follow(
    method: string,
    request: Uint8Array,
    opened: () => void,
    answer: (message: Message) => void,
    signal: AbortSignal,
  ): Promise<void> {
    await this.#exchange(method, request, signal, {}, bytes => answer(readMessage(bytes, this.socket)), opened)
  }

  close(): void {
    this.#session?.destroy()
    this.#session = null
  }

  #exchange(
    method: string,
    request: Uint8Array,
    signal: AbortSignal,
    metadata: Metadata,
    answer: (bytes: Uint8Array) => void,
    opened = () => {},
  ): Promise<void> {
    return new Promise((resolve, reject) => {
      let stream: ReturnType<ClientHttp2Session['request']>
      let session: ClientHttp2Session
      const end = (finish: () => void) => {
        signal.removeEventListener('abort', abort)
        session?.off('connect', opened)
        finish()
      }
      const fail = (error: unknown) => end(() => reject(lookupError(error, this.socket)))
      let heard = 0
      const abort = () => {
        const error = new LookupError('timeout', `${this.socket}: no answer to ${method}`)
        fail(error)
        // A service that reads nothing: its connection would keep this call and all that follow.
        if (session?.socket?.bytesRead === heard) session.destroy(error)
        else stream?.close()
      }
      try {
        session = this.#connection(fail)
        heard = session.socket?.bytesRead ?? 0
        stream = session.request({
          ...metadata,
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
      if (session.connecting) session.once('connect', opened)
      else opened()
      const messages = new MessageSplitter()
      let status: number | undefined
      let words = ''
      let answered = false
      const readStatus = (headers: Record<string, unknown>) => {
        answered = true
        if (headers['grpc-status'] !== undefined) status = Number(headers['grpc-status'])
        if (typeof headers['grpc-message'] === 'string') words = headers['grpc-message']
      }
      stream.on('response', readStatus)
      stream.on('trailers', readStatus)
      stream.on('data', (chunk: Buffer) => {
        try {
          messages.push(chunk, answer)
        } catch (error) {
          stream.destroy(lookupError(error, this.socket))
        }
      })
      stream.on('error', fail)
      stream.on('end', () => {
        try {
          // It has ended, or refuses the call: it may be starting anew.
          if (!answered) throw new LookupError('refused', `${this.socket} ${method}: no answer`)
          checkStatus(status, words, `${this.socket} ${method}`)
          if (messages.isInside) throw new LookupError('bad-answer', `${this.socket} ${method}: half a message`)
          end(resolve)
        } catch (error) {
          fail(error)
        }
      })
      stream.end(frame(request))
    })
  }

  #connection(failed: (error: Error) => void): ClientHttp2Session {
    if (this.#session !== null && !this.#session.closed && !this.#session.destroyed) return this.#session
    const session = connect('http://localhost', { createConnection: () => connectSocket(this.socket) })
    // Calls receive errors through their streams, unless the connection was never established.
    session.once('error', failed)
    session.on('error', () => {})
    // An idle connection does not keep the program alive.
    session.unref()
    this.#session = session
    return session
  }
}

function frame(message: Uint8Array): Buffer {
  const bytes = Buffer.alloc(PREFIX + message.length)
  bytes.writeUInt32BE(message.length, 1)
  bytes.set(message, PREFIX)
  return bytes
}

/** Splits the received bytes into messages, at a cost that does not depend on the pieces in which they come. */
export class MessageSplitter {
  readonly #prefix = Buffer.alloc(PREFIX)
  /** The message whose prefix is complete. */
  #message: Buffer | undefined
  /** Bytes of the prefix or the message so far. */
  #filled = 0

  /** A message has begun and not ended. */
  get isInside(): boolean {
    return this.#filled > 0 || this.#message !== undefined
  }

  /** @throws {LookupError} for a message that is compressed or too long */
  push(chunk: Buffer, message: (bytes: Uint8Array) => void): void {
    for (let at = 0; at < chunk.length; ) {
      const filling = this.#message ?? this.#prefix
      const copied = chunk.copy(filling, this.#filled, at)
      at += copied
      this.#filled += copied
      if (this.#filled < filling.length) return
      this.#filled = 0
      this.#message ??= emptyMessage(this.#prefix)
      if (filling === this.#prefix && this.#message.length > 0) continue
      const whole = this.#message
      this.#message = undefined
      message(whole)
    }
  }
}

/** @throws {LookupError} */
function emptyMessage(prefix: Buffer): Buffer {
  const length = prefix.readUInt32BE(1)
  if (prefix[0] !== 0) throw new LookupError('bad-answer', 'not a plain message')
  if (length > MAX_MESSAGE) throw new LookupError('bad-answer', 'an endless answer')
  return Buffer.allocUnsafe(length)
}

/** @throws {LookupError} */
function readMessage(bytes: Uint8Array, where: string): Message {
  try {
    return new Message(bytes)
  } catch (error) {
    throw new LookupError('bad-answer', `${where}: ${(error as Error).message}`)
  }
}

/** @throws {LookupError} unless the call succeeded */
function checkStatus(status: number | undefined, words: string, where: string): void {
  switch (status) {
    case OK:
      return
    case NOT_FOUND:
    // CRI-O and old versions of containerd return this for an unknown id.
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
}
