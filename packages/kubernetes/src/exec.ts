/** A command in a container, over a WebSocket: the first byte of each message is its channel (v5.channel.k8s.io, and v4 before it). */
import type { IncomingMessage } from 'node:http'
import { readFile } from '@falc/outputs/read-file'
import type { ClientOptions, WebSocket } from 'ws'
import type { KubeConfig } from './config.ts'

export interface Executed {
  readonly stdout: string
  readonly stderr: string
  /** Bytes of both that were not kept. */
  readonly left: number
  /** The Status with which the command ended. undefined: it was not sent */
  readonly status?: any
  /** Why there is none. */
  readonly problem?: string
  /** The server did not begin: its HTTP status, 0 without one, and its Status. */
  readonly refused?: { readonly status: number; readonly body: any }
}

/** Bytes of output that are kept. */
const MAX_OUTPUT = 64 * 1024
/** Bytes of a Status. */
const MAX_STATUS = 64 * 1024
/** Bytes of one message; runtimes send some ten thousand. */
const MAX_MESSAGE = 1 << 20
const HANDSHAKE = 10_000

const PROTOCOLS = ['v5.channel.k8s.io', 'v4.channel.k8s.io']
const [STDOUT, STDERR, ERROR] = [1, 2, 3]

/** Errors before the server has anything of the request. */
const NOT_BEGUN =
  /^(ECONNREFUSED|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH)$|CERT|SELF_SIGNED|^UNABLE_TO_|^ERR_(TLS|SSL)_/

/**
 * Never rejects.
 * @param url of `…/exec`, with the command in its query
 * @param signal ends the connection; what runs in the container may go on
 */
export async function executeAt(
  url: URL,
  token: string | undefined,
  { tls_ca, tls_cert, tls_key, tls_insecure = false }: KubeConfig,
  signal: AbortSignal,
): Promise<Executed> {
  const nothing = { stdout: '', stderr: '', left: 0 }
  let Client: typeof WebSocket
  try {
    Client = (await import('ws')).WebSocket
  } catch {
    return { ...nothing, refused: { status: 0, body: { message: 'needs the package ws: npm install ws' } } }
  }
  const options: ClientOptions = {
    ...(token !== undefined && { headers: { authorization: `Bearer ${token}` } }),
    ...{ perMessageDeflate: false, followRedirects: false, handshakeTimeout: HANDSHAKE, maxPayload: MAX_MESSAGE },
    ...(tls_ca !== undefined && { ca: readFile(tls_ca) }),
    ...(tls_cert !== undefined && { cert: readFile(tls_cert) }),
    ...(tls_key !== undefined && { key: readFile(tls_key) }),
    rejectUnauthorized: !tls_insecure,
  }
  const address = new URL(url)
  address.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:'
  return new Promise(resolve => {
    const output = new Output()
    const socket = new Client(address, PROTOCOLS, options)
    const settle = (end: Partial<Executed>) => {
      signal.removeEventListener('abort', abort)
      resolve({ ...output.kept, ...end })
      socket.terminate()
    }
    const abort = () => settle({ problem: 'no answer in time' })
    signal.addEventListener('abort', abort, { once: true })
    // After it has settled, errors are of the connection that is torn down.
    socket.on('error', (error: NodeJS.ErrnoException) => {
      const { code = '', message } = error
      if (NOT_BEGUN.test(code)) settle({ refused: { status: 0, body: { message } } })
      else settle({ problem: message })
    })
    socket.on('unexpected-response', (_, response) => {
      readAnswer(response).then(
        body => settle({ refused: { status: response.statusCode ?? 0, body } }),
        error => settle({ problem: (error as Error).message }),
      )
    })
    socket.on('message', data => output.take(data as Buffer))
    socket.on('close', () => settle(output.ended))
    if (signal.aborted) abort()
  })
}

/** What came on the channels. */
class Output {
  readonly #kept = { [STDOUT!]: [] as Buffer[], [STDERR!]: [] as Buffer[] }
  #size = 0
  #left = 0
  #status = ''

  take(message: Buffer): void {
    const [channel] = message
    const text = message.subarray(1)
    if (channel === ERROR && this.#status.length + text.length <= MAX_STATUS) this.#status += text.toString('utf8')
    if (channel !== STDOUT && channel !== STDERR) return
    const fits = text.subarray(0, MAX_OUTPUT - this.#size)
    this.#size += fits.length
    this.#left += text.length - fits.length
    // A piece of a message would keep all of it.
    if (fits.length > 0) this.#kept[channel]!.push(Buffer.from(fits))
  }

  get kept(): Executed {
    const text = (channel: number) => Buffer.concat(this.#kept[channel]!).toString('utf8')
    return { stdout: text(STDOUT!), stderr: text(STDERR!), left: this.#left }
  }

  get ended(): Partial<Executed> {
    try {
      return { status: JSON.parse(this.#status) }
    } catch {
      return { problem: 'the connection ended before the command' }
    }
  }
}

async function readAnswer(response: IncomingMessage): Promise<unknown> {
  let text = ''
  for await (const piece of response.setEncoding('utf8')) if (text.length < MAX_STATUS) text += piece
  try {
    return JSON.parse(text)
  } catch {
    return { message: text.slice(0, 500) }
  }
}
