import { setImmediate } from 'node:timers/promises'
import type { JetStreamClient, JetStreamManager } from '@nats-io/jetstream'
import type { MsgHdrs, NatsConnection } from '@nats-io/transport-node'
import { type Answer, answerOf, type Failure } from '../model/answer.ts'
import { OutputError } from '../model/output.ts'
import {
  defineTransport,
  type Item,
  type OptionsOf,
  type Transport,
  type TransportContext,
} from '../model/transport.ts'
import { CONNECT_TIMEOUT, loadPeer, timedOut, unlessAborted } from '../net/connect.ts'
import { connectNats, MISCONFIGURED } from '../net/nats.ts'
import { NATS_CONNECTION } from '../net/nats-login.ts'
import { confined } from '../text/confined.ts'

const OUTPUT = 'nats output'

const { url, ...LOGIN } = NATS_CONNECTION

const options = {
  url,
  subject: {
    kind: 'template',
    default: 'FALCO.%alert.priority',
    doc: 'The subject. The value of a field becomes part of one token: characters other than letters, digits, `-` and `_` become `_`.',
  },
  stream: {
    kind: 'text',
    doc: 'A JetStream stream: each alert is acknowledged once it is stored. Without it, only current subscribers receive alerts.',
    example: 'FALCO',
  },
  create_stream: { kind: 'boolean', default: true, doc: 'Create the stream if it does not exist.' },
  stream_subjects: {
    kind: 'list',
    doc: 'Subjects of a created stream. Default: everything below the first token of `subject`, such as `FALCO.>`.',
  },
  max_age: { kind: 'duration', default: 7 * 86_400_000, doc: 'How long a created stream keeps alerts.' },
  max_bytes: {
    kind: 'bytes',
    default: 1 << 30,
    doc: 'Maximum size of a created stream. The oldest alerts are dropped.',
  },
  replicas: {
    kind: 'integer',
    default: 1,
    min: 1,
    max: 5,
    doc: 'How many servers of a cluster hold a created stream.',
  },
  duplicate_window: {
    kind: 'duration',
    default: 120_000,
    doc: 'How long a created stream recognises a redelivered alert.',
  },
  ...LOGIN,
} as const

/** The overhead of a message: the envelope and names of headers. */
const ENVELOPE = 512

/** Publishes to NATS, and to JetStream where a stream is configured. */
export const nats = defineTransport({
  type: 'nats',
  title: 'NATS and JetStream',
  doc: `One message per alert: the body is the alert, the headers are \`Nats-Msg-Id\` (the alert's ID), \`Falco-Rule\`,
\`Falco-Priority\` and \`Content-Type\`. A subscription to \`FALCO.*\` receives every alert, one to \`FALCO.Critical\` those of that priority.

With \`stream\`, an alert counts as delivered when JetStream has stored it; one that is sent twice within the stream's duplicate window is
stored once. Without \`stream\`, it counts as delivered when the server has accepted it. If no stream covers the subject, or permissions are
missing, alerts stay queued until the configuration is fixed. An alert larger than the server's \`max_payload\` is dropped.`,
  options,
  batch: { items: 256 },
  peer: '@nats-io/transport-node',
  ordered: 'all',
  async open(values, context) {
    const subject = subjectOf(values.subject, context.template)
    const { nats, connection } = await connectNats(values, context.name)
    if (values.stream === undefined) return new NatsTransport(connection, subject, nats.headers)
    try {
      const jetstream = await loadPeer('@nats-io/jetstream', OUTPUT, () => import('@nats-io/jetstream'))
      if (values.create_stream) await createStream(await jetstream.jetstreamManager(connection), values)
      return new NatsTransport(connection, subject, nats.headers, jetstream.jetstream(connection))
    } catch (error) {
      await connection.close()
      if (error instanceof OutputError) throw error
      const { class: kind, cause, message } = failureOfNats(error)
      throw new OutputError(cause, `${message} (stream ${values.stream})`, kind === 'later' ? 'later' : 'misconfigured')
    }
  },
})

type Values = OptionsOf<typeof options>
type Nats = typeof import('@nats-io/transport-node')
type Subject = (alert: Item['alert']) => string

/** @throws {OutputError} when the subject has blanks or wildcards */
function subjectOf(text: string, template: TransportContext['template']): Subject {
  if (/[\s*>]/.test(text) || /^\.|\.\.|\.$|^\$|^_INBOX/.test(text))
    throw new OutputError('subject', `${OUTPUT}: not a subject to publish to: ${text}`, 'misconfigured')
  return confined(text, OUTPUT, 'subject', template)
}

/** Creates the stream unless it exists: an existing one stays as it is. */
async function createStream(manager: JetStreamManager, values: Values): Promise<void> {
  const exists = await manager.streams.info(values.stream!).then(
    () => true,
    error => {
      if (error.name === 'StreamNotFoundError') return false
      throw error
    },
  )
  if (exists) return
  await manager.streams.add({
    name: values.stream!,
    subjects: [...(values.stream_subjects ?? [`${values.subject.split('.')[0]}.>`])],
    max_age: values.max_age * 1e6,
    max_bytes: values.max_bytes,
    duplicate_window: Math.min(values.duplicate_window, values.max_age) * 1e6,
    num_replicas: values.replicas,
  })
}

class NatsTransport implements Transport {
  readonly #connection: NatsConnection
  readonly #subject: Subject
  readonly #headers: Nats['headers']
  readonly #jetstream: JetStreamClient | undefined
  /** Rejects when the connection ends. */
  readonly #gone: Promise<never>
  /** The server's refusals during the current call. */
  #refused: Error | undefined

  constructor(connection: NatsConnection, subject: Subject, headers: Nats['headers'], jetstream?: JetStreamClient) {
    this.#connection = connection
    this.#subject = subject
    this.#headers = headers
    this.#jetstream = jetstream
    this.#gone = connection.closed().then(error => {
      throw error ?? new Error('connection closed')
    })
    this.#gone.catch(() => {})
    this.#watch()
  }

  async send(items: readonly Item[], signal: AbortSignal): Promise<Answer> {
    this.#refused = undefined
    // The server closes the connection of a client that sends more than it takes.
    const limit = this.#connection.info?.max_payload ?? 1 << 20
    const fits = ({ body, alert }: Item) => Buffer.byteLength(body) + ENVELOPE + alert.rule.length * 3 <= limit
    const large: Failure = {
      class: 'poison',
      cause: 'too_large',
      message: `${OUTPUT}: the alert is larger than the server's max_payload of ${limit} bytes`,
    }
    const publish = (item: Item) => (fits(item) ? this.#publish(item) : Promise.resolve(large))
    try {
      const published = Promise.all(items.map(publish))
      const failures = await unlessAborted(Promise.race([published, this.#gone]), signal)
      if (!this.#jetstream) await unlessAborted(this.#flush(), signal)
      if (this.#refused) return { delivered: 0, failure: failureOfNats(this.#refused) }
      return answerOf(failures)
    } catch (error) {
      return { delivered: 0, failure: signal.aborted ? timedOut(OUTPUT) : failureOfNats(error) }
    }
  }

  async close(): Promise<void> {
    await this.#connection.close()
  }

  async #publish(item: Item): Promise<Failure | undefined> {
    const headers = this.#headersOf(item)
    const subject = this.#subject(item.alert)
    if (!this.#jetstream) return void this.#connection.publish(subject, item.body, { headers })
    try {
      await this.#jetstream.publish(subject, item.body, { headers, timeout: CONNECT_TIMEOUT, retries: 0 })
      return undefined
    } catch (error) {
      return failureOfNats(error)
    }
  }

  /** The server's answer comes after those to what was published before. */
  async #flush(): Promise<void> {
    await Promise.race([this.#connection.flush(), this.#gone])
    // The client hands on what the server refused through an iterator, some microtasks later.
    await setImmediate()
  }

  #headersOf(item: Item): MsgHdrs {
    const headers = this.#headers()
    headers.set('Nats-Msg-Id', item.id)
    // The client refuses line breaks.
    headers.set('Falco-Rule', item.alert.rule.replace(/[\r\n\0]+/g, ' '))
    headers.set('Falco-Priority', item.alert.priority)
    headers.set('Content-Type', item.contentType)
    return headers
  }

  async #watch(): Promise<void> {
    for await (const status of this.#connection.status()) if (status.type === 'error') this.#refused = status.error
  }
}

/** JetStream's error codes that are about one message: it is too large for the stream. */
const POISON_CODES: ReadonlySet<number> = new Set([10054])

function failureOfNats(error: unknown): Failure {
  const { name = 'error', message = String(error), code } = error as Error & { code?: number }
  // The client reports a publication without any responder as a server without JetStream.
  if (name === 'JetStreamNotEnabled')
    return {
      class: 'misconfigured',
      cause: 'no_stream',
      message: `${OUTPUT}: no stream takes the subject, or the server has no JetStream`,
    }
  if (name === 'JetStreamApiError')
    return {
      class: POISON_CODES.has(code!) ? 'poison' : 'later',
      cause: `jetstream_${code}`,
      message: `${OUTPUT}: ${message}`,
    }
  if (MISCONFIGURED.has(name)) return { class: 'misconfigured', cause: name, message: `${OUTPUT}: ${message}` }
  if (name === 'TimeoutError')
    return { class: 'later', cause: 'timeout', message: `${OUTPUT}: no answer in time`, reconnect: true }
  return { class: 'later', cause: name, message: `${OUTPUT}: ${message}`, reconnect: true }
}
