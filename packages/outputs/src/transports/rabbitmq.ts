import type { ChannelModel, ConfirmChannel, Message } from 'amqplib'
import { type Answer, answerOf, type Failure } from '../model/answer.ts'
import { OutputError } from '../model/output.ts'
import { defineTransport, type Item, type OptionsOf, type Transport } from '../model/transport.ts'
import { CONNECT_TIMEOUT, connectError, connectionLost, loadPeer, timedOut, unlessAborted } from '../net/connect.ts'
import { readTls, TLS_OPTIONS } from '../net/tls.ts'
import { confined } from '../text/confined.ts'
import { decoded } from '../text/decoded.ts'

const OUTPUT = 'rabbitmq output'

const options = {
  url: {
    kind: 'url',
    required: true,
    doc: 'The broker: `amqp://HOST:PORT/VHOST`, or `amqps://…` for TLS.',
    example: 'amqp://127.0.0.1:5672',
  },
  exchange: {
    kind: 'text',
    default: 'falco',
    doc: 'The exchange. Empty: the default exchange, whose routing keys are names of queues.',
  },
  routing_key: {
    kind: 'template',
    default: 'falco.%alert.priority.%alert.rule',
    doc: 'The routing key. In values of fields, characters other than letters, digits, `-` and `_` become `_`.',
  },
  queue_name: {
    kind: 'text',
    doc: 'A durable queue to declare and to bind to everything in the exchange. With the default exchange, it is also the routing key.',
    example: 'falco',
  },
  declare: { kind: 'boolean', default: true, doc: 'Declare the exchange (durable, of type topic) and the queue.' },
  mandatory: {
    kind: 'boolean',
    default: true,
    doc: 'An alert that the broker can route to no queue stays in falc’s. Otherwise the broker drops it.',
  },
  username: { kind: 'text', doc: 'User name. Default: the URL’s, or `guest`.' },
  password: { kind: 'secret', doc: 'Password. Default: the URL’s, or `guest`.' },
  ...TLS_OPTIONS,
} as const

/** Bytes of AMQP's short strings: routing keys and types. */
const SHORT = 255

/** Publishes to an exchange of RabbitMQ, with confirms. */
export const rabbitmq = defineTransport({
  type: 'rabbitmq',
  title: 'RabbitMQ',
  doc: `One persistent message per alert: \`message-id\` is the alert's ID, \`type\` its rule, the headers are \`rule\`, \`priority\`,
\`source\` and \`hostname\`. An alert counts as delivered when the broker has confirmed it, which for a durable queue means that it is on disk.

If no queue is bound, the broker returns the alert, which stays queued until the configuration is fixed. While the broker blocks publishers,
because its memory or disk space is low, delivery pauses. A message larger than the broker's \`max_message_size\` is dropped.`,
  options,
  batch: { items: 200, bytes: 4 << 20 },
  peer: 'amqplib',
  ordered: 'all',
  async open(values, context) {
    const key = values.exchange === '' && values.queue_name !== undefined ? values.queue_name : values.routing_key
    const render = key === values.queue_name ? () => key : confined(key, OUTPUT, 'routing_key', context.template)
    const connection = await connect(values, context.name)
    try {
      const channel = await connection.createConfirmChannel()
      channel.on('error', () => {})
      if (values.declare) await declare(channel, values)
      else if (values.exchange !== '') await channel.checkExchange(values.exchange)
      return new RabbitTransport(connection, channel, values, render)
    } catch (error) {
      await connection.close().catch(() => {})
      throw connectError(error, OUTPUT, classOf(error) === 'misconfigured')
    }
  },
})

type Values = OptionsOf<typeof options>

/** @throws {OutputError} */
async function connect(values: Values, name: string): Promise<ChannelModel> {
  const url = new URL(values.url)
  if (url.protocol !== 'amqp:' && url.protocol !== 'amqps:')
    throw new OutputError('url', `${OUTPUT}: url must begin with amqp:// or amqps://`, 'misconfigured')
  if (!url.searchParams.has('heartbeat')) url.searchParams.set('heartbeat', '30')
  const amqp = await loadPeer('amqplib', OUTPUT, () => import('amqplib'))
  const user = values.username ?? (decoded(url.username) || 'guest')
  const password = values.password ?? (decoded(url.password) || 'guest')
  try {
    const connection = await amqp.connect(url.href, {
      ...(url.protocol === 'amqps:' && (readTls(values, OUTPUT) as object)),
      credentials: amqp.credentials.plain(user, password),
      clientProperties: { connection_name: `falc ${name}` },
      timeout: CONNECT_TIMEOUT,
      noDelay: true,
    })
    // Its end is noticed by the call in progress, or by the next one.
    connection.on('error', () => {})
    return connection
  } catch (error) {
    throw connectError(error, OUTPUT, isDenied(error as Error))
  }
}

/** Before a connection is open, the client gives the broker's code in its text only. */
function isDenied({ message }: Error): boolean {
  const code = /^Handshake terminated by server: (\d+) /.exec(message)?.[1]
  return MISCONFIGURED.has(Number(code)) || message.startsWith('SASL mechanism ')
}

async function declare(channel: ConfirmChannel, { exchange, queue_name: queue }: Values): Promise<void> {
  if (exchange !== '') await channel.assertExchange(exchange, 'topic', { durable: true })
  if (queue === undefined) return
  await channel.assertQueue(queue, { durable: true })
  if (exchange !== '') await channel.bindQueue(queue, exchange, '#')
}

class RabbitTransport implements Transport {
  readonly #connection: ChannelModel
  readonly #channel: ConfirmChannel
  readonly #values: Values
  readonly #key: (alert: Item['alert']) => string
  /** IDs of messages of the current call that came back: no queue took them. */
  readonly #returned = new Set<string>()
  /** The broker takes nothing at present. */
  #blocked = false
  /** The error that ended the channel. */
  #error: Error | undefined
  readonly #gone: Promise<never>

  constructor(
    connection: ChannelModel,
    channel: ConfirmChannel,
    values: Values,
    key: (alert: Item['alert']) => string,
  ) {
    this.#connection = connection
    this.#channel = channel
    this.#values = values
    this.#key = key
    connection.on('blocked', () => {
      this.#blocked = true
    })
    connection.on('unblocked', () => {
      this.#blocked = false
    })
    channel.on('return', (message: Message) => this.#returned.add(String(message.properties.messageId)))
    this.#gone = new Promise((_, reject) => {
      const end = (error?: Error) => {
        this.#error ??= error ?? new Error('the broker closed the connection')
        reject(this.#error)
      }
      channel.on('error', end)
      channel.on('close', () => end())
      connection.on('close', end)
    })
    this.#gone.catch(() => {})
  }

  async send(items: readonly Item[], signal: AbortSignal): Promise<Answer> {
    if (this.#error) return { delivered: 0, failure: connectionLost(OUTPUT, this.#error) }
    if (this.#blocked) return { delivered: 0, failure: BLOCKED }
    this.#returned.clear()
    const fates: (Failure | undefined)[] = items.map(() => connectionLost(OUTPUT))
    const publish = items.map((item, i) => this.#publish(item).then(fate => (fates[i] = fate)))
    try {
      await unlessAborted(Promise.race([Promise.all(publish), this.#gone]), signal)
      return answerOf(fates)
    } catch (error) {
      // A message that waits for a confirm may still be stored, so the connection must end before it is sent again.
      if (signal.aborted)
        return { delivered: 0, failure: this.#blocked ? { ...BLOCKED, reconnect: true } : timedOut(OUTPUT) }
      return answerOf(fates.map((fate, i) => fate && failureOfRabbit(error, items[i]!)))
    }
  }

  async close(): Promise<void> {
    await this.#connection.close().catch(() => {})
  }

  /** Resolves with what became of it when the broker has confirmed or refused it. */
  #publish({ id, alert, body, contentType }: Item): Promise<Failure | undefined> {
    const { rule, priority, source, hostname } = alert
    const properties = {
      persistent: true,
      mandatory: this.#values.mandatory,
      messageId: id,
      timestamp: Number(alert.time / 1_000_000_000n),
      type: short(rule),
      appId: 'falc',
      contentType,
      headers: { rule, priority, source, ...(hostname !== undefined && { hostname }) },
    }
    return new Promise((resolve, reject) => {
      const confirmed = (error: unknown) => {
        if (this.#error) reject(this.#error)
        else if (error)
          resolve({ class: 'later', cause: 'nack', message: `${OUTPUT}: the broker could not store the alert` })
        else resolve(this.#returned.has(id) ? UNROUTABLE : undefined)
      }
      try {
        this.#channel.publish(this.#values.exchange, short(this.#key(alert)), Buffer.from(body), properties, confirmed)
      } catch (error) {
        reject(error)
      }
    })
  }
}

/** The text, or as much of it as fits a short string. */
function short(text: string): string {
  const bytes = Buffer.from(text)
  return bytes.length <= SHORT
    ? text
    : bytes
        .subarray(0, SHORT)
        .toString()
        .replace(/\uFFFD$/, '')
}

const BLOCKED: Failure = {
  class: 'later',
  cause: 'blocked',
  message: `${OUTPUT}: the broker is low on memory or disk and takes nothing`,
}

const UNROUTABLE: Failure = {
  class: 'misconfigured',
  cause: 'unroutable',
  message: `${OUTPUT}: no queue is bound for the routing key`,
}

/** Codes of AMQP that another setting cures: access refused, not found, a declaration that differs, not allowed, … */
const MISCONFIGURED: ReadonlySet<number> = new Set([402, 403, 404, 405, 406, 530, 540])

function classOf(error: unknown): Failure['class'] {
  return MISCONFIGURED.has(Number((error as { code?: unknown }).code)) ? 'misconfigured' : 'later'
}

/** The failure of an unconfirmed item when the channel ends. */
function failureOfRabbit(error: unknown, item: Item): Failure {
  const { code, message } = error as Error & { code?: number }
  // The code is that of other preconditions as well, and closes the channel for all messages on their way.
  const size = /message size (\d+) is larger/.exec(message)?.[1]
  if (size !== undefined && Number(size) === Buffer.byteLength(item.body))
    return { class: 'poison', cause: 'too_large', message: `${OUTPUT}: ${message}`, reconnect: true }
  if (size !== undefined || code === undefined) return connectionLost(OUTPUT, error)
  return { class: classOf(error), cause: `amqp_${code}`, message: `${OUTPUT}: ${message}`, reconnect: true }
}
