import type { Redis, RedisOptions } from 'ioredis'
import { type Answer, answerOf, type Failure, type FailureClass } from '../model/answer.ts'
import { OutputError } from '../model/output.ts'
import { defineTransport, type Item, type OptionsOf, type Transport } from '../model/transport.ts'
import {
  CONNECT_TIMEOUT,
  connectError,
  connectionLost,
  loadPeer,
  quoted,
  timedOut,
  unlessAborted,
} from '../net/connect.ts'
import { checkAnswers } from '../net/redis-answers.ts'
import { readTls, TLS_OPTIONS } from '../net/tls.ts'
import { confined } from '../text/confined.ts'
import { decoded } from '../text/decoded.ts'

const OUTPUT = 'redis output'

const options = {
  url: {
    kind: 'url',
    required: true,
    doc: 'The server: `redis://HOST:PORT`, or `rediss://HOST:PORT` for TLS.',
    example: 'redis://127.0.0.1:6379',
  },
  key: {
    kind: 'template',
    default: 'falco',
    doc: 'The key. In values of fields, characters other than letters, digits, `-` and `_` become `_`.',
  },
  storage: {
    kind: 'choice',
    choices: ['stream', 'list', 'hash'],
    default: 'stream',
    doc: '`stream`: XADD with the fields `id`, `rule`, `priority` and `alert`. `list`: RPUSH of the alert. `hash`: HSET of the alert under its ID.',
  },
  max_length: {
    kind: 'integer',
    default: 100_000,
    min: 0,
    doc: 'Approximate number of entries that a stream keeps; the oldest are dropped. 0: unlimited.',
  },
  username: { kind: 'text', doc: 'User name, of servers that have several users.' },
  password: { kind: 'secret', doc: 'Password.' },
  database: { kind: 'integer', default: 0, min: 0, doc: 'Number of the database.' },
  ...TLS_OPTIONS,
} as const

/** Appends to a stream, a list or a hash of Redis or Valkey. */
export const redis = defineTransport({
  type: 'redis',
  title: 'Redis and Valkey',
  doc: `One entry of a stream per alert. Readers in a group (XREADGROUP, XACK, XAUTOCLAIM) share the work. XADD is not idempotent:
after a broken connection an alert may appear twice, with the same \`id\`; a hash holds each alert once.

If memory is full, the server is loading its data, or the server is a read-only replica, alerts are retried. After a wrong password, a
missing permission or a key of another type, alerts stay queued until the configuration is fixed.`,
  options,
  batch: { items: 500, bytes: 4 << 20 },
  peer: 'ioredis',
  ordered: 'all',
  async open(values, context) {
    const key = confined(values.key, OUTPUT, 'key', context.template)
    const client = await connect(values, context.name)
    return new RedisTransport(client, entryOf(values, key))
  },
})

type Values = OptionsOf<typeof options>
type Command = readonly [name: string, ...args: string[]]

/** The command that stores an item. */
function entryOf({ storage, max_length }: Values, key: (alert: Item['alert']) => string): (item: Item) => Command {
  if (storage === 'list') return item => ['rpush', key(item.alert), item.body]
  if (storage === 'hash') return item => ['hset', key(item.alert), item.id, item.body]
  const bound = max_length > 0 ? ['MAXLEN', '~', String(max_length)] : []
  return ({ id, alert, body }) => {
    const fields = ['id', id, 'rule', alert.rule, 'priority', alert.priority, 'alert', body]
    return ['xadd', key(alert), ...bound, '*', ...fields]
  }
}

/** @throws {OutputError} */
async function connect(values: Values, name: string): Promise<Redis> {
  const url = new URL(values.url)
  if (url.protocol !== 'redis:' && url.protocol !== 'rediss:')
    throw new OutputError('url', `${OUTPUT}: url must begin with redis:// or rediss://`, 'misconfigured')
  const { Redis } = await loadPeer('ioredis', OUTPUT, () => import('ioredis'))
  const username = values.username ?? decoded(url.username)
  const password = values.password ?? decoded(url.password)
  const settings: RedisOptions = {
    host: url.hostname.replace(/^\[|\]$/g, ''),
    port: Number(url.port || 6379),
    ...(username !== '' && { username }),
    ...(password !== '' && { password }),
    db: values.database || Number(url.pathname.slice(1) || 0),
    ...(url.protocol === 'rediss:' && { tls: readTls(values, OUTPUT) as object }),
    connectionName: `falc-${name.replace(/[^\x21-\x7e]/g, '_')}`,
    connectTimeout: CONNECT_TIMEOUT,
    // Servers before Redis 6 know no other.
    protocol: 2,
    disableClientInfo: true,
    lazyConnect: true,
    enableOfflineQueue: false,
    retryStrategy: null,
    maxRetriesPerRequest: 0,
  }
  const client = new Redis(settings)
  checkAnswers(client)
  // The promise of `connect` says that the connection was closed; the event says why.
  let reason: Error | undefined
  client.on('error', error => {
    reason ??= error
  })
  try {
    await client.connect()
    await client.ping()
    return client
  } catch (error) {
    client.disconnect()
    const cause = reason ?? error
    throw connectError(cause, OUTPUT, classOf(cause as Error) === 'misconfigured')
  }
}

class RedisTransport implements Transport {
  readonly #client: Redis
  readonly #entry: (item: Item) => Command

  constructor(client: Redis, entry: (item: Item) => Command) {
    this.#client = client
    this.#entry = entry
  }

  async send(items: readonly Item[], signal: AbortSignal): Promise<Answer> {
    try {
      const pipeline = this.#client.pipeline(items.map(item => [...this.#entry(item)]))
      const results = await unlessAborted(pipeline.exec(), signal)
      if (!results) return { delivered: 0, failure: connectionLost(OUTPUT) }
      return answerOf(results.map(([error]) => (error ? failureOfRedis(error) : undefined)))
    } catch (error) {
      return { delivered: 0, failure: signal.aborted ? timedOut(OUTPUT) : connectionLost(OUTPUT, error) }
    }
  }

  async close(): Promise<void> {
    this.#client.disconnect()
  }
}

/** First words of errors that are not about the moment. Others pass: OOM, LOADING, BUSY, MISCONF, CLUSTERDOWN … */
const MISCONFIGURED: ReadonlySet<string> = new Set(['NOAUTH', 'WRONGPASS', 'NOPERM', 'WRONGTYPE', 'ERR', 'DENIED'])

const wordOf = (error: Error): string | undefined =>
  error.name === 'ReplyError' ? /^-?([A-Z]+)/.exec(error.message)?.[1] : undefined

function classOf(error: Error): FailureClass {
  return MISCONFIGURED.has(wordOf(error) ?? '') ? 'misconfigured' : 'later'
}

function failureOfRedis(error: Error): Failure {
  const word = wordOf(error)
  if (word === undefined) return connectionLost(OUTPUT, error)
  const failure: Failure = { class: classOf(error), cause: word, message: `${OUTPUT}: ${quoted(error.message)}` }
  // After a failover, the connection leads to a replica.
  return word === 'READONLY' || word === 'UNBLOCKED' ? { ...failure, reconnect: true } : failure
}
