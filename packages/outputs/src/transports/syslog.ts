import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { connect as connectTcp, isIPv6 } from 'node:net'
import { connect as connectTls } from 'node:tls'
import { Child } from '../falco/child.ts'
import type { Answer, Failure } from '../model/answer.ts'
import { OutputError } from '../model/output.ts'
import {
  defineTransport,
  type Item,
  type OptionsOf,
  type Transport,
  type TransportContext,
} from '../model/transport.ts'
import { CONNECT_TIMEOUT, connectError, connectionLost, timedOut, unlessAborted } from '../net/connect.ts'
import { readTls, TLS_OPTIONS } from '../net/tls.ts'
import { SEVERITY } from '../text/severity.ts'

const OUTPUT = 'syslog output'

const FACILITIES = [
  ...[
    'kern',
    'user',
    'mail',
    'daemon',
    'auth',
    'syslog',
    'lpr',
    'news',
    'uucp',
    'cron',
    'authpriv',
    'ftp',
    'ntp',
    'audit',
    'alert',
  ],
  ...['clock', 'local0', 'local1', 'local2', 'local3', 'local4', 'local5', 'local6', 'local7'],
]

const options = {
  url: {
    kind: 'url',
    required: true,
    doc: 'The receiver: `udp://HOST:514`, `tcp://HOST:601`, `tls://HOST:6514`, or `unix:/dev/log`.',
    example: 'udp://127.0.0.1:514',
  },
  facility: {
    kind: 'choice',
    choices: FACILITIES,
    default: 'local0',
    doc: 'The facility; the severity is the alert’s priority.',
  },
  app_name: { kind: 'text', default: 'falco', doc: 'APP-NAME of the messages.' },
  sd_id: {
    kind: 'text',
    default: 'falco@32473',
    doc: 'Name of the structured data element, with the enterprise number of its owner. 32473 is reserved for examples.',
  },
  framing: {
    kind: 'choice',
    choices: ['octet-counting', 'newline'],
    default: 'octet-counting',
    doc: 'How messages are delimited over TCP and TLS: by the length before each (RFC 6587, RFC 5425), or by a line feed after each.',
  },
  max_size: {
    kind: 'bytes',
    default: 8192,
    min: 480,
    max: 65_507,
    doc: 'Maximum size of a message; longer ones are truncated. rsyslog accepts 8 KiB by default.',
  },
  ...TLS_OPTIONS,
} as const

/** Sends messages of RFC 5424. */
export const syslog = defineTransport({
  type: 'syslog',
  title: 'Syslog (RFC 5424)',
  doc: `\`<133>1 2026-11-24T10:00:00.123456Z node-1 falco 4711 Terminal_shell [falco@32473 id="…" rule="…" priority="Notice" source="syscall"] ALERT\`

Syslog has no acknowledgements: an alert counts as delivered when the operating system has accepted it for the connection, so some are lost
when a receiver stops. UDP loses more, silently. \`unix:\` uses logger(1), since Node cannot open Unix datagram sockets, and carries the
time of sending; the daemon must accept RFC 5424 there (rsyslog: \`UseSpecialParser="off"\`). For journald, use \`syslog_output\`.`,
  options,
  batch: { items: 100, bytes: 1 << 20 },
  ordered: 'all',
  async open(values, context) {
    const { protocol, hostname, port, pathname } = new URL(values.url)
    const host = hostname.replace(/^\[|\]$/g, '')
    if (!/^[\x21-\x7e]{1,48}$/.test(values.app_name) || !/^[^\s="\]\0-\x1f\x7f-\uffff]{1,32}$/.test(values.sd_id))
      throw new OutputError(
        'option',
        `${OUTPUT}: app_name and sd_id are printable ASCII without blanks`,
        'misconfigured',
      )
    const message = messageOf(values, context)
    if (protocol === 'udp:') return openUdp(host, Number(port || 514), message)
    if (protocol === 'tcp:') return openStream(values, { host, port: Number(port || 601) }, message)
    if (protocol === 'tls:')
      return openStream(values, { host, port: Number(port || 6514), ...(readTls(values, OUTPUT) as object) }, message)
    if (protocol === 'unix:') return new LocalTransport(pathname, values)
    throw new OutputError('url', `${OUTPUT}: url must begin with udp://, tcp://, tls:// or unix:`, 'misconfigured')
  },
})

type Values = OptionsOf<typeof options>

/** Formats a message, in at most `max_size` bytes. */
function messageOf({ facility, app_name, sd_id, max_size }: Values, context: TransportContext): (item: Item) => Buffer {
  const base = FACILITIES.indexOf(facility) << 3
  return item => {
    const { alert } = item
    const head = [
      `<${base | SEVERITY[alert.priority].syslog}>1`,
      timestamp(alert.time),
      token(alert.hostname ?? context.hostname, 255),
      app_name,
      process.pid,
      token(alert.rule, 32),
      `[${[sd_id, ...params(item)].join(' ')}]`,
    ].join(' ')
    const message = Buffer.from(`${head} ${plain(item.body)}`)
    if (message.length <= max_size) return message
    context.note(`${OUTPUT}: messages longer than max_size (${max_size} bytes) are cut`)
    let end = max_size
    while ((message[end]! & 0xc0) === 0x80) end--
    return message.subarray(0, end)
  }
}

/** The parameters of the structured data. */
function params({ id, alert }: Item): string[] {
  const values = { id, rule: alert.rule, priority: alert.priority, source: alert.source }
  return Object.entries(values).map(
    ([name, value]) =>
      `${name}="${plain(value)
        .slice(0, 500)
        .replace(/["\\\]]/g, '\\$&')}"`,
  )
}

/** RFC 3339 with microseconds: syslog allows no more. */
function timestamp(ns: bigint): string {
  const micros = (ns / 1000n) % 1_000_000n
  return `${new Date(Number(ns / 1_000_000n)).toISOString().slice(0, 19)}.${String(micros).padStart(6, '0')}Z`
}

/** A field of the header: printable ASCII without blanks. */
const token = (text: string, length: number) => text.replace(/[^\x21-\x7e]+/g, '_').slice(0, length) || '-'

/** Control characters could end a message, or a line of the reader. */
const plain = (text: string) => text.replace(/[\0-\x1f\x7f-\x9f]+/g, ' ').toWellFormed()

async function openUdp(host: string, port: number, message: (item: Item) => Buffer): Promise<Transport> {
  const socket = createSocket(isIPv6(host) ? 'udp6' : 'udp4')
  // What the network answers to a datagram is known when the next one is to be sent.
  let refused: Error | undefined
  socket.on('error', error => {
    refused = error
  })
  socket.connect(port, host)
  try {
    await once(socket, 'connect')
  } catch (error) {
    socket.close()
    throw connectError(error, OUTPUT)
  }
  return {
    async send(items): Promise<Answer> {
      for (const [delivered, item] of items.entries()) {
        const error = refused ?? (await new Promise<Error | null>(resolve => socket.send(message(item), resolve)))
        if (error) return { delivered, failure: connectionLost(OUTPUT, error) }
      }
      return { delivered: items.length }
    },
    async close() {
      socket.close()
    },
  }
}

async function openStream(
  values: Values,
  to: { readonly host: string; readonly port: number },
  message: (item: Item) => Buffer,
): Promise<Transport> {
  const secure = values.url.startsWith('tls:')
  const socket = secure ? connectTls(to) : connectTcp(to)
  try {
    await once(socket, secure ? 'secureConnect' : 'connect', { signal: AbortSignal.timeout(CONNECT_TIMEOUT) })
  } catch (error) {
    socket.destroy()
    throw connectError(error, OUTPUT)
  }
  socket.setNoDelay(true).resume()
  let lost: Failure | undefined
  const gone = new Promise<never>((_, reject) => {
    const end = (error?: unknown) => {
      lost ??= connectionLost(OUTPUT, error instanceof Error ? error : undefined)
      reject(lost)
    }
    socket.on('error', end).on('end', end).on('close', end)
  })
  gone.catch(() => {})
  const frame = (bytes: Buffer) =>
    values.framing === 'newline' ? [bytes, Buffer.from('\n')] : [Buffer.from(`${bytes.length} `), bytes]
  return {
    async send(items, signal): Promise<Answer> {
      if (lost) return { delivered: 0, failure: lost }
      const frames = Buffer.concat(items.flatMap(item => frame(message(item))))
      const written = new Promise<void>((resolve, reject) =>
        socket.write(frames, error => (error ? reject(error) : resolve())),
      )
      try {
        await unlessAborted(Promise.race([written, gone]), signal)
        return { delivered: items.length }
      } catch (error) {
        return { delivered: 0, failure: signal.aborted ? timedOut(OUTPUT) : (lost ?? connectionLost(OUTPUT, error)) }
      }
    },
    async close() {
      // What is written still goes out; a receiver that takes nothing does not keep the process.
      socket.destroySoon()
      socket.unref()
    },
  }
}

/** One logger(1) for each alert: its options are the header. */
class LocalTransport implements Transport {
  readonly #socket: string
  readonly #values: Values
  #child: Child | undefined

  constructor(socket: string, values: Values) {
    this.#socket = socket
    this.#values = values
  }

  async send(items: readonly Item[], signal: AbortSignal): Promise<Answer> {
    const abort = () => this.#child?.kill()
    signal.addEventListener('abort', abort, { once: true })
    try {
      for (const [delivered, item] of items.entries()) {
        const failure = signal.aborted ? timedOut(OUTPUT) : await this.#log(item)
        if (failure) return { delivered, failure }
      }
      return { delivered: items.length }
    } finally {
      signal.removeEventListener('abort', abort)
    }
  }

  async close(): Promise<void> {
    this.#child?.kill()
  }

  async #log(item: Item): Promise<Failure | undefined> {
    const { facility, app_name, sd_id, max_size } = this.#values
    const child = new Child(
      'logger',
      [
        ...['--rfc5424=notq', '--socket', this.#socket, '--socket-errors=on', '--size', String(max_size)],
        ...['--priority', `${facility}.${SEVERITY_NAMES[SEVERITY[item.alert.priority].syslog]}`, '--tag', app_name],
        ...[
          '--msgid',
          token(item.alert.rule, 32),
          '--sd-id',
          sd_id,
          ...params(item).flatMap(param => ['--sd-param', param]),
        ],
        `--id=${process.pid}`,
      ],
      true,
    )
    this.#child = child
    const written = child.write(`${plain(item.body)}\n`).then(
      () => true,
      () => false,
    )
    const code = await child.end()
    if (code === 0 && child.stderr === '' && (await written)) return undefined
    return {
      class: 'later',
      cause: `exit_${code}`,
      message: `${OUTPUT}: ${child.stderr || `logger ended with code ${code}`}`,
    }
  }
}

const SEVERITY_NAMES = ['emerg', 'alert', 'crit', 'err', 'warning', 'notice', 'info', 'debug']
