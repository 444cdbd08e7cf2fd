/** Batches of audit events on JetStream: the streams, and the counters of receiver and workers. */
import type { Consumer, JetStreamManager, JsMsg } from '@nats-io/jetstream'
import type { NatsConnection } from '@nats-io/transport-node'
import type { AuditProblemCause } from '../problem.ts'

export interface AuditStreamPlace {
  readonly connection: NatsConnection
  /** Name of the stream. Batches are on subjects below it, dead letters on the stream `NAME_DEAD`. */
  readonly stream: string
  /** The subject below the stream's name. Default: a receiver publishes to `events`, a worker takes all. */
  readonly subject?: string | undefined
  /** Of a stream that does not exist yet: its size in bytes. Default 8 GiB. */
  readonly maxBytes?: number | undefined
  /** Of a stream that does not exist yet: how many servers hold it. Default 1. */
  readonly replicas?: number | undefined
}

export interface DurablePlace extends AuditStreamPlace {
  /** The durable consumer, whose workers share the batches. Default `falc`, with a subject `falc-SUBJECT`. */
  readonly durable?: string | undefined
  /** Milliseconds after which a batch of a worker that no longer answers goes to another; of a consumer that does not exist yet. Default 30,000. */
  readonly ackWait?: number
}

/** Why a batch went to the dead letters. */
export type DeadLetterCause = Exclude<AuditProblemCause, 'log-gap'>

/** What a receiver or a worker has counted. What it does not do is not in it. */
export interface AuditStreamCounts {
  /** Batches, or parts of large ones, by what became of them. */
  readonly batches: Readonly<Record<string, number>>
  readonly deadLetters?: Readonly<Record<DeadLetterCause, number>>
  /** Batches that no worker has yet, as of some seconds ago. */
  readonly pending?: number
  /** Batches that workers have and did not acknowledge, as of some seconds ago. */
  readonly unacknowledged?: number
  readonly connected: boolean
}

/** Bytes of a message beside its body: subject and headers. */
export const ENVELOPE = 4096

/** Longer than an API server tries to send a batch, in milliseconds: one that is sent again is stored once. */
const DUPLICATES = 300_000
const DEAD_AGE = 7 * 86_400_000
const DEAD_BYTES = 1 << 30

/** JetStream's error codes. */
const STREAM_NOT_FOUND = 10059
const CONSUMER_NOT_FOUND = 10014

export const deadStream = (stream: string): string => `${stream}_DEAD`

/**
 * Creates the streams unless they exist: existing ones stay as they are. A batch stays until it is acknowledged, and
 * a full stream takes no more, so that the API server keeps what does not fit.
 * @throws {Error} when the server refuses
 */
export async function createStreams(manager: JetStreamManager, place: AuditStreamPlace): Promise<void> {
  const { stream, maxBytes = 8 * 1024 ** 3, replicas = 1 } = place
  const dead = deadStream(stream)
  const common = { storage: 'file', num_replicas: replicas, compression: 's2' } as const
  await createStream(manager, {
    ...{ ...common, name: stream, subjects: [`${stream}.>`], max_bytes: maxBytes },
    ...{ retention: 'workqueue', discard: 'new', duplicate_window: DUPLICATES * 1e6 },
  })
  await createStream(manager, {
    ...{ ...common, name: dead, subjects: [`${dead}.>`], max_bytes: DEAD_BYTES },
    ...{ retention: 'limits', discard: 'old', max_age: DEAD_AGE * 1e6 },
  })
}

type StreamConfig = Parameters<JetStreamManager['streams']['add']>[0]

async function createStream(manager: JetStreamManager, config: StreamConfig): Promise<void> {
  try {
    await manager.streams.info(config.name!)
  } catch (error) {
    if ((error as { code?: number }).code !== STREAM_NOT_FOUND) throw error
    await manager.streams.add(config)
  }
}

/** Whether a connection is there at present: while it is not, the client would keep what is published in memory, without a limit. */
export class Link {
  connected = true

  constructor(connection: NatsConnection) {
    void this.#watch(connection)
  }

  async #watch(connection: NatsConnection): Promise<void> {
    for await (const { type } of connection.status())
      if (type === 'disconnect') this.connected = false
      else if (type === 'reconnect') this.connected = true
    this.connected = false
  }
}

/** The durable consumer, made with its stream unless it exists. */
export async function durableConsumer(manager: JetStreamManager, options: DurablePlace): Promise<Consumer> {
  const { connection, stream, subject, ackWait = 30_000 } = options
  const { durable = ['falc', ...(subject?.split('.') ?? [])].join('-') } = options
  const { AckPolicy, jetstream } = await import('@nats-io/jetstream')
  await createStreams(manager, options)
  try {
    await manager.consumers.info(stream, durable)
  } catch (error) {
    if ((error as { code?: number }).code !== CONSUMER_NOT_FOUND) throw error
    await manager.consumers.add(stream, {
      ...{ durable_name: durable, ack_policy: AckPolicy.Explicit, ack_wait: ackWait * 1e6, max_ack_pending: 1000 },
      // Workers count: the server would leave such a batch where it is, without a word.
      max_deliver: -1,
      filter_subject: `${stream}.${subject ?? '>'}`,
    })
  }
  return jetstream(connection).consumers.get(stream, durable)
}

/** Milliseconds that the server keeps a request for batches: a worker that stops waits for it, and gives back what still comes. */
const EXPIRES = 1000
/** Milliseconds after which a request for batches is made anew. */
const GIVE_UP = 5000

/** At most this many batches. @throws {Error} when the server does not answer: where the connection is lost, the client waits on */
export async function* fetched(consumer: Consumer, room: number): AsyncGenerator<JsMsg, void> {
  const batches = await consumer.fetch({ max_messages: room, expires: EXPIRES })
  const timer = setTimeout(() => batches.stop(new Error('no answer in time')), GIVE_UP)
  try {
    yield* batches
  } finally {
    clearTimeout(timer)
  }
}
