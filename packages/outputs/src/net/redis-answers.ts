/**
 * Answers of Redis servers, checked before ioredis reads them. Version 6.0.0 of it throws where nothing can catch it, and so ends the process,
 * when null or a push comes that no command asked for. No command of an output is answered with either.
 */
import type { Socket } from 'node:net'
import type { Redis } from 'ioredis'

/** Bytes of a line; error messages are the longest. */
const MAX_LINE = 64 * 1024

/** Bytes of a text. The longest is the answer to INFO, with which ioredis begins. */
const MAX_TEXT = 1 << 20

const [CR, LF, ZERO, NINE] = [13, 10, 48, 57]
/** What answers begin with: simple strings, errors, numbers; texts, of a length that follows. */
const [LINES, TEXT] = [new Set(Buffer.from('+-:')), 36]

/** Recognizes simple strings, errors, numbers and texts, in pieces of any size. */
export class RedisAnswers {
  /** The byte that the answer began with; 0: none has begun. */
  #type = 0
  /** Bytes of the line so far; of a text, the digits of its length. */
  #line = 0
  #length = 0
  /** Bytes of the text that follow. */
  #left = 0
  /** The line end that follows: CR and LF, or LF alone. */
  #end: 0 | 1 | 2 = 0

  /** @returns false: the bytes contain something else. No more can be read then. */
  accept(bytes: Uint8Array): boolean {
    for (let i = 0; i < bytes.length; i++) {
      if (this.#left > 0) {
        const skipped = Math.min(this.#left, bytes.length - i)
        this.#left -= skipped
        i += skipped - 1
      } else if (!this.#take(bytes[i]!)) return false
    }
    return true
  }

  #take(byte: number): boolean {
    if (this.#end > 0) return this.#takeEnd(byte)
    if (this.#type === 0) {
      this.#type = byte
      this.#line = 0
      this.#length = 0
      return byte === TEXT || LINES.has(byte)
    }
    if (byte === CR) {
      this.#end = 1
      return this.#type !== TEXT || this.#line > 0
    }
    if (++this.#line > MAX_LINE) return false
    if (this.#type !== TEXT) return true
    this.#length = this.#length * 10 + byte - ZERO
    return byte >= ZERO && byte <= NINE && this.#length <= MAX_TEXT
  }

  #takeEnd(byte: number): boolean {
    if (byte !== (this.#end === 2 ? CR : LF)) return false
    this.#end = this.#end === 2 ? 1 : 0
    if (this.#end > 0) return true
    const opened = this.#type === TEXT
    this.#type = 0
    if (!opened) return true
    this.#left = this.#length
    this.#end = 2
    return true
  }
}

/** Ends each connection of a client over which something else comes. Called before the client connects. */
export function checkAnswers(client: Redis): void {
  const { connector } = client as unknown as { connector: { connect(...rest: unknown[]): Promise<Socket> } }
  const connect = connector.connect.bind(connector)
  connector.connect = async (...rest) => checked(await connect(...rest))
}

function checked(socket: Socket): Socket {
  const answers = new RedisAnswers()
  const emit = socket.emit.bind(socket) as (event: string, ...rest: unknown[]) => boolean
  socket.emit = (event: string, ...rest: unknown[]) => {
    if (event !== 'data' || (!socket.destroyed && answers.accept(rest[0] as Buffer))) return emit(event, ...rest)
    socket.destroy(new Error('the server sends answers that no command has'))
    return false
  }
  return socket
}
