import type { Producer, ProducerOptions } from '@platformatic/kafka'
import type { Answer, Failure } from '../model/answer.ts'
import { OutputError } from '../model/output.ts'
import { defineTransport, type Item, type Transport } from '../model/transport.ts'
import { CONNECT_TIMEOUT, connectError, loadPeer, quoted, timedOut, unlessAborted } from '../net/connect.ts'
import { readTls, TLS_OPTIONS } from '../net/tls.ts'
import { confined } from '../text/confined.ts'

const OUTPUT = 'kafka output'

const ACKS = { all: -1, leader: 1, none: 0 } as const

const options = {
  brokers: {
    kind: 'list',
    required: true,
    doc: 'Brokers to ask for the others: `HOST:PORT`.',
    example: '127.0.0.1:9092',
  },
  topic: {
    kind: 'template',
    default: 'falco',
    doc: 'The topic. In values of fields, characters other than letters, digits, `-` and `_` become `_`.',
  },
  key: {
    kind: 'template',
    default: '%alert.hostname',
    doc: 'The key: alerts with the same key go to one partition and keep their order. `%container.id` is a good alternative.',
  },
  acks: {
    kind: 'choice',
    choices: Object.keys(ACKS),
    default: 'all',
    doc: 'Which replicas must acknowledge an alert.',
  },
  compression: {
    kind: 'choice',
    choices: ['none', 'gzip', 'snappy', 'lz4', 'zstd'],
    default: 'none',
    doc: 'How batches are compressed.',
  },
  create_topic: { kind: 'boolean', default: true, doc: 'Ask the brokers to create the topic if it does not exist.' },
  client_id: { kind: 'text', default: 'falc', doc: 'Name of this client in the brokers’ logs and quotas.' },
  tls: { kind: 'boolean', default: false, doc: 'Use TLS.' },
  sasl: {
    kind: 'choice',
    choices: ['none', 'PLAIN', 'SCRAM-SHA-256', 'SCRAM-SHA-512'],
    default: 'none',
    doc: 'How to log in.',
  },
  username: { kind: 'text', doc: 'User name. Event Hubs: `$ConnectionString`.' },
  password: { kind: 'secret', doc: 'Password. Event Hubs: the connection string.' },
  ...TLS_OPTIONS,
} as const

/** Produces to a topic of Kafka, or of what speaks its protocol. */
export const kafka = defineTransport({
  type: 'kafka',
  title: 'Kafka, Redpanda, Event Hubs',
  doc: `One record per alert; its headers are \`id\`, \`rule\`, \`priority\` and \`content-type\`, its timestamp is the alert's. An alert counts as
delivered when all in-sync replicas have it. The producer is not idempotent: a record that is sent again appears twice, with the same
\`id\`.

A record that is too large is dropped; if permissions or the topic are missing, alerts stay queued. Azure Event Hubs speaks the protocol:

\`\`\`yaml
outputs:
  - name: event-hubs
    type: kafka
    brokers: [NAMESPACE.servicebus.windows.net:9093]
    topic: HUB
    tls: true
    sasl: PLAIN
    username: $ConnectionString
    password: \${EVENT_HUBS_CONNECTION_STRING}
\`\`\``,
  options,
  batch: { items: 500, bytes: 900_000 },
  peer: '@platformatic/kafka',
  ordered: 'key',
  async open(values, context) {
    const topic = confined(values.topic, OUTPUT, 'topic', context.template)
    const key = context.template(values.key)
    const library = await loadPeer('@platformatic/kafka', OUTPUT, () => import('@platformatic/kafka'))
    const { stringSerializers } = library
    if (values.sasl !== 'none' && (values.username === undefined || values.password === undefined))
      throw new OutputError('sasl', `${OUTPUT}: sasl needs username and password`, 'misconfigured')
    const settings: ProducerOptions<string, string, string, string> = {
      clientId: values.client_id,
      bootstrapBrokers: [...values.brokers],
      serializers: stringSerializers,
      acks: ACKS[values.acks as keyof typeof ACKS],
      compression: values.compression as 'none',
      autocreateTopics: values.create_topic,
      strict: true,
      // The delivery repeats what fails.
      retries: 0,
      connectTimeout: CONNECT_TIMEOUT,
      timeout: CONNECT_TIMEOUT,
      ...(values.tls && { tls: readTls(values, OUTPUT) as object }),
      ...(values.sasl !== 'none' && {
        sasl: { mechanism: values.sasl as 'PLAIN', username: values.username!, password: values.password! },
      }),
    }
    const producer = new library.Producer(settings)
    try {
      await producer.listApis()
      return new KafkaTransport(producer, topic, key)
    } catch (error) {
      await producer.close().catch(() => {})
      const { class: kind, message } = failureOfKafka(error)
      const refused = connectError(rootOf(error), OUTPUT, kind === 'misconfigured')
      throw new OutputError(refused.code, message, refused.class)
    }
  },
})

type Text = (alert: Item['alert']) => string

class KafkaTransport implements Transport {
  readonly #producer: Producer<string, string, string, string>
  readonly #topic: Text
  readonly #key: Text

  constructor(producer: Producer<string, string, string, string>, topic: Text, key: Text) {
    this.#producer = producer
    this.#topic = topic
    this.#key = key
  }

  async send(items: readonly Item[], signal: AbortSignal): Promise<Answer> {
    const messages = items.map(({ id, alert, body, contentType }) => ({
      topic: this.#topic(alert),
      key: this.#key(alert),
      value: body,
      timestamp: alert.time / 1_000_000n,
      headers: { id, rule: alert.rule, priority: alert.priority, 'content-type': contentType },
    }))
    try {
      await unlessAborted(this.#producer.send({ messages }), signal)
      return { delivered: items.length }
    } catch (error) {
      // Some partitions may have theirs: a repetition has the same ids.
      return { delivered: 0, failure: signal.aborted ? timedOut(OUTPUT) : failureOfKafka(error) }
    }
  }

  async close(): Promise<void> {
    await this.#producer.close().catch(() => {})
  }
}

/** Kafka's errors that are about a record: MESSAGE_TOO_LARGE, RECORD_LIST_TOO_LARGE, INVALID_TIMESTAMP, INVALID_RECORD. */
const POISON: ReadonlySet<number> = new Set([10, 18, 32, 87])

/**
 * Those that another setting cures: UNKNOWN_TOPIC_OR_PARTITION, INVALID_TOPIC, the AUTHORIZATION_FAILED family,
 * UNSUPPORTED_SASL_MECHANISM, ILLEGAL_SASL_STATE, SASL_AUTHENTICATION_FAILED, UNSUPPORTED_COMPRESSION_TYPE.
 */
const MISCONFIGURED: ReadonlySet<number> = new Set([3, 17, 29, 30, 31, 33, 34, 53, 58, 76])

interface KafkaError extends Error {
  readonly code?: string
  readonly apiId?: string
  readonly apiCode?: number
  readonly errors?: readonly KafkaError[]
  readonly cause?: KafkaError
}

/** The innermost error: the client wraps them by broker and by attempt. */
function rootOf(error: unknown): KafkaError {
  const { errors, cause } = error as KafkaError
  const inner = errors?.[0] ?? cause
  return inner instanceof Error ? rootOf(inner) : (error as KafkaError)
}

function failureOfKafka(error: unknown): Failure {
  const { code = 'error', apiId, apiCode, message } = rootOf(error)
  const denied = code === 'PLT_KFK_AUTHENTICATION' || (error as KafkaError).code === 'PLT_KFK_AUTHENTICATION'
  const failure = { cause: apiId ?? code, message: `${OUTPUT}: ${quoted(message)}` }
  if (denied) return { class: 'misconfigured', ...failure, reconnect: true }
  if (apiCode === undefined) return { class: 'later', ...failure, reconnect: true }
  return { class: POISON.has(apiCode) ? 'poison' : MISCONFIGURED.has(apiCode) ? 'misconfigured' : 'later', ...failure }
}
